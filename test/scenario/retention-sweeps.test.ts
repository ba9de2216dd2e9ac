import { beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { readMarkReceipt } from '../../src/index.js';
import type { JsonRow } from '../../src/testing/plane/row-shape.js';
import {
  deletedIds,
  documentsOf,
  EventLog,
  exportedWorld,
  idsGone,
  markAndWait,
  receiptsOf,
  refusedWith,
  tracesOf,
} from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, PolicyWorld, traceEvents } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

function insert(events: readonly JsonRow[], at?: Date): void {
  world.plane.insert('project_logs', world.projectId, events, { at });
}

function daysAgo(days: number): Date {
  return new Date(world.clock.now().getTime() - days * DAY_MS);
}

function insertPath(): string {
  return `/v1/project_logs/${world.projectId}/insert`;
}

describe('what happens between mark and sweep', () => {
  it('a row that is updated stays with its trace, exported or not', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    insert([{ id: 'd40-0-0', _is_merge: true, scores: { good: 1 } }]);
    insert([{ id: 'd40-1-0', _is_merge: true, scores: { good: 1 } }]);
    await world.exporter().run();
    insert([{ id: 'd40-1-1', _is_merge: true, scores: { good: 0 } }]);
    const swept = await policy.run();
    expect(swept).toMatchObject({
      deleted: { units: 3, rows: 9 },
      kept: { 'written-since': { units: 2, rows: 6 } },
    });
    expect(tracesOf(deletedIds(world.plane))).toEqual(['d40-2', 'd40-3', 'd40-4']);
  });

  it('a row that is updated stays by itself where rows are the unit', async () => {
    const policy = world.policy({ unit: 'row' });
    await markAndWait(world, policy);
    insert([{ id: 'd40-0-0', _is_merge: true, scores: { good: 1 } }]);
    await world.exporter().run();
    // It is no candidate any more: the next mark looks at it.
    expect(await policy.run()).toMatchObject({ deleted: { units: 14, rows: 14 }, kept: {} });
    expect(world.liveIds().filter((id) => id.startsWith('d40'))).toEqual(['d40-0-0']);
    await markAndWait(world, policy);
    await world.exporter().run();
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 1 } });
  });

  it('a late row that was never exported stays, and its trace with it', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const late = { ...traceEvents('d40-2', 3, daysAgo(41))[3], id: 'late' };
    insert([late], daysAgo(41));
    expect(await policy.run()).toMatchObject({
      deleted: { units: 4, rows: 12 },
      kept: { 'not-exported': { units: 1, rows: 4 } },
    });
    expect(world.liveIds()).toContain('late');
  });

  it('a late row of a trace of its own stays', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    insert(traceEvents('late', 1, daysAgo(45)), daysAgo(45));
    expect(await policy.run()).toMatchObject({
      deleted: { units: 5, rows: 15 },
      kept: { 'not-exported': { units: 1, rows: 2 } },
    });
  });

  it('an old trace that gets a young span stays whole', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    insert([{ ...traceEvents('d40-3', 3, world.clock.now())[3], id: 'young' }]);
    await world.exporter().run();
    expect(await policy.run()).toMatchObject({
      deleted: { units: 4, rows: 12 },
      kept: { 'too-young': { units: 1, rows: 4 } },
    });
  });

  it('what grew old in the grace waits for the next mark', async () => {
    const policy = world.policy({ graceHours: 24 * 25 });
    await policy.run();
    await world.pass(25 * DAY_MS);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    expect(world.liveIds()).toHaveLength(15);
    const again = world.policy({ graceHours: 24 * 25 });
    expect(await again.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('what somebody else deleted is gone, and no row of ours', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    insert(['d40-0-0', 'd40-0-1', 'd40-0-root'].map((id) => ({ id, _object_delete: true })));
    expect(await policy.run()).toMatchObject({ deleted: { units: 4, rows: 12 }, kept: {} });
  });

  it('the cutoff moves back when keepDays is raised', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(2, 90);
    world.writeTraces(3, 40);
    await world.exporter().run();
    await markAndWait(world, world.policy());
    const policy = world.policy({ keepDays: 60 });
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 6 } });
    expect(tracesOf(world.liveIds())).toEqual(['d40-0', 'd40-1', 'd40-2']);
  });

  it('the cutoff stays when keepDays is lowered', async () => {
    await markAndWait(world, world.policy());
    const policy = world.policy({ keepDays: 8 });
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    expect(world.liveIds()).toHaveLength(15);
  });
});

