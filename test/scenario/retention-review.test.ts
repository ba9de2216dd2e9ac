import { beforeEach, describe, expect, it } from 'vitest';

import { SourceError } from '../../src/errors/index.js';
import { readMarkReceipt } from '../../src/index.js';
import type { CursorStore, Json, TargetUnit } from '../../src/interfaces/index.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { refusedWith, stoppedBy } from '../support/policy-scenes.js';
import { ScriptedPolicy } from '../support/scripted-policy.js';
import { targetObject } from '../support/target-units.js';

const BATCHES_ONE_BY_ONE = { batchMaxRows: 2 };

let world: ScriptedPolicy;

beforeEach(() => {
  world = new ScriptedPolicy();
});

/** Has the target agree to every deletion, and show it not before somebody asks what remained. */
function deleteLate({ target }: ScriptedPolicy): void {
  let waiting: string[] = [];
  target.hooks.beforeRemove = (ids) => {
    waiting.push(...ids);
    return false;
  };
  target.hooks.beforeRemaining = () => {
    target.drop(waiting);
    target.content = target.content.filter(({ object }) => !waiting.includes(object?.id ?? ''));
    waiting = [];
  };
}

function tooLate(): SourceError {
  return new SourceError('SEND_TOO_LATE', 'The time for it is over.', {
    remedy: 'Read again.',
    retryable: true,
  });
}

/** A store that gives no answer to saves that a test picks. */
function refusing(store: CursorStore, isRefused: (document: Json) => boolean): CursorStore {
  return {
    ...store,
    save: (key, document, options) =>
      isRefused(document)
        ? Promise.reject(new Error('no answer'))
        : store.save(key, document, options),
  };
}

describe('the allowance of a mark', () => {
  const experiment = (id: string): TargetUnit => ({
    ...world.unit(id, 2),
    object: targetObject(id),
  });

  it('counts an experiment when its first rows are sent, however late deletes show', async () => {
    world = new ScriptedPolicy(['experiment']);
    const ids = ['a', 'b', 'c', 'd'];
    world.target.content = ids.map((id) => experiment(id));
    world.target.counts = { of: 'experiments', existing: 4, candidates: 1 };
    deleteLate(world);
    const policy = await world.mark({ brakes: { maxFraction: 0.25 } });
    await stoppedBy(policy.run(), 'fraction');
    const removed = world.calls('remove ').flatMap((call) => call.slice(7).split(','));
    expect(removed.filter((id) => !id.startsWith('a'))).toEqual([]);
  });

  it('is not lifted again by a plan that was taken before', async () => {
    world.target.content = ['a', 'b', 'c', 'd', 'e'].map((id) => world.unit(id, 2));
    const policy = await world.mark({ limits: BATCHES_ONE_BY_ONE });
    const held = world.target.content.slice(2);
    world.target.content = world.target.content.slice(0, 2);
    world.target.counts = { existing: 0 };
    const cut = world.policy({ brakes: { maxFraction: 0 }, limits: BATCHES_ONE_BY_ONE });
    await policy.cancel((await policy.status()).mark?.id ?? '');
    const first = await cut.plan();
    expect(first.go).toEqual({ units: 2, rows: 4 });
    await cut.run({ plan: first });
    await world.clock.advance(86_400_000);
    const plan = await cut.plan();
    expect(await cut.run({ plan, maxRows: 2 })).toMatchObject({ deleted: { rows: 2 } });
    world.target.content = [...world.target.content, ...held];
    await stoppedBy(cut.run({ plan }), 'fraction');
    expect(world.calls('remove ')).toHaveLength(2);
  });
});

