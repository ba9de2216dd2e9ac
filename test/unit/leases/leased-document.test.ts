import { describe, expect, it } from 'vitest';

import { isLocked, leaseProblem, loadLeased } from '../../../src/leases/leased-document.js';
import { memoryCursorStore } from '../../../src/stores/memory.js';
import { NEW_TALLY, taken, tallyWorker } from '../../support/lease-fixture.js';

const MINUTE_MS = 60_000;

describe('a leased document', () => {
  it('is null until it was saved', async () => {
    const worker = tallyWorker();
    expect(await loadLeased(worker.settings, {})).toBeNull();
    const session = await taken(worker);
    expect(await loadLeased(worker.settings, {})).toMatchObject({ document: session.current });
  });

  it.each([
    ['the moment before it runs out', 1, true],
    ['the moment when it runs out', 0, false],
    ['a lease ahead by as much as clocks may differ', 16 * MINUTE_MS, true],
    ['a lease further ahead than any honest clock', 16 * MINUTE_MS + 1, false],
  ])('is locked or not: %s', (_name, leftMs, locked) => {
    const { settings, clock } = tallyWorker();
    const expiresAt = new Date(clock.now().getTime() + leftMs).toISOString();
    const document = { ...NEW_TALLY, lease: { holder: 'another', expiresAt } };
    expect(isLocked(document, settings)).toBe(locked);
  });

  it('is locked for others than the holder only', async () => {
    const store = memoryCursorStore();
    const [mine, other] = [tallyWorker(store), tallyWorker(store)];
    const session = await taken(mine);
    expect(isLocked(session.current, mine.settings)).toBe(false);
    expect(isLocked(session.current, other.settings)).toBe(true);
    await session.release({});
    expect(isLocked(session.current, other.settings)).toBe(false);
  });

  it.each([
    [{ writeId: 7 }, 'has a bad writeId'],
    [{ fencingToken: 0.5 }, 'has a bad fencingToken'],
    [{ fencingToken: -1 }, 'has a bad fencingToken'],
    [{ fencingToken: '1' }, 'has a bad fencingToken'],
    [{ fencingToken: undefined }, 'has a bad fencingToken'],
    [{ lease: undefined }, 'has a bad lease'],
    [{ lease: 'me' }, 'has a bad lease'],
    [{ lease: { holder: 'me' } }, 'has a bad lease'],
    [{}, null],
  ])('with %j %s', (members, problem) => {
    const stored = { ...NEW_TALLY, ...members } as Parameters<typeof leaseProblem>[0];
    expect(leaseProblem(stored)).toBe(problem);
  });
});
