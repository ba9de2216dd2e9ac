import { readOptions } from '../options/index.js';
import type { OptionReader } from '../options/index.js';

/** Most characters that AWS allows. */
const EXTERNAL_ID_MAX_CHARACTERS = 1224;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,}$/u;
const PART = /^[\w+=,.@/-]+$/u;

/** Options of {@link exportExternalId}. */
export interface ExportExternalIdOptions {
  /** Id of the Braintrust organization. */
  readonly org: string;
  /** Id of the Braintrust project. */
  readonly project: string;
  /** Id of the export. */
  readonly id: string;
}

/** Says what is wrong with an external id, or `null`. */
export function externalIdProblem(externalId: string): string | null {
  if (externalId.length > EXTERNAL_ID_MAX_CHARACTERS)
    return `must have at most ${EXTERNAL_ID_MAX_CHARACTERS} characters`;
  if (EXTERNAL_ID.test(externalId)) return null;
  return 'must have at least 2 characters, each a letter, a digit or one of _+=,.@:/-';
}

/**
 * The external id of one export, in the form that Braintrust's hosted export uses: `bt:<org>:<project>:<id>`.
 * A role that trusts `bt:<org>:*` serves all exports of an organization.
 * @throws ConfigurationError `OPTION_INVALID` for a part that is empty, or holds `:` or anything else that AWS
 * does not allow there.
 */
export function exportExternalId(options: ExportExternalIdOptions): string {
  const { org, project, id } = readOptions('exportExternalId', options, (reader) => ({
    org: readPart(reader, 'org'),
    project: readPart(reader, 'project'),
    id: readPart(reader, 'id'),
  }));
  return `bt:${org}:${project}:${id}`;
}

/** Keeps the three together below the limit of the whole. */
const PART_MAX_CHARACTERS = 400;

function readPart(reader: OptionReader, name: string): string {
  const part = reader.string(name);
  if (part === '') return part;
  if (part.length > PART_MAX_CHARACTERS)
    reader.problem(name, `must have at most ${PART_MAX_CHARACTERS} characters`);
  else if (!PART.test(part))
    reader.problem(name, 'may hold letters, digits and _+=,.@/- only: give the id, not the name');
  return part;
}
