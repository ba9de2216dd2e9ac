import { describe, expect, it } from 'vitest';

import { readMarkReceipt } from '../../src/retention/receipts/receipt-store.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { override } from '../support/override.js';
import { type ScriptedPolicy, worldOfUnits } from '../support/scripted-policy.js';

const SECOND_MS = 1_000;

/** Two batches were sent, and the run died before it had asked for either. */
async function diedInMidSweep(): Promise<{
  readonly world: ScriptedPolicy;
  readonly policy: RetentionPolicy;
  readonly markId: string;
  /** Lets the row of the first batch be there again, as it was. */
  readonly bringBack: () => void;
}> {
  const world = worldOfUnits(1, 1, 1);
  const limits = { batchMaxRows: 1, confirmAfterMs: 30_000 };
  const [first] = world.target.content;
  const bringBack = (): void => {
    world.target.content = [first!, ...world.target.content.slice(1)];
  };
  const policy = await world.mark({ limits });
  world.target.hooks.afterRemove = (ids) => {
    if (ids.includes('u01-0')) throw new Error('died');
  };
  await expect(policy.run()).rejects.toThrow('died');
  world.target.hooks.afterRemove = () => undefined;
  world.target.calls.splice(0);
  return { world, policy, bringBack, markId: (await world.document()).mark?.id ?? '' };
}

