import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { datasets } from '../../src/braintrust/retention/datasets.js';
import {
  batchOf,
  deleteBatch,
  outline,
  readUnitPages,
  rowsOfUnits,
  startRetentionWorld,
  unitsInScope,
} from '../support/retention.js';
import type { RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;
let first: string;
let second: string;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  const ids = ['golden', 'silver'].map((name) => world.plane.createDataset(projectId, name).id);
  [first = '', second = ''] = ids.sort();
});

afterEach(() => world.plane.close());

function insert(datasetId: string, ...ids: readonly string[]): void {
  world.plane.insert(
    'dataset',
    datasetId,
    ids.map((id) => ({ id, input: 'x' })),
  );
  world.pass(1);
}

describe('rows of datasets', () => {
  it('come one dataset after another, whatever they are called', async () => {
    insert(second, 'same', 'b');
    insert(first, 'same', 'a');
    world.passDays(40);
    insert(first, 'young');
    const target = datasets({ client: world.client, projectId });
    expect(target.objectId).toBeNull();
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(outline(units)).toEqual([
      `${first}/a: a`,
      `${first}/same: same`,
      `${second}/b: b`,
      `${second}/same: same`,
    ]);
    expect(units.map(({ rows }) => rows[0]?.objectId)).toEqual([first, first, second, second]);
  });

  it('go on behind the cursor, also in the dataset after it', async () => {
    insert(first, ...Array.from({ length: 1_500 }, (_, index) => `f${index}`));
    insert(second, 's');
    world.passDays(40);
    const target = datasets({ client: world.client, projectId });
    const reader = await target.open(world.scope('row'), {});
    const pages = await readUnitPages(reader);
    expect(pages.map(({ rowsRead }) => rowsRead)).toEqual([1_000, 500, 1]);
    for (const [index, { cursor }] of pages.entries()) {
      const rest = await readUnitPages(reader, cursor);
      expect(rest.flatMap(({ units }) => units)).toEqual(
        pages.slice(index + 1).flatMap(({ units }) => units),
      );
    }
  });

  it('go by dataset, and the datasets stay and can be written again', async () => {
    insert(first, 'same', 'a');
    insert(second, 'same');
    world.passDays(40);
    const target = datasets({ client: world.client, projectId });
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    const ofFirst = units.filter(({ rows }) => rows[0]?.objectId === first);
    await deleteBatch(reader, batchOf(...ofFirst));
    expect(world.plane.liveRows('dataset', first)).toEqual([]);
    const remaining = await reader.remaining(rowsOfUnits(units), {});
    expect(remaining.map(({ objectId, id }) => [objectId, id])).toEqual([[second, 'same']]);
    insert(first, 'same');
    expect(world.plane.liveRows('dataset', first)).toHaveLength(1);
  });

  it('of one batch are read again in the dataset of each', async () => {
    insert(first, 'same');
    insert(second, 'same');
    world.passDays(40);
    const target = datasets({ client: world.client, datasetIds: [second, first] });
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    world.plane.insert('dataset', first, [{ id: 'same', _object_delete: true }]);
    const reread = await reader.reread(batchOf(...units), {});
    expect(outline(reread.units)).toEqual([`${second}/same: same`]);
  });

  it('are never removed from two datasets by one request', async () => {
    insert(first, 'a');
    insert(second, 'b');
    world.passDays(40);
    const target = datasets({ client: world.client, projectId });
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    const before = world.plane.requests.count();
    const window = { notBefore: new Date(0), notAfter: new Date(8e15) };
    await expect(reader.remove(rowsOfUnits(units), window)).rejects.toThrow('of one object');
    expect(world.plane.requests.count()).toBe(before);
  });

  it('are counted over all datasets', async () => {
    insert(first, 'a', 'b');
    insert(second, 'c');
    world.passDays(40);
    insert(second, 'young');
    const target = datasets({ client: world.client, projectId });
    const reader = await target.open(world.scope('row'), {});
    expect(await reader.survey({})).toMatchObject({
      of: 'rows',
      existing: 4,
      candidates: 3,
      days: [{ day: '2026-03-01', count: 3 }],
    });
  });

  it('are counted over more datasets than one query names', async () => {
    const ids = Array.from(
      { length: 30 },
      (_, index) => world.plane.createDataset(projectId, `d${index}`).id,
    );
    for (const id of ids) insert(id, 'a');
    world.passDays(40);
    const target = datasets({ client: world.client, datasetIds: ids });
    const reader = await target.open(world.scope('row'), {});
    expect(await reader.survey({})).toMatchObject({ existing: 30, candidates: 30 });
  });
});