describe('a sweep', () => {
  it('sends each deletion within ten seconds of the read before it', async () => {
    const log = new EventLog();
    const policy = world.policy({ observer: log.observer, limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    const { markId } = await policy.run();
    const ages = log.of('rows-delete').map(({ readAgeMs }) => readAgeMs);
    expect(ages).toHaveLength(5);
    expect(Math.max(...ages)).toBeLessThanOrEqual(10_000);
    const mark = { policyId: 'logs', markId: markId ?? '' };
    expect(await readMarkReceipt(world.sink, mark)).toMatchObject({
      readAgeMaxMs: Math.max(...ages),
      batches: 5,
      deleted: { units: 5, rows: 15 },
    });
  });

  it('deletes the root of a trace last, part by part where it is too large for a request', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(1, 40, { prefix: 'big', children: 10 });
    await world.exporter().run();
    const policy = world.policy({ limits: { batchMaxRows: 4 } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 11 } });
    const order = world.plane.history.filter(({ deleted }) => deleted).map(({ id }) => id);
    expect(order).toHaveLength(11);
    expect(order.at(-1)).toBe('big-0-root');
    const receipts = await receiptsOf(world.sink);
    expect(receipts.map(({ intent }) => intent.units.map(({ isWhole }) => isWhole))).toHaveLength(
      3,
    );
    expect(idsGone(receipts)).toEqual(deletedIds(world.plane));
  });

  it('writes receipts that name what is gone, with the objects that hold it', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 6 } });
    const { markId, cutoff } = await markAndWait(world, policy);
    await policy.run();
    const receipts = await receiptsOf(world.sink);
    expect(idsGone(receipts)).toEqual(deletedIds(world.plane));
    const shown = new Map(world.plane.history.map((row) => [`${row.id} ${row.xactId}`, row]));
    for (const { intent } of receipts) {
      expect(intent).toMatchObject({
        policyId: 'logs',
        markId,
        cutoff: cutoff?.toISOString(),
        unit: 'trace',
        allowTransformed: false,
        proof: { exportId: 'spans', location: world.sink.location },
      });
      for (const { id, version, object, archive } of intent.rows) {
        expect(shown.get(`${id} ${version}`)).toMatchObject({ deleted: false });
        expect(object).toBe(world.projectId);
        const held = intent.archives[archive ?? -1];
        expect(held?.checkedBy).toBe('checksum');
        expect(await world.sink.head(held?.objectKey ?? '')).not.toBeNull();
        expect(await world.sink.head(held?.manifestKey ?? '')).not.toBeNull();
      }
    }
  });

  it('looks again for what the service shows for a while after a delete', async () => {
    world.plane.control.delayDeletes({ afterMs: 20_000 });
    const policy = world.policy();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 15 }, remainedRows: 0 });
    expect(world.plane.requests.count({ path: insertPath() })).toBe(1);
  });

  it('ends with everything gone when rows come back for a while', async () => {
    world.plane.control.delayDeletes({ reappearAfterMs: 25_000, reappearForMs: 20_000 });
    const policy = world.policy();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 5, rows: 15 }, remainedRows: 0 });
    await world.pass(HOUR_MS);
    expect(world.liveIds().filter((id) => id.startsWith('d40'))).toEqual([]);
    expect(idsGone(await receiptsOf(world.sink))).toHaveLength(15);
  });

  it('sends again what was acknowledged and did not happen, and only that', async () => {
    world.plane.control.loseDeletes({ every: 3, times: 5 });
    const policy = world.policy();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 5, rows: 15 }, remainedRows: 0 });
    const ids = deletedIds(world.plane);
    expect(ids).toHaveLength(15);
    expect(new Set(ids).size).toBe(15);
  });

  it('says of rows that no delete removes that they remain, and takes them with the next mark', async () => {
    world.plane.control.loseDeletes({ of: (id) => id === 'd40-1-0' });
    const policy = world.policy();
    await markAndWait(world, policy);
    const swept = await policy.run();
    expect(swept).toMatchObject({ deleted: { units: 4, rows: 14 }, remainedRows: 1 });
    const receipts = await receiptsOf(world.sink);
    expect(receipts.map(({ intent }) => intent.rows.length)).toEqual([15, 1, 1]);
    expect(receipts.map(({ outcome }) => outcome?.remained.length)).toEqual([1, 1, 1]);
    world.plane.control.loseDeletes(null);
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 1 } });
  });

  it('keeps a row that is back with a higher version, and counts it as changed', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    const seen = new EventLog();
    const revived = world.policy({
      limits: { batchMaxRows: 3 },
      observer: (event) => {
        seen.observer(event);
        if (event.type === 'rows-delete' && event.batch === 2)
          insert([{ id: 'd40-1-0', input: 'new' }]);
      },
    });
    const swept = await revived.run();
    expect(swept).toMatchObject({ stopReason: 'swept', deleted: { rows: 14 }, changedRows: 1 });
    expect(world.liveIds()).toContain('d40-1-0');
    expect(deletedIds(world.plane).filter((id) => id === 'd40-1-0')).toHaveLength(1);
    expect(idsGone(await receiptsOf(world.sink))).not.toContain('d40-1-0');
  });

  it('leaves receipts of its own and no open batch', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const { receiptKey } = await policy.run();
    expect(await world.sink.head(receiptKey ?? '')).not.toBeNull();
    const documents = await documentsOf(world.store);
    expect(documents['retention/logs']).toMatchObject({
      mark: null,
      lease: null,
      totals: { units: 5, rows: 15, marks: 1 },
    });
  });
});

