import { beforeEach, describe, expect, it } from 'vitest';

import { readMarkReceipt } from '../../src/index.js';
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
import { DAY_MS, type PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

function insertPath(): string {
  return `/v1/project_logs/${world.projectId}/insert`;
}

/** Requires that a run ends by an abort, with its reason. */
async function aborted(run: Promise<unknown>, reason: Error): Promise<void> {
  await expect(run).rejects.toBe(reason);
}

describe('a mark that is taken back in its grace', () => {
  it('deletes nothing, and the next run makes another', async () => {
    const log = new EventLog();
    const policy = world.policy({ observer: log.observer });
    const { markId } = await policy.run();
    await policy.cancel(markId ?? '');
    expect(await policy.status()).toMatchObject({ state: 'idle', mark: null });
    expect(log.of('mark-cancel')).toEqual([
      { type: 'mark-cancel', policyId: 'logs', markId, deletedRows: 0 },
    ]);
    await world.pass(2 * DAY_MS);
    const next = await policy.run();
    expect(next.stopReason).toBe('marked');
    expect(next.markId).not.toBe(markId);
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('cannot be taken back twice, nor one that never was', async () => {
    const policy = world.policy();
    await refusedWith(policy.cancel('000001-abc'), 'MARK_UNKNOWN');
    const { markId } = await policy.run();
    await policy.cancel(markId ?? '');
    await refusedWith(policy.cancel(markId ?? ''), 'MARK_UNKNOWN');
    await refusedWith(policy.cancel(''), 'OPTION_INVALID');
  });

  it('stays when another one is named', async () => {
    const policy = world.policy();
    const { markId } = await policy.run();
    const { message } = await refusedWith(policy.cancel('000009-abc'), 'MARK_UNKNOWN');
    expect(message).toContain(markId);
    expect((await policy.status()).mark?.id).toBe(markId);
  });
});

describe('a mark that is taken back during its sweep', () => {
  it('has no further deletion sent, and its receipts tell what is gone', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    const { markId } = await markAndWait(world, policy);
    const held = world.plane.control.hold(insertPath());
    const run = policy.run().catch((error: unknown) => error);
    await held.arrived;
    const cancelled = world.policy().cancel(markId ?? '');
    held.release();
    await cancelled;
    expect(await run).toMatchObject({ code: 'LEASE_LOST' });
    const gone = deletedIds(world.plane);
    expect(gone).toHaveLength(3);
    expect(idsGone(await receiptsOf(world.sink))).toEqual(gone);
    const mark = { policyId: 'logs', markId: markId ?? '' };
    expect(await readMarkReceipt(world.sink, mark)).toMatchObject({
      deleted: { units: 1, rows: 3 },
    });
    expect(await policy.status()).toMatchObject({ mark: null, totals: { units: 1, rows: 3 } });
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
    expect(deletedIds(world.plane)).toEqual(gone);
  });

  it('after its end cannot be taken back', async () => {
    const policy = world.policy();
    const { markId } = await markAndWait(world, policy);
    await policy.run();
    await refusedWith(policy.cancel(markId ?? ''), 'MARK_UNKNOWN');
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  it('before the run rejects with its reason, and changes nothing', async () => {
    const policy = world.policy();
    const before = await documentsOf(world.store);
    await aborted(policy.run({ signal: AbortSignal.abort(reason) }), reason);
    await aborted(policy.plan({ signal: AbortSignal.abort(reason) }), reason);
    expect(await documentsOf(world.store)).toEqual(before);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'at query %i of a sweep sends no deletion after it',
    async (query) => {
      const policy = world.policy();
      await markAndWait(world, policy);
      const holds = Array.from({ length: query }, () => world.plane.control.hold());
      const stop = new AbortController();
      const run = policy.run({ signal: stop.signal });
      const ended = run.then(
        () => 'ended',
        (error: unknown) => error,
      );
      let reached = 'held';
      for (const [place, held] of holds.entries()) {
        const first = await Promise.race([held.arrived, ended]);
        if (first === 'ended') reached = 'ended';
        if (place === query - 1) break;
        held.release();
      }
      const sent = world.plane.requests.list.filter(({ path }) => path === insertPath()).length;
      stop.abort(reason);
      world.plane.control.clear();
      if (reached === 'held') expect(await ended).toBe(reason);
      expect(world.plane.requests.list.filter(({ path }) => path === insertPath())).toHaveLength(
        sent,
      );
      // Whatever was under way, another worker goes on at once, and ends with the same.
      expect(await world.policy().run()).toMatchObject(
        reached === 'held' ? { stopReason: 'swept' } : { stopReason: 'nothing-due' },
      );
      expect(deletedIds(world.plane)).toHaveLength(15);
      expect(idsGone(await receiptsOf(world.sink))).toEqual(deletedIds(world.plane));
    },
  );

  it('while a deletion is under way leaves a batch open, which the next run asks for first', async () => {
    const policy = world.policy({ limits: { batchMaxRows: 3 } });
    await markAndWait(world, policy);
    const held = world.plane.control.hold(insertPath());
    const stop = new AbortController();
    const run = policy.run({ signal: stop.signal });
    await held.arrived;
    stop.abort(reason);
    await aborted(run, reason);
    held.release();
    expect(await policy.status()).toMatchObject({
      state: 'sweeping',
      mark: { sweep: { openBatches: 1, deleted: { rows: 0 } } },
    });
    expect(await policy.history()).toMatchObject([{ reason: 'aborted' }, {}]);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
    expect(await policy.status()).toMatchObject({ totals: { units: 5, rows: 15, marks: 1 } });
    expect(idsGone(await receiptsOf(world.sink))).toEqual(deletedIds(world.plane));
    expect(deletedIds(world.plane)).toHaveLength(15);
  });
});
