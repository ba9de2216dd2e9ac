import { SmallerPageNeeded } from '../../src/braintrust/client/client.js';
import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { datasets } from '../../src/braintrust/retention/datasets.js';
import { experiments } from '../../src/braintrust/retention/experiments.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { SourceError } from '../../src/errors/index.js';
import type { RetentionTarget, RetentionUnit } from '../../src/interfaces/index.js';
import type { MadeUnit, TargetFixture } from '../../src/testing/contracts/target-contract.js';
import type { JsonRow, ObjectType } from '../../src/testing/plane/row-shape.js';
import { startRetentionWorld } from './retention-world.js';
import type { RetentionWorld } from './retention-world.js';

/** What is special about the rows of one target. */
interface TargetKind {
  readonly type: ObjectType;
  readonly unit: RetentionUnit;
  readonly target: (world: RetentionWorld) => RetentionTarget;
  /** Id of the object that holds the rows of a unit; makes it where there is none. */
  readonly objectOf: (world: RetentionWorld, name: string) => string;
  readonly unitId: (objectId: string, name: string) => string;
}

export type TargetKindName = 'traces' | 'logs' | 'datasets' | 'experiments';

const UNITS = ['a', 'b', 'c', 'd', 'e'];
const PAGE_ROWS = 4;

const KINDS: Readonly<Record<TargetKindName, TargetKind>> = {
  traces: {
    type: 'project_logs',
    unit: 'trace',
    target: ({ client, projectId }) => projectLogs({ client, projectId }),
    objectOf: ({ projectId }) => projectId,
    unitId: (_objectId, name) => `trace-${name}`,
  },
  logs: {
    type: 'project_logs',
    unit: 'row',
    target: ({ client, projectId }) =>
      Object.freeze({ ...projectLogs({ client, projectId }), units: ['row'] as const }),
    objectOf: ({ projectId }) => projectId,
    unitId: (_objectId, name) => name,
  },
  datasets: {
    type: 'dataset',
    unit: 'row',
    target: ({ client, projectId }) => datasets({ client, projectId }),
    objectOf: ({ plane, projectId }, name) => plane.createDataset(projectId, name).id,
    unitId: (objectId, name) => `${objectId}/${name}`,
  },
  experiments: {
    type: 'experiment',
    unit: 'experiment',
    target: ({ client, projectId }) => experiments({ client, projectId }),
    objectOf: ({ plane, projectId }, name) => plane.createExperiment(projectId, name).id,
    unitId: (objectId) => objectId,
  },
};

/** A root and two children, the root first; one of them is tagged, one has the metadata of a filter. */
function rowsOf(name: string): JsonRow[] {
  const trace = { root_span_id: `trace-${name}`, input: 'x' };
  const child = { ...trace, span_parents: [`trace-${name}`] };
  const held = name === 'c';
  return [
    { ...trace, id: `${name}-1`, span_id: `trace-${name}` },
    { ...child, id: `${name}-2 'ü'`, span_id: `${name}-s2`, tags: held ? ['keep'] : ['other'] },
    { ...child, id: `${name}-3`, span_id: `${name}-s3`, metadata: { keep: held } },
  ];
}

const rowIds = (rows: readonly JsonRow[]): string[] => rows.map(({ id }) => String(id));

