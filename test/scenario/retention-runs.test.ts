import { beforeEach, describe, expect, it } from 'vitest';

import {
  deletedIds,
  documentsOf,
  EventLog,
  exportedWorld,
  idsGone,
  markAndWait,
  receiptsOf,
  refusedWith,
} from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

describe('a run ends with', () => {
  it('grace for as long as the policy of now says, when that is longer than the mark says', async () => {
    await world.policy({ graceHours: 3 }).run();
    await world.pass(4 * HOUR_MS);
    const longer = world.policy({ graceHours: 5 });
    const dueAt = new Date('2026-03-01T17:00:00Z');
    expect(await longer.run()).toMatchObject({ stopReason: 'grace', dueAt });
    expect(await longer.status()).toMatchObject({ mark: { dueAt } });
    expect(await longer.plan()).toMatchObject({ willRun: false });
    expect(await world.policy({ graceHours: 1 }).run()).toMatchObject({ stopReason: 'swept' });
  });

  it('nothing-due when nothing is old enough, and leaves no mark', async () => {
    const policy = world.policy({ keepDays: 50 });
    expect(await policy.run()).toMatchObject({ stopReason: 'nothing-due', markId: null });
    expect(await policy.status()).toMatchObject({ state: 'idle', mark: null });
  });

  it('marked, and tells what it has marked by an event', async () => {
    const log = new EventLog();
    const policy = world.policy({ observer: log.observer });
    const marked = await policy.run();
    expect(marked).toMatchObject({ stopReason: 'marked', deleted: { units: 0, rows: 0 } });
    expect(marked.cutoff).toEqual(new Date('2026-01-30T12:00:00Z'));
    expect(marked.dueAt).toEqual(new Date('2026-03-02T12:00:00Z'));
    const { markId, cutoff, dueAt } = marked;
    expect(log.of('mark-set')).toEqual([
      { type: 'mark-set', policyId: 'logs', markId, cutoff, dueAt, candidates: 15 },
    ]);
  });

  it('grace until its last second, and swept from then on', async () => {
    const policy = world.policy({ graceHours: 3 });
    const { markId } = await policy.run();
    await world.pass(3 * HOUR_MS - 1_000);
    expect(await policy.run()).toMatchObject({ stopReason: 'grace', markId });
    expect(deletedIds(world.plane)).toEqual([]);
    await world.pass(1_000);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', markId });
  });

  it('row-limit before it deletes more rows than it may', async () => {
    const policy = world.policy({ unit: 'row' });
    await markAndWait(world, policy);
    expect(await policy.run({ maxRows: 7 })).toMatchObject({
      stopReason: 'row-limit',
      deleted: { rows: 7 },
    });
    expect(deletedIds(world.plane)).toHaveLength(7);
    expect(await policy.run({ maxRows: 8 })).toMatchObject({ deleted: { rows: 8 } });
    expect(deletedIds(world.plane)).toHaveLength(15);
  });

  it('row-limit before a trace that does not fit', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    expect(await policy.run({ maxRows: 7 })).toMatchObject({
      stopReason: 'row-limit',
      deleted: { units: 2, rows: 6 },
    });
  });

  it('row-limit in a trace of more rows, which later runs go on with, the root last', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const steps: number[] = [];
    for (let run = 0; run < 12; run += 1) {
      const { deleted, stopReason } = await policy.run({ maxRows: 2 });
      steps.push(deleted.rows);
      if (stopReason === 'swept') break;
    }
    expect(Math.max(...steps)).toBe(2);
    expect(deletedIds(world.plane)).toHaveLength(15);
    expect(idsGone(await receiptsOf(world.sink))).toEqual(deletedIds(world.plane));
    const order = world.plane.history.filter(({ deleted }) => deleted).map(({ id }) => id);
    const roots = order.flatMap((id, place) => (id.endsWith('root') ? [place] : []));
    expect(roots).toEqual([2, 5, 8, 11, 14]);
  });

  it('time-limit when its time is over; the next one goes on', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    const held = world.plane.control.hold(`/v1/project_logs/${world.projectId}/insert`);
    const run = policy.run({ maxDurationMs: 20_000 });
    await held.arrived;
    await world.pass(20_000);
    held.release();
    expect(await run).toMatchObject({ stopReason: 'time-limit', deleted: { units: 1, rows: 3 } });
    expect(deletedIds(world.plane)).toHaveLength(3);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 12 } });
  });

  it('time-limit after one batch when it has no time: every run moves on', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    expect(await policy.run({ maxDurationMs: 0 })).toMatchObject({ stopReason: 'time-limit' });
    expect(deletedIds(world.plane)).toHaveLength(3);
  });

  it('paused, in any process, until somebody resumes it', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    await world.policy().pause();
    await world.policy().pause();
    expect(await policy.run()).toMatchObject({ stopReason: 'paused', markId: null });
    expect(await policy.status()).toMatchObject({ state: 'paused' });
    expect(deletedIds(world.plane)).toEqual([]);
    await world.policy().resume();
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
  });

  it('paused before its next batch when it is paused during a sweep', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    const { plane, projectId } = world;
    const held = plane.control.hold(`/v1/project_logs/${projectId}/insert`);
    const run = policy.run();
    await held.arrived;
    await world.policy().pause();
    held.release();
    expect(await run).toMatchObject({ stopReason: 'paused', deleted: { units: 1, rows: 3 } });
    expect(deletedIds(world.plane)).toHaveLength(3);
  });

  it('locked while another worker runs', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const held = world.plane.control.hold();
    const run = policy.run();
    await held.arrived;
    expect(await world.policy().run()).toMatchObject({ stopReason: 'locked', markId: null });
    expect(await policy.status()).toMatchObject({ state: 'running' });
    held.release();
    expect(await run).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });
});