describe('datasets that are chosen', () => {
  it('by one id are one object', async () => {
    insert(first, 'a');
    insert(second, 'b');
    world.passDays(40);
    const target = datasets({ client: world.client, datasetId: first });
    expect(target.objectId).toBe(first);
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(outline(units)).toEqual([`${first}/a: a`]);
  });

  it('by an id that is not there are refused before anything is deleted', async () => {
    world.plane.deleteObject('dataset', second);
    const target = datasets({ client: world.client, datasetIds: [first, second] });
    await expect(target.open(world.scope('row'), {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      details: { datasetId: second },
    });
  });

  it('by a project are those that it has when the target is opened', async () => {
    const target = datasets({ client: world.client, projectId });
    insert(first, 'a');
    insert(second, 'b');
    world.passDays(40);
    world.plane.deleteObject('dataset', first);
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(outline(units)).toEqual([`${second}/b: b`]);
  });

  it('by a project that has none have no rows, and their clock is that of the service', async () => {
    const empty = world.plane.createProject('empty').id;
    const target = datasets({ client: world.client, projectId: empty });
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(units).toEqual([]);
    const now = Math.floor(world.clock.nowMs / 1_000) * 1_000;
    expect((await target.now({})).getTime()).toBe(now);
    const byId = datasets({ client: world.client, datasetId: first });
    expect((await byId.now({})).getTime()).toBe(now);
  });

  it('must be chosen in one way', () => {
    const { client } = world;
    for (const choice of [
      {},
      { projectId, datasetId: first },
      { datasetId: first, datasetIds: [first] },
      { datasetIds: [] },
      { datasetIds: [first, first] },
      { datasetId: '' },
      { projectId, keepDays: 3 },
    ])
      expect(() => datasets({ client, ...choice })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }) as Error,
      );
  });
});

it('rows are held that experiments of the same project name as their origin', async () => {
  insert(first, 'named', 'other');
  insert(second, 'named');
  const experiment = world.plane.createExperiment(projectId, 'run', {}).id;
  const origin = { object_type: 'dataset', object_id: first, id: 'named' };
  world.plane.insert('experiment', experiment, [{ id: 'e1', origin }]);
  world.passDays(40);
  const holds = [{ ids: ['nobody'] }, { referencedBy: ['experiments' as const] }];
  for (const choice of [{ projectId }, { datasetIds: [first, second] }]) {
    const target = datasets({ client: world.client, ...choice });
    const { units } = await unitsInScope(target, world.scope('row', holds));
    const held = rowsOfUnits(units).filter(({ heldBy }) => heldBy.length > 0);
    expect(held.map(({ objectId, id, heldBy }) => [objectId, id, heldBy])).toEqual([
      [first, 'named', [1]],
    ]);
  }
});

it('are proven by a source of whole rows of the same service only', () => {
  const target = datasets({ client: world.client, projectId });
  const { apiUrl } = world.client;
  const identity = { apiUrl, filter: null, columns: null, from: 0, until: 4_294_967_295 };
  const problemOf = (name: string, changed: object): string | null =>
    target.proofProblem({ name, identity: { ...identity, ...changed } });
  expect(problemOf('braintrust-datasets', {})).toBeNull();
  expect(problemOf('braintrust-dataset-metadata', {})).not.toBeNull();
  expect(problemOf('braintrust-spans', {})).not.toBeNull();
  for (const changed of [{ apiUrl: 'x' }, { filter: 'a' }, { columns: ['id'] }, { from: 1 }])
    expect(problemOf('braintrust-datasets', changed)).not.toBeNull();
});

it('probing tells how many datasets there are, and deletes nothing', async () => {
  insert(first, 'a');
  const target = datasets({ client: world.client, projectId });
  const written = world.plane.history.length;
  const steps = [];
  for await (const step of target.probe([], {})) steps.push(step);
  expect(steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
    'list passed',
    'query passed',
    'clock failed',
    'delete passed',
  ]);
  expect(steps[0]?.detail).toContain('2 datasets');
  expect(world.plane.liveRows('dataset', first)).toHaveLength(1);
  expect(world.plane.history.slice(written).every(({ objectId }) => objectId === first)).toBe(true);
});

it('are not made of a client that cannot delete', () => {
  const client = { ...world.client, apiUrl: 'x', query: ask, get: ask } as typeof world.client;
  expect(() => datasets({ client, projectId })).toThrow('lacks send, reserve');
});

function ask(): Promise<never> {
  return Promise.reject(new Error('nobody asks'));
}
