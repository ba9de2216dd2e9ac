import { CheckpointError } from '../../src/errors/index.js';
import type { CursorStore, Json, Observer } from '../../src/interfaces/index.js';
import { LeaseSession, type LeaseSettings } from '../../src/leases/lease-session.js';
import { type LeasedDocument, leaseProblem, loadLeased } from '../../src/leases/leased-document.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';

const KEY = 'tallies/votes';
const MAX_BYTES = 1_000;

/** A leased document that is no export's: it counts. */
export interface Tally extends LeasedDocument {
  readonly version: 1;
  readonly count: number;
  readonly note: string;
}

export const NEW_TALLY: Tally = Object.freeze({
  version: 1,
  count: 0,
  note: '',
  writeId: '',
  fencingToken: 0,
  lease: null,
});

function parseTally(stored: Json): Tally {
  const tally = stored as unknown as Tally;
  const problem = tally.version === 1 ? leaseProblem(tally) : 'has another form';
  if (problem === null) return tally;
  throw new CheckpointError('CHECKPOINT_VERSION', `The sheet of tally "votes" ${problem}.`);
}

/** One of several workers on one tally. */
export interface Worker {
  readonly settings: LeaseSettings<Tally>;
  readonly clock: ManualClock;
  /** Observers of the saves that found another worker's save. */
  readonly losses: (Observer | undefined)[];
}

let workers = 0;

/** A worker on the tally in `store`; no two have a holder in common. */
export function tallyWorker(store: CursorStore = memoryCursorStore()): Worker {
  workers += 1;
  const clock = manualClock({ autoAdvance: true, seed: workers });
  const losses: (Observer | undefined)[] = [];
  const settings: LeaseSettings<Tally> = {
    store,
    key: KEY,
    parse: parseTally,
    runtime: clock,
    holder: `worker-${workers}`,
    limits: { leaseMs: 60_000, leaseRenewMs: 20_000, closeTimeoutMs: 10_000 },
    maxBytes: MAX_BYTES,
    texts: {
      owner: 'tally "votes"',
      document: 'sheet',
      tooLargeRemedy: 'Write shorter notes.',
      lostRemedy: 'The other one counts on.',
      details: { tallyId: 'votes' },
    },
    onLeaseLost: (observer) => losses.push(observer),
  };
  return { settings, clock, losses };
}

/** Takes the lease, whoever holds it. `null` when another worker was faster. */
export async function take(
  { settings }: Worker,
  signal?: AbortSignal,
): Promise<LeaseSession<Tally> | null> {
  const from = (await loadLeased(settings, {})) ?? { document: NEW_TALLY, revision: null };
  return await LeaseSession.acquire(settings, from, { signal });
}

/** Takes the lease as {@link take} does, where nobody else can be faster. */
export async function taken(worker: Worker, signal?: AbortSignal): Promise<LeaseSession<Tally>> {
  const session = await take(worker, signal);
  if (session === null) throw new Error('another worker was faster');
  return session;
}

/** What the store of the tally holds, as anybody may read it. */
export async function storedTally({ settings }: Worker): Promise<Tally | undefined> {
  return (await loadLeased(settings, {}))?.document;
}

/** The change that counts one more. */
export function addOne(tally: Tally): Tally {
  return { ...tally, count: tally.count + 1 };
}
