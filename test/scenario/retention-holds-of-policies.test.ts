import { beforeEach, describe, expect, it } from 'vitest';

import type { Hold } from '../../src/interfaces/index.js';
import type { JsonRow } from '../../src/testing/plane/row-shape.js';
import {
  deletedIds,
  exportedWorld,
  markAndWait,
  refusedWith,
  tracesOf,
} from '../support/policy-scenes.js';
import { DAY_MS, PolicyWorld, traceEvents } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

/** Old traces, one for each list of fields, that are exported; a trace of one row each but the first. */
async function worldWith(fields: Readonly<Record<string, JsonRow>>): Promise<void> {
  world = await PolicyWorld.start();
  const created = new Date(world.clock.now().getTime() - 40 * DAY_MS);
  for (const [trace, own] of Object.entries(fields)) {
    const [root, ...children] = traceEvents(trace, 2, created);
    const events = [{ ...root, ...own }, ...children];
    world.plane.insert('project_logs', world.projectId, events, { at: created });
  }
  await world.exporter().run();
}

describe('a hold keeps the whole trace, told by its name,', () => {
  it.each<readonly [string, Hold, Readonly<Record<string, object>>]>([
    ['of a row by id', { ids: ['b-1'] }, { 'ids-1': { units: 1, rows: 3 } }],
    ['of a root span by id', { ids: ['b-s0'] }, { 'ids-1': { units: 1, rows: 3 } }],
    ['by a tag', { name: 'court', tags: ['keep'] }, { court: { units: 1, rows: 3 } }],
    [
      'by a BTQL predicate',
      { name: 'vip', filter: "metadata.plan = 'vip'" },
      { vip: { units: 1, rows: 3 } },
    ],
  ])('%s', async (_kind, hold, held) => {
    await worldWith({ a: {}, b: { tags: ['other', 'keep'], metadata: { plan: 'vip' } } });
    const policy = world.policy({ holds: [hold] });
    expect(await policy.plan()).toMatchObject({
      go: { units: 1, rows: 3 },
      kept: { 'on-hold': { units: 1, rows: 3 } },
      held,
    });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 1 }, kept: { 'on-hold': {} } });
    expect(tracesOf(world.liveIds())).toEqual(['b']);
  });

  it.each(['experiments', 'datasets'] as const)('of a row that %s refer to', async (kind) => {
    await worldWith({ a: {}, b: {}, c: {} });
    const { plane, projectId } = world;
    const origin = { object_type: 'project_logs', object_id: projectId, id: 'b-0' };
    const create = kind === 'experiments' ? 'createExperiment' : 'createDataset';
    const { id } = plane[create](projectId, 'uses');
    plane.insert(kind === 'experiments' ? 'experiment' : 'dataset', id, [{ id: 'case', origin }]);
    const policy = world.policy({ holds: [{ referencedBy: [kind] }] });
    expect(await policy.plan()).toMatchObject({
      held: { 'referencedBy-1': { units: 1, rows: 3 } },
    });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 2, rows: 6 } });
    expect(tracesOf(world.liveIds())).toEqual(['b']);
  });

  it('and a trace counts for each hold that keeps it', async () => {
    await worldWith({ a: {}, b: { tags: ['keep'] } });
    const holds = [{ ids: ['b-0'] }, { name: 'tagged', tags: ['keep'] }, { ids: ['no such id'] }];
    expect(await world.policy({ holds }).plan()).toMatchObject({
      kept: { 'on-hold': { units: 1, rows: 3 } },
      held: { 'ids-1': { units: 1, rows: 3 }, tagged: { units: 1, rows: 3 } },
    });
  });
});