describe('a mark that is taken back', () => {
  it('must be the present one', async () => {
    const world = worldOfUnits(1);
    const none = expect(world.policy().cancel('m')).rejects;
    await none.toMatchObject({
      code: 'MARK_UNKNOWN',
      message: expect.stringContaining('there is no mark'),
      details: { policyId: 'logs', markId: null },
    });
    await world.policy().run();
    const markId = (await world.document()).mark?.id;
    const other = expect(world.policy().cancel('m')).rejects;
    await other.toMatchObject({
      code: 'MARK_UNKNOWN',
      message: expect.stringContaining(`the present mark is ${markId}`),
      details: { policyId: 'logs', markId },
    });
    expect((await world.document()).mark?.cancelledAt).toBeNull();
  });

  it('before its sweep leaves nothing but its number', async () => {
    const world = worldOfUnits(1);
    const policy = world.policy();
    await policy.run();
    const markId = (await world.document()).mark?.id ?? '';
    await policy.cancel(markId);
    expect(await world.document()).toMatchObject({
      mark: null,
      lease: null,
      baseline: null,
      nextMark: 2,
      totals: { units: 0, rows: 0, marks: 0 },
    });
    expect(world.sink.objects.size).toBe(0);
    const event = { type: 'mark-cancel', policyId: 'logs', markId, deletedRows: 0 };
    expect(world.eventsOf('mark-cancel')).toEqual([event]);
    await expect(policy.cancel(markId)).rejects.toMatchObject({ code: 'MARK_UNKNOWN' });
  });

  it('in mid-sweep sends nothing any more, and tells what is gone', async () => {
    const { world, policy, markId } = await diedInMidSweep();
    const cancelledAt = world.clock.now().toISOString();
    await policy.cancel(markId);
    expect(world.target.calls).toEqual(['remaining u00-0', 'remaining u01-0']);
    expect(world.target.rowIds).toEqual(['u02-0']);
    expect(await world.document()).toMatchObject({
      mark: null,
      baseline: null,
      totals: { units: 2, rows: 2, marks: 1 },
    });
    const receipt = await readMarkReceipt(world.sink, { policyId: 'logs', markId });
    expect(receipt).toMatchObject({ cancelledAt, batches: 2, deleted: { units: 2, rows: 2 } });
    expect(receipt?.endedAt).not.toBe(receipt?.sweptAt);
    expect(world.eventsOf('mark-cancel')).toMatchObject([{ markId, deletedRows: 2 }]);
    expect((await world.receipts()).map(({ outcome }) => outcome?.gone)).toEqual([1, 1]);
  });

  it('in mid-sweep says of rows that are there that they remained, and does not send them again', async () => {
    const { world, policy, markId, bringBack } = await diedInMidSweep();
    bringBack();
    await policy.cancel(markId);
    expect(world.calls('remove', 'reread')).toEqual([]);
    const [first] = await world.receipts();
    expect(first?.outcome).toMatchObject({ gone: 0, remained: [0] });
  });

  it('is ended by the next run when the rest of it failed', async () => {
    const { world, policy, markId } = await diedInMidSweep();
    const cancelledAt = world.clock.now().toISOString();
    world.target.hooks.beforeRemaining = () => {
      throw new Error('away');
    };
    await expect(policy.cancel(markId)).rejects.toThrow('away');
    await world.clock.advance(SECOND_MS);
    await expect(policy.cancel(markId)).rejects.toThrow('away');
    expect(await world.document()).toMatchObject({ lease: null, mark: { cancelledAt } });
    world.target.hooks.beforeRemaining = () => undefined;
    expect(await policy.status()).toMatchObject({ mark: { isCancelled: true } });
    expect(await policy.run()).toMatchObject({
      stopReason: 'cancelled',
      markId,
      deleted: { rows: 2 },
    });
    expect(world.calls('remove', 'reread', 'units')).toEqual([]);
    const receipt = await readMarkReceipt(world.sink, { policyId: 'logs', markId });
    expect(receipt?.cancelledAt).toBe(cancelledAt);
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('goes without the receipts that are lost, which stop a run', async () => {
    const { world, policy, markId } = await diedInMidSweep();
    const [intent] = [...world.sink.objects.keys()].filter((key) => key.includes('000000001.'));
    world.sink.objects.delete(intent ?? '');
    await expect(policy.run()).rejects.toMatchObject({ code: 'RECEIPT_CORRUPT' });
    expect(world.calls('remove', 'units')).toEqual([]);
    world.target.hooks.beforeRemaining = () => {
      throw new Error('away');
    };
    await expect(policy.cancel(markId)).rejects.toThrow('away');
    const left = (await world.document()).mark?.sweep?.open;
    expect(left?.map(({ number }) => number)).toEqual([2]);
    world.target.hooks.beforeRemaining = () => undefined;
    await policy.cancel(markId);
    expect((await world.document()).totals).toMatchObject({ rows: 1 });
  });

  it('is busy when others save five times in its way', async () => {
    const world = worldOfUnits(1);
    await world.policy().run();
    const markId = (await world.document()).mark?.id ?? '';
    let saves = 0;
    const cursorStore = override(world.store, {
      save: async (...[key, document, options]) => {
        saves += 1;
        const { document: present, revision } = (await world.store.load(key))!;
        const other = { ...(present as object), writeId: `other-${saves}` };
        await world.store.save(key, other, { ifRevision: revision });
        return await world.store.save(key, document, options);
      },
    });
    const busy = expect(world.policy({ cursorStore }).cancel(markId)).rejects;
    await busy.toMatchObject({ code: 'POLICY_BUSY', retryable: true });
    expect(saves).toBe(5);
    expect((await world.document()).mark?.cancelledAt).toBeNull();
  });
});

describe('batches that another run left', () => {
  it.each([
    [0, 10],
    [4_000, 10],
    [10_000, 10],
    [25_000, 25],
  ])(
    'are asked for after %i ms, but never before ten seconds',
    async (...[confirmAfterMs, wait]) => {
      const { world } = await diedInMidSweep();
      const begin = world.clock.now().getTime();
      const asked: number[] = [];
      world.target.hooks.beforeRemaining = () => {
        asked.push(world.clock.now().getTime() - begin);
      };
      await world.policy({ limits: { batchMaxRows: 1, confirmAfterMs } }).run();
      expect(asked.slice(0, 2)).toEqual([wait * SECOND_MS, wait * SECOND_MS]);
    },
  );

  it('are none: nobody waits', async () => {
    const world = worldOfUnits(1);
    const policy = await world.mark({ limits: { confirmAfterMs: 0 } });
    const begin = world.clock.now().getTime();
    await policy.run();
    expect(world.clock.now().getTime()).toBe(begin);
  });

  it('are sent again, under the same intent, when their rows are there', async () => {
    const { world, policy, bringBack } = await diedInMidSweep();
    bringBack();
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 3 } });
    expect(world.calls('remove ')).toEqual(['remove u00-0', 'remove u02-0']);
    expect(await world.receipts()).toHaveLength(3);
  });

  it('are not sent again once an outcome says that some remained', async () => {
    const { world, bringBack } = await diedInMidSweep();
    bringBack();
    world.target.hooks.beforeRemove = () => false;
    let isDead = false;
    const receipts = override(world.sink, {
      put: async (...[key, body, options]) => {
        const put = await world.sink.put(key, body, options);
        isDead ||= key.endsWith('outcome.json') && String(body).includes('"remained":[0]');
        return put;
      },
    });
    const cursorStore = override(world.store, {
      save: async (...[key, document, options]) => {
        if (isDead && key === 'retention/logs') throw new Error('died');
        return await world.store.save(key, document, options);
      },
    });
    const dying = world.policy({ receipts, cursorStore, limits: { confirmAfterMs: 0 } });
    await dying.run().catch(() => undefined);
    const told = (await world.receipts()).find(({ outcome }) => outcome?.remained.length === 1);
    expect(told).toBeDefined();
    world.target.hooks.beforeRemove = () => true;
    world.target.calls.splice(0);
    await world.clock.advance(60 * SECOND_MS);
    expect(await world.policy().run()).toMatchObject({ stopReason: 'swept' });
    const removals = world.target.calls.findIndex((call) => call.startsWith('remove'));
    const scan = world.target.calls.findIndex((call) => call.startsWith('units'));
    expect(scan).toBeLessThan(removals);
    const same = (await world.receipts()).find(({ intentKey }) => intentKey === told?.intentKey);
    expect(same).toEqual(told);
  });
});