describe('a mark that is taken back', () => {
  const openBatch = async (): Promise<{ policy: RetentionPolicy; markId: string }> => {
    world.target.content = [world.unit('a', 2), world.unit('b', 2)];
    const policy = await world.mark();
    world.target.hooks.beforeRemove = () => {
      throw new Error('no answer');
    };
    await expect(policy.run()).rejects.toThrow('no answer');
    world.target.hooks.beforeRemove = () => undefined;
    return { policy, markId: (await policy.status()).mark?.id ?? '' };
  };

  it('ends also when an intent is lost; what it deleted stays untold', async () => {
    const { policy, markId } = await openBatch();
    for (const key of world.sink.objects.keys()) world.sink.objects.delete(key);
    await refusedWith(policy.run(), 'RECEIPT_CORRUPT');
    await policy.cancel(markId);
    expect(await policy.status()).toMatchObject({ state: 'idle', mark: null });
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('has a receipt of the target that it was made for, whatever the settings are by now', async () => {
    const { markId } = await openBatch();
    const { fingerprint } = await world.document();
    const other = new ScriptedPolicy(['row']);
    await world.policy({ target: other.target }).cancel(markId);
    const receipt = await readMarkReceipt(world.sink, { policyId: 'logs', markId });
    expect(receipt).toMatchObject({ target: fingerprint.target, unit: 'trace' });
  });

  it('keeps the receipt that it has when its sweep had come to its end', async () => {
    world.target.content = [world.unit('a', 2)];
    const policy = await world.mark();
    const markId = (await policy.status()).mark?.id ?? '';
    const isEnd = (document: Json): boolean => (document as { mark?: Json }).mark === null;
    const cursorStore = refusing(world.store, isEnd);
    await refusedWith(world.policy({ cursorStore }).run(), 'CHECKPOINT_UNAVAILABLE');
    await policy.cancel(markId);
    expect(await policy.status()).toMatchObject({ state: 'idle', totals: { rows: 2 } });
    const receipt = await readMarkReceipt(world.sink, { policyId: 'logs', markId });
    expect(receipt).toMatchObject({ cancelledAt: null, deleted: { rows: 2 } });
  });

  it('does not say of a row that it remained while its deletion may still be sent', async () => {
    const { policy, markId } = await openBatch();
    await world.clock.advance(600_000);
    const begun = world.clock.now().getTime();
    let askedAt = 0;
    world.target.hooks.beforeRemaining = () => void (askedAt = world.clock.now().getTime());
    await policy.cancel(markId);
    expect(askedAt - begun).toBeGreaterThan(10_000);
  });
});

describe('the receipts', () => {
  it('say what became of the rows, when a run died after it had told that some remained', async () => {
    world.target.content = [world.unit('a', 2)];
    world.target.hooks.beforeRemove = () => false;
    const policy = await world.mark();
    const isOutcomeThere = (): boolean =>
      [...world.sink.objects.keys()].some((key) => key.endsWith('.outcome.json'));
    const cursorStore = refusing(world.store, isOutcomeThere);
    await refusedWith(world.policy({ cursorStore }).run(), 'CHECKPOINT_UNAVAILABLE');
    await world.clock.advance(3_600_000);
    world.target.hooks.beforeRemove = () => undefined;
    await policy.run();
    expect(world.target.rowIds).toEqual([]);
    const gone = (await world.receipts()).flatMap(({ intent, outcome }) =>
      intent.rows.filter((_, place) => !outcome?.remained.includes(place)).map(({ id }) => id),
    );
    expect([...gone].sort()).toEqual(['a-0', 'a-1']);
  });

  it('count an experiment once, whoever finds out that its rows are gone', async () => {
    world = new ScriptedPolicy(['experiment']);
    world.target.content = [{ ...world.unit('a', 2), object: targetObject('a') }];
    world.target.counts = { of: 'experiments', existing: 1, candidates: 1 };
    const policy = await world.mark();
    world.target.hooks.afterRemove = () => {
      throw new Error('no answer');
    };
    await expect(policy.run()).rejects.toThrow('no answer');
    world.target.hooks.afterRemove = () => undefined;
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { units: 1 } });
  });
});

describe('a sweep', () => {
  it('moves on in every run, however short the time and long the way to the first batch', async () => {
    world.target.content = ['a', 'b', 'c'].map((id) => world.unit(id, 2));
    const policy = await world.mark({ limits: BATCHES_ONE_BY_ONE });
    const open = world.target.open.bind(world.target);
    world.target.open = async (scope) => {
      await world.clock.sleep(60_000);
      return await open(scope);
    };
    for (let run = 0; run < 3; run += 1) await policy.run({ maxDurationMs: 30_000 });
    expect(world.target.rowIds).toEqual([]);
  });

  it('fills its batches over ten thousand read rows each, however little of them goes', async () => {
    world.target.rowsReadOfPage = 1_000;
    world.target.content = Array.from({ length: 40 }, (_, place) =>
      world.unit(`u-${String(place).padStart(2, '0')}`, 1),
    );
    const policy = await world.mark();
    await policy.run();
    expect(world.calls('remove ')).toHaveLength(4);
  });

  it('ends by abort while the host is asked for its holds and does not answer', async () => {
    world.target.content = [world.unit('a', 2)];
    await world.mark();
    const controller = new AbortController();
    const holds = (): Promise<never> => {
      setImmediate(() => controller.abort(new Error('enough')));
      return new Promise(() => undefined);
    };
    const run = world.policy({ holds }).run({ signal: controller.signal });
    await expect(run).rejects.toThrow('enough');
  });

  it('leaves a wait of hours to the next run, and goes on then', async () => {
    world.target.content = [world.unit('a', 2)];
    const policy = await world.mark();
    const begun = world.clock.now().getTime();
    world.target.hooks.beforeRemove = () => {
      throw new SourceError('SOURCE_RATE_LIMITED', 'Too many requests.', {
        remedy: 'Wait.',
        retryable: true,
        retryAfterMs: 7_200_000,
      });
    };
    await refusedWith(policy.run(), 'SOURCE_RATE_LIMITED');
    expect(world.clock.now().getTime() - begun).toBeLessThan(600_000);
    world.target.hooks.beforeRemove = () => undefined;
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 2 } });
  });

  it('asks for smaller parts when a batch cannot be read in ten seconds', async () => {
    world.target.content = [world.unit('a', 4), world.unit('b', 4)];
    const policy = await world.mark();
    world.target.hooks.beforeReread = async ({ units }) => {
      await world.clock.sleep(units.length * 7_000);
    };
    world.target.hooks.beforeRemove = () => {
      const { notAfter } = world.target.windows.at(-1) ?? { notAfter: new Date(0) };
      if (world.clock.now() > notAfter) throw tooLate();
    };
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 8 } });
  });
});

describe('a plan', () => {
  it('whose times are no times is refused as one that was changed', async () => {
    world.target.content = [world.unit('a', 2)];
    const policy = world.policy();
    const plan = await policy.plan();
    for (const change of [{ cutoff: 'soon' }, { before: 'never' }])
      await refusedWith(policy.run({ plan: { ...plan, ...change } }), 'PLAN_INVALID');
  });
});