/** Five old units and a young one, in pages of a few rows. */
export async function targetFixture(name: TargetKindName): Promise<TargetFixture> {
  const kind = KINDS[name];
  const world = inSmallPages(await startRetentionWorld());
  const { plane, clock } = world;
  const objectIds = new Map<string, string>();
  const make = (unit: string): readonly MadeUnit[] => {
    const objectId = kind.objectOf(world, unit);
    const rows = rowsOf(unit);
    plane.insert(kind.type, objectId, rows);
    const ids = rowIds(rows);
    for (const id of ids) objectIds.set(id, objectId);
    objectIds.set(kind.unitId(objectId, unit), objectId);
    if (kind.unit === 'row')
      return ids.map((id) => ({ id: kind.unitId(objectId, id), rowIds: [id] }));
    return [{ id: kind.unitId(objectId, unit), rowIds: ids }];
  };
  const old: MadeUnit[] = [];
  for (const unit of UNITS) {
    old.push(...make(unit));
    await clock.advance(3_600_000 * 10);
  }
  const cutoff = new Date(Math.floor(clock.now().getTime() / 1_000) * 1_000);
  await world.passDays(1);
  make('young');
  const objectOf = (id: string): string => objectIds.get(id) ?? '';
  const write = (objectId: string, row: JsonRow): unknown =>
    plane.insert(kind.type, objectId, [row]);
  return {
    target: kind.target(world),
    cutoff,
    before: cutoff,
    old,
    holds: holdsOf(world, kind, objectOf('b-1')),
    now: () => clock.now(),
    addRow: (unitId) => {
      write(objectOf(unitId), { id: 'late', span_id: 'late', root_span_id: unitId });
      return 'late';
    },
    updateRow: ({ objectId, id }) => void write(objectId, { id, _is_merge: true, expected: 'y' }),
    deleteRow: ({ objectId, id }) => void write(objectId, { id, _object_delete: true }),
    deleteObject: (unitId) => plane.deleteObject(kind.type, unitId),
    rowIds: () =>
      [...new Set(objectIds.values())].flatMap((id) => rowIds(plane.liveRows(kind.type, id))),
    deletions: () =>
      plane.requests.list.filter(({ method, path }) => method === 'DELETE' || isInsert(kind, path))
        .length,
    loseAnswer: () => {
      const bases = [...new Set(objectIds.values())].map((id) => `/v1/${kind.type}/${id}`);
      for (const path of bases.flatMap((base) => [base, `${base}/insert`]))
        plane.control.fail({ kind: 'lost-answer' }, { path });
    },
    loseDeletions: () => plane.control.loseDeletes({}),
    close: () => plane.close(),
  };
}

/** Pages of more than a few rows always take too long. */
function inSmallPages(world: RetentionWorld): RetentionWorld {
  const { client } = world;
  const tooSlow = new SourceError('SOURCE_UNAVAILABLE', 'It takes too long.');
  const query: BraintrustClient['query'] = async (asked, options) => {
    const { limit } = asked as { readonly limit: number };
    const isLarge = options?.canAskForLess === true && limit > PAGE_ROWS;
    if (isLarge) throw new SmallerPageNeeded(tooSlow);
    return await client.query(asked, options);
  };
  const { apiUrl } = client;
  const get: BraintrustClient['get'] = (path, options) => client.get(path, options);
  const send: BraintrustClient['send'] = (call, options) => client.send(call, options);
  const reserve: BraintrustClient['reserve'] = (count, options) => client.reserve(count, options);
  return { ...world, client: { apiUrl, query, get, send, reserve } };
}

function isInsert({ type }: TargetKind, path: string): boolean {
  return path.startsWith(`/v1/${type}/`) && path.endsWith('/insert');
}

/** Makes a young experiment whose row names one of the rows, too. */
function holdsOf(
  { plane, projectId }: RetentionWorld,
  { type, unit }: TargetKind,
  objectId: string,
): TargetFixture['holds'] {
  const origin = { object_type: type, object_id: objectId, id: 'b-1' };
  const { id } = plane.createExperiment(projectId, 'referring', {});
  plane.insert('experiment', id, [{ id: 'referring', origin }]);
  const named = unit === 'experiment' ? ['b-1', objectId] : ['b-1'];
  return [
    { hold: { tags: ['keep', 'none'] }, exempt: ["c-2 'ü'"] },
    { hold: { filter: 'metadata.keep = true' }, exempt: ['c-3'] },
    { hold: { referencedBy: ['experiments'] }, exempt: named },
    { hold: { referencedBy: ['datasets'] }, exempt: [] },
  ];
}