describe('holds in the grace', () => {
  it('that are added keep, whether they are a list or a function', async () => {
    let asked: readonly Hold[] = [];
    const policy = world.policy({ holds: () => asked });
    await markAndWait(world, policy);
    asked = [{ ids: ['d40-0-0'] }];
    expect(await policy.plan()).toMatchObject({ kept: { 'on-hold': { units: 1, rows: 3 } } });
    const listed = world.policy({ holds: [{ ids: ['d40-0-0', 'd40-1-0'] }] });
    expect(await listed.run()).toMatchObject({
      deleted: { units: 3, rows: 9 },
      kept: { 'on-hold': { units: 2, rows: 6 } },
    });
  });

  it('that are added by a tag on the row keep it: it was written since', async () => {
    const policy = world.policy({ holds: [{ tags: ['keep'] }] });
    await markAndWait(world, policy);
    const change = { id: 'd40-0-0', _is_merge: true, tags: ['keep'] };
    world.plane.insert('project_logs', world.projectId, [change]);
    expect(await policy.run()).toMatchObject({ deleted: { units: 4, rows: 12 } });
    expect(tracesOf(world.liveIds())).toContain('d40-0');
  });

  it('that are made by a new reference keep what is referred to', async () => {
    const policy = world.policy({ holds: [{ referencedBy: ['datasets'] }] });
    await markAndWait(world, policy);
    const { plane, projectId } = world;
    const origin = { object_type: 'project_logs', object_id: projectId, id: 'd40-2-1' };
    plane.insert('dataset', plane.createDataset(projectId, 'golden').id, [{ id: 'case', origin }]);
    expect(await policy.run()).toMatchObject({
      deleted: { units: 4, rows: 12 },
      kept: { 'on-hold': { units: 1, rows: 3 } },
    });
  });

  it('that are removed let go what the mark may delete', async () => {
    await markAndWait(world, world.policy({ holds: [{ ids: ['d40-0-0'] }] }));
    expect(await world.policy().run()).toMatchObject({ deleted: { rows: 15 } });
  });
});

describe('a function that gives holds', () => {
  it('is asked at each plan, mark and sweep, with the signal', async () => {
    const signals: boolean[] = [];
    const policy = world.policy({
      holds: async ({ signal }) => {
        signals.push(signal instanceof AbortSignal);
        return await Promise.resolve([]);
      },
    });
    await policy.plan();
    await policy.run();
    await world.pass(DAY_MS);
    await policy.run();
    expect(signals).toEqual([true, true, true]);
  });

  it('that throws stops plan, mark and sweep, and nothing goes', async () => {
    let broken = true;
    const failure = new Error('the list of holds is out of reach');
    const policy = world.policy({
      holds: () => {
        if (broken) throw failure;
        return [];
      },
    });
    await expect(policy.plan()).rejects.toBe(failure);
    await expect(policy.run()).rejects.toBe(failure);
    expect((await policy.status()).mark).toBeNull();
    broken = false;
    await markAndWait(world, policy);
    broken = true;
    await expect(policy.run()).rejects.toBe(failure);
    expect(deletedIds(world.plane)).toEqual([]);
    broken = false;
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });

  it.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an object', { ids: ['a'] }],
    ['a hold of no kind', [{}]],
    ['a hold of two kinds', [{ ids: ['a'], tags: ['b'] }]],
    ['an empty list of ids', [{ ids: [] }]],
  ])('and gives %s stops all the same', async (_what, given) => {
    let answer: unknown = [];
    const policy = world.policy({ holds: () => answer as readonly Hold[] });
    await markAndWait(world, policy);
    answer = given;
    await refusedWith(policy.run(), 'OPTION_INVALID');
    await refusedWith(policy.plan(), 'OPTION_INVALID');
    expect(deletedIds(world.plane)).toEqual([]);
  });
});

describe('a predicate', () => {
  it.each(['metadata.plan =', 'no_such_function(id)'])(
    'that the service does not take stops everything: %s',
    async (filter) => {
      await markAndWait(world, world.policy());
      const policy = world.policy({ holds: [{ filter }] });
      await refusedWith(policy.plan(), 'SOURCE_QUERY_INVALID');
      await refusedWith(policy.run(), 'SOURCE_QUERY_INVALID');
      expect(deletedIds(world.plane)).toEqual([]);
      expect((await policy.test()).ok).toBe(false);
    },
  );

  it('that is more than one expression stops everything before it is sent', async () => {
    await markAndWait(world, world.policy());
    const policy = world.policy({ holds: [{ filter: "id = 'a' | limit: 1" }] });
    await refusedWith(policy.plan(), 'OPTION_INVALID');
    await refusedWith(policy.run(), 'OPTION_INVALID');
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('that is null for a row does not hold it', async () => {
    const policy = world.policy({ holds: [{ filter: "metadata.plan = 'vip'" }] });
    expect(await policy.plan()).toMatchObject({ go: { units: 5 }, held: {} });
  });
});