describe('a policy without grace', () => {
  it('marks and sweeps in one run, with a bound one hour ago', async () => {
    const policy = world.policy({ graceHours: 0 });
    const plan = await policy.plan();
    expect(plan.before).toBe('2026-03-01T11:00:00.000Z');
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });

  it('keeps rows that were written within the hour, to the second', async () => {
    world = await PolicyWorld.start();
    const at = (seconds: number): Date =>
      new Date(world.clock.now().getTime() - HOUR_MS - seconds * 1_000);
    const created = new Date(world.clock.now().getTime() - 40 * DAY_MS).toISOString();
    const write = (id: string, when: Date): void =>
      void world.plane.insert('project_logs', world.projectId, [{ id, created }], { at: when });
    write('earlier', at(1));
    write('at the bound', at(0));
    write('later', at(-1));
    await world.exporter().run();
    const policy = world.policy({ unit: 'row', graceHours: 0 });
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 1 } });
    expect(world.liveIds()).toEqual(['at the bound', 'later']);
  });
});

describe('status and history', () => {
  it('tell each stage of a mark', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    expect(await policy.status()).toEqual({
      policyId: 'logs',
      state: 'new',
      unit: 'trace',
      keepDays: 30,
      mark: null,
      totals: { units: 0, rows: 0, marks: 0 },
      lastRun: null,
      lastError: null,
    });
    const { markId } = await markAndWait(world, policy);
    expect(await policy.status()).toMatchObject({
      state: 'grace',
      mark: {
        id: markId,
        cutoff: new Date('2026-01-30T12:00:00Z'),
        writtenBefore: new Date('2026-03-01T12:00:00Z'),
        dueAt: new Date('2026-03-02T12:00:00Z'),
        survey: { of: 'rows', existing: 30, candidates: 15 },
        allowance: 30,
        isConfirmed: false,
        sweep: null,
      },
      lastRun: { markId, reason: 'marked' },
    });
    await policy.run({ maxRows: 6 });
    expect(await policy.status()).toMatchObject({
      state: 'sweeping',
      mark: { sweep: { deleted: { units: 2, rows: 6 }, kept: {}, openBatches: 0 } },
      totals: { units: 0, rows: 0, marks: 0 },
    });
    const { receiptKey } = await policy.run();
    expect(await policy.status()).toMatchObject({
      state: 'idle',
      mark: null,
      totals: { units: 5, rows: 15, marks: 1 },
      lastRun: { reason: 'swept', deletedRows: 9, deletedUnits: 3, receiptKey },
    });
    const reasons = (await policy.history()).map(({ reason }) => reason);
    expect(reasons).toEqual(['swept', 'row-limit', 'marked']);
  });

  it('tell the last error, with its code and never a row', async () => {
    world.plane.control.fail({ kind: 'status', status: 401 });
    const policy = world.policy();
    await refusedWith(policy.run(), 'SOURCE_UNAUTHORIZED');
    const { lastError } = await policy.status();
    expect(lastError).toMatchObject({ code: 'SOURCE_UNAUTHORIZED' });
    expect(lastError?.message).not.toContain('d40');
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('read only', async () => {
    const policy = world.policy();
    await policy.run();
    const before = await documentsOf(world.store);
    await policy.status();
    await policy.history();
    expect(await documentsOf(world.store)).toEqual(before);
  });
});

describe('a policy', () => {
  it('does one run at a time, and is closed for good', async () => {
    const policy = world.policy();
    const held = world.plane.control.hold();
    const run = policy.run();
    await held.arrived;
    await refusedWith(policy.run(), 'POLICY_BUSY');
    const failed = run.catch((error: unknown) => error);
    const closed = policy.close();
    held.release();
    await closed;
    expect(await failed).toMatchObject({ code: 'POLICY_CLOSED' });
    await refusedWith(policy.plan(), 'POLICY_CLOSED');
    expect(await world.policy().run()).toMatchObject({ stopReason: 'marked' });
  });

  it('tests what a run needs and deletes nothing', async () => {
    const before = world.liveIds();
    const { ok, steps } = await world.policy().test();
    expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(ok).toBe(true);
    expect(world.liveIds()).toEqual(before);
  });

  it('says in its test that the key may not delete', async () => {
    world.plane.control.setRights(world.plane.apiKey, { readOnly: true });
    expect((await world.policy().test()).ok).toBe(false);
  });
});
