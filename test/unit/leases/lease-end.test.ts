import { describe, expect, it } from 'vitest';

import type { CursorStore } from '../../../src/interfaces/index.js';
import { LeaseSession } from '../../../src/leases/lease-session.js';
import { memoryCursorStore } from '../../../src/stores/memory.js';
import { faultPlan } from '../../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../../src/testing/adapters/faulty.js';
import { manualClock } from '../../../src/testing/adapters/manual-clock.js';
import {
  NEW_TALLY,
  addOne,
  storedTally,
  take,
  taken,
  tallyWorker,
  type Worker,
} from '../../support/lease-fixture.js';
import { override } from '../../support/override.js';

/** A store whose save number `at` aborts the caller once it has happened, so that its answer is never seen. */
function abortingStore(
  at: number,
  controller: AbortController,
  members: (store: CursorStore) => Partial<CursorStore> = () => ({}),
): CursorStore {
  const memory = memoryCursorStore();
  let saves = 0;
  return override(memory, {
    ...members(memory),
    save: async (key, document, options) => {
      saves += 1;
      const saved = await memory.save(key, document, options);
      if (saves === at) controller.abort(new Error('shutting down'));
      options.signal?.throwIfAborted();
      return saved;
    },
  });
}

describe('the release of a lease', () => {
  it('leaves the document as it was saved last, without a lease', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    await session.save(addOne, {});
    await session.release({});
    expect(await storedTally(worker)).toMatchObject({ count: 1, fencingToken: 1, lease: null });
  });

  it('waits for the saves that were asked for before it', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const saves = [session.save(addOne, {}), session.save(addOne, {})];
    await session.release({});
    await Promise.all(saves);
    expect(await storedTally(worker)).toMatchObject({ count: 2, lease: null });
  });

  it.each([
    ['taking the lease', 1],
    ['a later save', 2],
  ])('comes after an abort in the midst of %s', async (_name, at) => {
    const controller = new AbortController();
    const worker = tallyWorker(abortingStore(at, controller));
    const work = async (): Promise<void> => {
      const session = await taken(worker, controller.signal);
      try {
        await session.save(addOne, { signal: controller.signal });
      } finally {
        await session.release({});
      }
    };
    await expect(work()).rejects.toThrow('shutting down');
    expect(await storedTally(worker)).toMatchObject({
      count: at - 1,
      fencingToken: 1,
      lease: null,
    });
  });

  it('comes after a store whose answers to the taking of it were all lost', async () => {
    const memory = memoryCursorStore();
    const plan = faultPlan({ at: 1, mode: 'after', effect: 'store.save' });
    const deaf = faultPlan({ at: 1, times: 3, mode: 'before', effect: 'store.save' });
    // The first save happens unanswered; the three that would have told so never reach the store.
    let first = true;
    const worker = tallyWorker(
      override(memory, {
        save: async (...input) => {
          const through = faulty(memory, first ? plan : deaf);
          first = false;
          return await through.save(...input);
        },
      }),
    );
    await expect(take(worker)).rejects.toMatchObject({ code: 'CHECKPOINT_UNAVAILABLE' });
    expect(await storedTally(worker)).toMatchObject({ fencingToken: 1, lease: null });
  });

  it('keeps nobody waiting longer than closeTimeoutMs when the store does not answer', async () => {
    const controller = new AbortController();
    const clock = manualClock();
    let isDeaf = false;
    const store = abortingStore(1, controller, (memory) => ({
      load: async (key, options) => {
        if (isDeaf) await clock.sleep(3_600_000, options?.signal);
        return await memory.load(key, options);
      },
    }));
    const settings = { ...tallyWorker(store).settings, runtime: clock };
    const worker: Worker = { settings, clock, losses: [] };
    const taking = take(worker, controller.signal);
    const outcome = taking.catch((error: unknown) => (error as Error).message);
    controller.signal.addEventListener('abort', () => (isDeaf = true));
    while (clock.sleepers < 2) await Promise.resolve();
    await clock.advance(10_000);
    expect(await outcome).toBe('shutting down');
    expect(clock.sleepers).toBe(0);
  });

  it('comes after a save under way that an abort ends', async () => {
    const controller = new AbortController();
    const worker = tallyWorker(abortingStore(2, controller));
    const session = await taken(worker);
    const saving = session.save(addOne, { signal: controller.signal }).catch(() => 'aborted');
    await session.release({});
    expect(await saving).toBe('aborted');
    expect(await storedTally(worker)).toMatchObject({ count: 1, lease: null });
  });

  it('leaves the lease to the worker that was faster, though both sent the same token', async () => {
    const controller = new AbortController();
    const memory = memoryCursorStore();
    const store = override(memory, {
      save: async (key, document, options) => {
        if (controller.signal.aborted) return await memory.save(key, document, options);
        controller.abort(new Error('shutting down'));
        throw controller.signal.reason as Error;
      },
    });
    const from = { document: NEW_TALLY, revision: null };
    const faster = await taken(tallyWorker(memory));
    const { settings } = tallyWorker(store);
    const taking = LeaseSession.acquire(settings, from, { signal: controller.signal });
    await expect(taking).rejects.toThrow('shutting down');
    expect(faster.current.fencingToken).toBe(1);
    expect(await faster.isCurrent({})).toBe(true);
  });

  it('leaves the lease to a later session of the same worker', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const later = await taken(worker);
    await expect(session.save(addOne, {})).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await session.release({});
    expect(await storedTally(worker)).toEqual(later.current);
  });

  it('leaves the lease to a worker that takes it between the look and the save', async () => {
    const controller = new AbortController();
    let onLoad: (() => Promise<unknown>) | null = null;
    const store = abortingStore(2, controller, (memory) => ({
      load: async (key, options) => {
        const loaded = await memory.load(key, options);
        const between = onLoad;
        onLoad = null;
        await between?.();
        return loaded;
      },
    }));
    const [worker, other] = [tallyWorker(store), tallyWorker(store)];
    const session = await taken(worker);
    await session.save(addOne, { signal: controller.signal }).catch(() => undefined);
    onLoad = () => taken(other);
    await session.release({});
    expect(await storedTally(other)).toMatchObject({
      fencingToken: 2,
      lease: { holder: other.settings.holder },
    });
  });

  it('never takes the lease of the worker that came after', async () => {
    const controller = new AbortController();
    const store = abortingStore(2, controller);
    const worker = tallyWorker(store);
    const session = await taken(worker);
    await expect(session.save(addOne, { signal: controller.signal })).rejects.toThrow('shutting');
    const next = await taken(tallyWorker(store));
    await session.release({});
    expect(await storedTally(worker)).toEqual(next.current);
  });

  it('refuses a save of its own that arrives after it', async () => {
    const plan = faultPlan({ at: 2, times: 4, mode: 'late', effect: 'store.save' });
    const worker = tallyWorker(faulty(memoryCursorStore(), plan));
    const session = await taken(worker);
    await expect(session.save(addOne, {})).rejects.toMatchObject({
      code: 'CHECKPOINT_UNAVAILABLE',
    });
    await session.release({});
    await plan.release();
    expect(await storedTally(worker)).toMatchObject({ count: 0, lease: null });
  });

  it('is silent when the store fails: the lease runs out by itself', async () => {
    const plan = faultPlan({ at: 2, times: 100, mode: 'before', effect: 'store.save' });
    const memory = memoryCursorStore();
    const session = await taken(tallyWorker(faulty(memory, plan)));
    await session.release({});
    expect(await storedTally(tallyWorker(memory))).toEqual(session.current);
  });
});

describe('the renewal of a lease', () => {
  it('moves its end with the clock until it is told to stop', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const stop = new AbortController();
    const losses: Error[] = [];
    const alive = session.keepAlive(stop.signal, (error) => losses.push(error));
    const begin = worker.clock.now().getTime();
    await worker.clock.advance(20_000);
    const renewed = await storedTally(worker);
    expect(renewed?.lease?.expiresAt).toBe(new Date(begin + 80_000).toISOString());
    stop.abort();
    await alive;
    expect(losses).toEqual([]);
    expect(worker.clock.sleepers).toBe(0);
  });

  it('tells of the loss of the lease, and ends', async () => {
    const store = memoryCursorStore();
    const worker = tallyWorker(store);
    const session = await taken(worker);
    const losses: Error[] = [];
    const alive = session.keepAlive(new AbortController().signal, (error) => losses.push(error));
    await taken(tallyWorker(store));
    await worker.clock.advance(20_000);
    await alive;
    expect(losses).toMatchObject([{ code: 'LEASE_LOST' }]);
    expect(worker.clock.sleepers).toBe(0);
  });
});
