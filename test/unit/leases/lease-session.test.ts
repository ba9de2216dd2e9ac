import { describe, expect, it } from 'vitest';

import { CheckpointError } from '../../../src/errors/index.js';
import { LeaseSession } from '../../../src/leases/lease-session.js';
import { memoryCursorStore } from '../../../src/stores/memory.js';
import { faultPlan } from '../../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../../src/testing/adapters/faulty.js';
import { seededRandom } from '../../../src/testing/adapters/seeded-random.js';
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

describe('a lease session', () => {
  it('takes the lease with the next fencing token', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const expiresAt = new Date(worker.clock.now().getTime() + 60_000).toISOString();
    expect(await storedTally(worker)).toEqual({
      ...NEW_TALLY,
      fencingToken: 1,
      writeId: session.current.writeId,
      lease: { holder: worker.settings.holder, expiresAt },
    });
    await session.release({});
    expect((await taken(worker)).current.fencingToken).toBe(2);
  });

  it('is for one of two workers that take it at once; the other gets null', async () => {
    const store = memoryCursorStore();
    const [one, two] = [tallyWorker(store), tallyWorker(store)];
    const from = { document: NEW_TALLY, revision: null };
    const sessions = await Promise.all(
      [one, two].map(({ settings }) => LeaseSession.acquire(settings, from, {})),
    );
    expect(sessions.filter((session) => session !== null)).toHaveLength(1);
    expect(await storedTally(one)).toMatchObject({ fencingToken: 1 });
  });

  it('saves one at a time, each change seeing what the one before it saved', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    await Promise.all(Array.from({ length: 20 }, () => session.save(addOne, {})));
    expect(session.current.count).toBe(20);
    expect(await storedTally(worker)).toEqual(session.current);
  });

  it.each([1, 2, 3, 4])(
    'counts every save that resolved, though workers take each other’s lease (seed %d)',
    async (seed) => {
      const random = seededRandom(seed);
      const memory = memoryCursorStore();
      const store = override(memory, {
        save: async (key, document, options) => {
          for (let turns = Math.floor(random() * 5); turns > 0; turns -= 1) await Promise.resolve();
          return await memory.save(key, document, options);
        },
      });
      const workers = Array.from({ length: 5 }, () => tallyWorker(store));
      const counts = await Promise.all(workers.map((worker) => countGreedily(worker)));
      const [saved, lost] = [0, 1].map((at) => counts.reduce((sum, pair) => sum + pair[at]!, 0));
      expect(lost).toBeGreaterThan(0);
      expect(await storedTally(workers[0]!)).toMatchObject({ count: saved });
    },
  );

  it('knows its own save when the answer was lost', async () => {
    const plan = faultPlan({ at: 2, mode: 'after', effect: 'store.save' });
    const worker = tallyWorker(faulty(memoryCursorStore(), plan));
    const session = await taken(worker);
    await session.save(addOne, {});
    await session.save(addOne, {});
    expect(await storedTally(worker)).toEqual(session.current);
    expect(session.current.count).toBe(2);
  });

  it('ends with LEASE_LOST at another worker’s save, and says so once', async () => {
    const store = memoryCursorStore();
    const [mine, other] = [tallyWorker(store), tallyWorker(store)];
    const session = await taken(mine);
    const thief = await taken(other);
    const observer = (): void => undefined;
    const lost = {
      name: 'RunError',
      code: 'LEASE_LOST',
      message: 'Another worker has taken over tally "votes". The other one counts on.',
      details: { tallyId: 'votes' },
    };
    await expect(session.save(addOne, { observer })).rejects.toMatchObject(lost);
    await expect(session.save(addOne, { observer })).rejects.toMatchObject(lost);
    await expect(session.isCurrent({})).rejects.toMatchObject(lost);
    expect(() => session.check()).toThrow('taken over');
    expect(mine.losses).toEqual([observer]);
    await session.release({});
    expect(await storedTally(other)).toEqual(thief.current);
  });

  it('ends when the outcome of a save stays unknown, and writes nothing any more', async () => {
    const plan = faultPlan({ at: 2, times: 4, mode: 'before', effect: 'store.save' });
    const worker = tallyWorker(faulty(memoryCursorStore(), plan));
    const session = await taken(worker);
    await expect(session.save(addOne, {})).rejects.toMatchObject({
      name: 'CheckpointError',
      code: 'CHECKPOINT_UNAVAILABLE',
      retryable: true,
      message:
        'Whether the sheet of tally "votes" was saved could not be learned in 4 attempts. Nothing was undone; run again once the cursor store answers.',
    });
    const saves = plan.effects.length;
    await expect(session.save(addOne, {})).rejects.toThrow('could not be learned');
    expect(plan.effects).toHaveLength(saves);
  });

  it('asks a store once that says that it cannot save at all', async () => {
    const memory = memoryCursorStore();
    let saves = 0;
    const store = override(memory, {
      save: async () => {
        saves += 1;
        throw new CheckpointError('CAPABILITY_MISSING', 'No conditional writes here.');
      },
    });
    await expect(take(tallyWorker(store))).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
    expect(saves).toBe(1);
  });

  it('refuses a document that it cannot read instead of guessing', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const { store, key } = worker.settings;
    const revision = (await store.load(key))?.revision ?? null;
    await store.save(key, { version: 2, count: 7 }, { ifRevision: revision });
    const unreadable = { code: 'CHECKPOINT_VERSION', message: /tally "votes" has another form/ };
    await expect(session.save(addOne, {})).rejects.toMatchObject(unreadable);
    await session.release({});
    await expect(take(worker)).rejects.toMatchObject(unreadable);
    expect((await store.load(key))?.document).toEqual({ version: 2, count: 7 });
  });

  it('refuses a document above its limit before sending it, and goes on', async () => {
    const worker = tallyWorker();
    const session = await taken(worker);
    const empty = Buffer.byteLength(JSON.stringify(session.current));
    const noted = (characters: number): Promise<void> =>
      session.save((tally) => ({ ...tally, note: 'x'.repeat(characters) }), {});
    await noted(1_000 - empty);
    await expect(noted(1_001 - empty)).rejects.toMatchObject({
      code: 'CHECKPOINT_TOO_LARGE',
      message:
        'The sheet of tally "votes" would take 1001 bytes; 1000 is the limit. Write shorter notes.',
    });
    await noted(1);
    expect(await storedTally(worker)).toMatchObject({ note: 'x' });
  });

  it('is current until somebody else saves', async () => {
    const store = memoryCursorStore();
    const session = await taken(tallyWorker(store));
    expect(await session.isCurrent({})).toBe(true);
    await taken(tallyWorker(store));
    expect(await session.isCurrent({})).toBe(false);
  });
});

/** Takes the lease again and again, whoever holds it. @returns how many saves resolved and how many were lost. */
async function countGreedily(worker: Worker): Promise<readonly [number, number]> {
  const tally = { saved: 0, lost: 0 };
  for (let round = 0; round < 10; round += 1) {
    const session = await take(worker);
    if (session === null) continue;
    await session.save(addOne, {}).then(
      () => (tally.saved += 1),
      () => (tally.lost += 1),
    );
  }
  return [tally.saved, tally.lost];
}
