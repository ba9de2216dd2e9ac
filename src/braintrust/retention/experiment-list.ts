import { isExportError } from '../../errors/index.js';
import type { Json, Row } from '../../interfaces/index.js';
import { parseIsoDate } from '../../util/iso-date.js';
import { compareKeys } from '../../util/key-order.js';
import type { CallOptions } from '../client/call-options.js';
import type { BraintrustClient } from '../client/client.js';
import { listObjects } from '../projects/list-objects.js';
import { noClockError } from '../records/records-failures.js';
import { answerError } from './retained-row.js';

/** Which experiments a target is about: those of one project, or some of them. */
export interface ExperimentChoice {
  readonly client: BraintrustClient;
  readonly projectId: string;
  /** `null` for all of the project. */
  readonly experimentIds: readonly string[] | null;
}

/** An experiment as the service tells of it. */
export interface Experiment {
  readonly id: string;
  /** As the service writes it. */
  readonly created: string | null;
  /** Milliseconds since 1970; 0 when there is no time to read, so that it is met and not passed over. */
  readonly createdMs: number;
  readonly tags: readonly string[];
  readonly members: Json;
}

/**
 * The experiments that exist, oldest first. The whole list is read, as it comes newest first: one that is deleted
 * while pages are read could take others with it.
 * @throws SourceError `SOURCE_FORBIDDEN` for a project that is not there, `SOURCE_PROTOCOL` for one of another project.
 */
export async function listExperiments(
  choice: ExperimentChoice,
  operation: CallOptions,
): Promise<readonly Experiment[]> {
  const parameters = { project_id: choice.projectId };
  const list = await listObjects(choice.client, { kind: 'experiment', parameters }, operation);
  // A list is empty, too, for a project that is not there.
  if (list.objects.length === 0) await getProject(choice, operation);
  const wanted = choice.experimentIds === null ? null : new Set(choice.experimentIds);
  const experiments = list.objects.map(({ members }) => readExperiment(members, choice));
  return experiments.filter(({ id }) => wanted?.has(id) ?? true).sort(compareByAge);
}

/** Orders experiments by their age, the oldest first, and those of one moment by their ids. */
export function compareByAge(
  left: Pick<Experiment, 'createdMs' | 'id'>,
  right: Pick<Experiment, 'createdMs' | 'id'>,
): number {
  return left.createdMs - right.createdMs || compareKeys(left.id, right.id);
}

/**
 * An experiment as it is now; `null` when it is gone.
 * @throws SourceError `SOURCE_FORBIDDEN` when it is there and may not be read.
 */
export async function findExperiment(
  choice: ExperimentChoice,
  id: string,
  operation: CallOptions,
): Promise<Experiment | null> {
  return await unlessGone(choice, id, {
    operation,
    work: async () => {
      const path = `/v1/experiment/${encodeURIComponent(id)}`;
      const { value } = await choice.client.get(path, operation);
      if (!isMembers(value) || value['id'] !== id) throw answerError('tells of something else');
      // Only the list is believed when it says that one is gone.
      if ((value['deleted_at'] ?? null) !== null && !(await isListed(choice, id, operation)))
        return null;
      return readExperiment(value, choice);
    },
  });
}

/** What is asked of an experiment that may be gone. */
interface Asked<T> {
  readonly operation: CallOptions;
  readonly work: () => Promise<T>;
}

/**
 * Does the work; `null` when it was refused because the experiment is gone. The service says the same of one that is
 * gone and one that may not be read: it is gone when the list of its project, which can be read, does not hold it.
 */
export async function unlessGone<T>(
  choice: ExperimentChoice,
  id: string,
  { operation, work }: Asked<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!isExportError(error, 'SOURCE_FORBIDDEN')) throw error;
    if (await isListed(choice, id, operation)) throw error;
    return null;
  }
}

/** @throws SourceError `SOURCE_FORBIDDEN` when the project cannot be read: its list would be empty then. */
async function isListed(
  choice: ExperimentChoice,
  id: string,
  operation: CallOptions,
): Promise<boolean> {
  const parameters = { project_id: choice.projectId, ids: id };
  const list = await listObjects(choice.client, { kind: 'experiment', parameters }, operation);
  if (list.objects.some((object) => object.id === id)) return true;
  await getProject(choice, operation);
  return false;
}

/**
 * Asks for the project itself.
 * @returns the plane's clock.
 * @throws SourceError `SOURCE_FORBIDDEN` when it is not there or may not be read; `SOURCE_PROTOCOL` without a clock.
 */
export async function getProject(
  { client, projectId }: ExperimentChoice,
  operation: CallOptions,
): Promise<Date> {
  const path = `/v1/project/${encodeURIComponent(projectId)}`;
  const { planeNow } = await client.get(path, operation);
  if (planeNow === null) throw noClockError();
  return planeNow;
}

/** Whatever is not known to be of the project must not be deleted with it. */
function readExperiment(members: Row, { projectId }: ExperimentChoice): Experiment {
  if (members['project_id'] !== projectId)
    throw answerError('has an experiment of another project');
  const created = members['created'] ?? null;
  if (created !== null && typeof created !== 'string')
    throw answerError('has an experiment whose `created` is no text');
  return {
    id: String(members['id']),
    created,
    createdMs: (created === null ? null : parseIsoDate(created))?.getTime() ?? 0,
    tags: readTags(members['tags'] ?? null),
    members: members as Json,
  };
}

/** A tag that cannot be read could be one that exempts the experiment. */
function readTags(value: unknown): readonly string[] {
  if (value === null) return [];
  const isList = Array.isArray(value) && value.every((tag) => typeof tag === 'string');
  if (isList) return value as readonly string[];
  throw answerError('has an experiment whose `tags` are no list of texts');
}

function isMembers(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
