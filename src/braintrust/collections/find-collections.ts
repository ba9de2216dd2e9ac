import { SourceError } from '../../errors/index.js';
import type { OperationOptions } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import { listObjects } from '../projects/list-objects.js';
import type { ListedObject } from '../projects/list-objects.js';
import { pinNames, pinOf } from '../projects/name-pins.js';
import { DIGESTED_OBJECTS_MAX } from '../records/cursor-digests.js';
import type { Pins } from '../records/object-scope.js';
import type { CollectionSettings } from './collection-options.js';

/** The experiments or datasets that a read is about, as the service lists them. */
export interface FoundCollections {
  /** Ascending. One that a name stands for may be gone, and then is in no list. */
  readonly ids: readonly string[];
  /** By id, ascending. */
  readonly objects: readonly ListedObject[];
  readonly pins: Pins;
  /** The plane's clock before anything was listed that may be missing. */
  readonly planeNow: Date | null;
}

/** How many ids fit one address. */
const IDS_PER_LIST = 50;

interface Finding {
  readonly settings: Readonly<CollectionSettings>;
  readonly pins: Pins;
  readonly operation: OperationOptions;
}

/**
 * Lists what the settings choose.
 * @throws SourceError `SOURCE_FORBIDDEN` for a project, a name or an id that is not there, `SOURCE_RENAMED`,
 *   `LIMIT_EXCEEDED` for more objects than a cursor can tell of.
 */
export async function findCollections(finding: Finding): Promise<FoundCollections> {
  const found =
    finding.settings.ids.length > 0 ? await findIds(finding) : await findInProjects(finding);
  const { noun, options } = finding.settings.kind;
  if (found.ids.length > DIGESTED_OBJECTS_MAX)
    throw new SourceError(
      'LIMIT_EXCEEDED',
      `There are ${found.ids.length} ${noun}s; one source reads at most ${DIGESTED_OBJECTS_MAX}.`,
      { remedy: `Divide them between exports, by project or by \`${options.ids}\`.` },
    );
  return {
    ...found,
    ids: [...new Set(found.ids)].sort(),
    objects: [...found.objects].sort(byId),
  };
}

async function findIds({ settings, operation }: Finding): Promise<FoundCollections> {
  const { client, kind, ids } = settings;
  const objects: ListedObject[] = [];
  let planeNow: Date | null | undefined;
  for (let from = 0; from < ids.length; from += IDS_PER_LIST) {
    const parameters = { ids: ids.slice(from, from + IDS_PER_LIST).join(',') };
    const list = await listObjects(client, { kind: kind.noun, parameters }, operation);
    objects.push(...list.objects);
    planeNow ??= list.planeNow;
  }
  const there = new Set(objects.map(({ id }) => id));
  const missing = ids.find((id) => !there.has(id));
  if (missing !== undefined) throw missingError(kind.noun, missing);
  return { ids, objects, pins: new Map(), planeNow: planeNow ?? null };
}

async function findInProjects(finding: Finding): Promise<FoundCollections> {
  const { settings, pins, operation } = finding;
  const { client, kind, names } = settings;
  const projects = await findProjects(finding);
  let { planeNow } = projects;
  const objects: ListedObject[] = [];
  for (const projectId of new Set(projects.ids)) {
    const parameters = { project_id: projectId };
    const list = await listObjects(client, { kind: kind.noun, parameters }, operation);
    planeNow ??= list.planeNow;
    // A list is empty, too, for a project that is not there.
    if (list.objects.length === 0) await checkProject(client, projectId, operation);
    objects.push(...list.objects);
  }
  if (names.length === 0)
    return { ids: objects.map(({ id }) => id), objects, pins: projects.pins, planeNow };
  const found = pinNames(names, pins, { kind: kind.noun, objects });
  const chosen = new Set(found.values());
  return {
    ids: [...chosen],
    objects: objects.filter(({ id }) => chosen.has(id)),
    pins: new Map([...projects.pins, ...found]),
    planeNow,
  };
}

async function findProjects({ settings, pins, operation }: Finding): Promise<{
  readonly ids: readonly string[];
  readonly pins: Pins;
  readonly planeNow: Date | null;
}> {
  const { client, projects } = settings;
  const { ids, names } = projects;
  if (names.length === 0)
    return { ids, pins: new Map(ids.map((id) => [pinOf('project', id), id])), planeNow: null };
  const { objects, planeNow } = await listObjects(client, { kind: 'project' }, operation);
  const found = pinNames(names, pins, { kind: 'project', objects });
  return { ids: [...found.values()], pins: found, planeNow };
}

async function checkProject(
  client: BraintrustClient,
  projectId: string,
  operation: OperationOptions,
): Promise<void> {
  await client.get(`/v1/project/${encodeURIComponent(projectId)}`, operation);
}

function missingError(noun: string, id: string): SourceError {
  return new SourceError(
    'SOURCE_FORBIDDEN',
    `The ${noun} ${id} does not exist or may not be read.`,
    {
      remedy: `Check the ${noun} id and the rights of the key.`,
      details: { [`${noun}Id`]: id },
    },
  );
}

function byId(left: ListedObject, right: ListedObject): number {
  return left.id < right.id ? -1 : 1;
}