describe('a sweep goes on', () => {
  it('with smaller requests after a 413, and keeps to them', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(40, 40);
    await world.exporter().run();
    const path = insertPath();
    world.plane.control.fail({ kind: 'status', status: 413 }, { path, times: 2 });
    const log = new EventLog();
    const policy = world.policy({ observer: log.observer });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 40, rows: 120 } });
    const sizes = log.of('rows-delete').map(({ rows }) => rows);
    expect(sizes).toEqual([30, 30, 30, 30]);
  });

  it('after the wait that a 429 asks for, with rows that are read again', async () => {
    const path = insertPath();
    const fault = { kind: 'status', status: 429, retryAfterSeconds: 40 } as const;
    world.plane.control.fail(fault, { path });
    const policy = world.policy();
    await markAndWait(world, policy);
    const from = world.clock.now().getTime();
    expect(await policy.run()).toMatchObject({ deleted: { rows: 15 } });
    expect(world.clock.now().getTime() - from).toBeGreaterThanOrEqual(40_000);
  });

  it.each(['lost-answer', 'reset'] as const)(
    'after a %s without sending a delete blindly',
    async (kind) => {
      world.plane.control.fail({ kind }, { path: insertPath(), times: 2 });
      const policy = world.policy();
      await markAndWait(world, policy);
      expect(await policy.run()).toMatchObject({ deleted: { units: 5, rows: 15 } });
      expect(deletedIds(world.plane)).toHaveLength(15);
      expect(idsGone(await receiptsOf(world.sink))).toEqual(deletedIds(world.plane));
    },
  );

  it('when the right to delete is back: it was lost in mid-run, and nothing more went', async () => {
    const { plane } = world;
    const policy = world.policy({
      limits: { batchMaxRows: 3 },
      observer: (event) => {
        if (event.type === 'rows-delete' && event.batch === 2)
          plane.control.setRights(plane.apiKey, { readOnly: true });
      },
    });
    await markAndWait(world, policy);
    await refusedWith(policy.run(), 'SOURCE_FORBIDDEN');
    expect(deletedIds(plane)).toHaveLength(6);
    expect(await policy.history()).toMatchObject([{ reason: 'SOURCE_FORBIDDEN' }, {}]);
    await refusedWith(policy.run(), 'SOURCE_FORBIDDEN');
    expect(deletedIds(plane)).toHaveLength(6);
    plane.control.setRights(plane.apiKey, { readOnly: false });
    expect(await world.policy().run()).toMatchObject({ stopReason: 'swept' });
    expect(deletedIds(plane)).toHaveLength(15);
    expect(idsGone(await receiptsOf(world.sink))).toEqual(deletedIds(plane));
  });

  it('within a budget of requests, with reads and deletes still ten seconds apart at most', async () => {
    const client = world.client({ requestsPerMinute: 3 });
    const log = new EventLog();
    const policy = world.policy({
      target: projectLogs({ client, projectId: world.projectId }),
      limits: { batchMaxRows: 3 },
      observer: log.observer,
    });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 15 } });
    const ages = log.of('rows-delete').map(({ readAgeMs }) => readAgeMs);
    expect(Math.max(...ages)).toBeLessThanOrEqual(10_000);
  });
});
