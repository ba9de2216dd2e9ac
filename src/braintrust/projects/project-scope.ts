import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import type { ObjectScope } from '../records/object-scope.js';
import { listObjects } from './list-objects.js';
import { pinNames, pinOf } from './name-pins.js';

/** Which projects a source reads: by their ids or by their names, never both. */
export interface ProjectChoice {
  /** Ascending, without duplicates. */
  readonly ids: readonly string[];
  /** Ascending, without duplicates. */
  readonly names: readonly string[];
}

/** Names stand in each cursor, together with their ids. */
const NAMES_MAX = 100;
const OPTIONS = ['projectId', 'projectIds', 'projectName', 'projectNames'] as const;

/** Reads `projectId`, `projectIds`, `projectName` and `projectNames`, of which one must be given. */
export function readProjectChoice(reader: OptionReader, most: number): ProjectChoice {
  const given = OPTIONS.filter((name) => reader.has(name));
  const [option] = given;
  if (option === undefined || given.length > 1) {
    const others = OPTIONS.slice(1).map((name) => `\`${name}\``);
    reader.problem('projectId', `or ${others.join(' or ')} must be given, and only one of them`);
    return { ids: [], names: [] };
  }
  return option === 'projectId' || option === 'projectIds'
    ? { ids: readTexts(reader, option, most), names: [] }
    : { ids: [], names: readTexts(reader, option, Math.min(most, NAMES_MAX)) };
}

/** Reads one text, or an array of 1 to `most` different ones for an option whose name ends in "s". */
export function readTexts(reader: OptionReader, option: string, most: number): readonly string[] {
  if (!option.endsWith('s')) return [reader.string(option)];
  const texts = reader.strings(option);
  const unique = [...new Set(texts)].sort();
  if (unique.length === 0 || unique.length > most)
    reader.problem(option, `must hold 1 to ${most}, not ${unique.length}`);
  if (unique.length < texts.length) reader.problem(option, 'names one twice');
  return unique;
}

/** The scope of projects by their names; `undefined` for ids, which need none. */
export function projectScope(
  client: BraintrustClient,
  { names }: ProjectChoice,
): ObjectScope | undefined {
  if (names.length === 0) return undefined;
  return {
    open: false,
    idsOf: (pins) => names.map((name) => pins.get(pinOf('project', name)) ?? name),
    find: async (pins, operation) => {
      const { objects, planeNow } = await listObjects(client, { kind: 'project' }, operation);
      const found = pinNames(names, pins, { kind: 'project', objects });
      return { objectIds: [...new Set(found.values())].sort(), pins: found, planeNow };
    },
  };
}
