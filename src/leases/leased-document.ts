import type { CursorStore, Json, OperationOptions, Runtime } from '../interfaces/index.js';

/** A lease that ends later than any honest clock could say is a broken clock's, and does not hold. */
const CLOCK_SKEW_MAX_MS = 15 * 60_000;

/** Who may run now. It saves work; safety rests on compare-and-swap alone. */
export interface Lease {
  readonly holder: string;
  /** ISO 8601, by the holder's clock. */
  readonly expiresAt: string;
}

/** The members that a document needs so that one worker at a time changes it. */
export interface LeasedDocument {
  /** Random for each save: tells a writer whether a save of unknown outcome was its own. */
  readonly writeId: string;
  /** Grows whenever a worker takes the lease. */
  readonly fencingToken: number;
  readonly lease: Lease | null;
}

/** Where a leased document is, and how its owner reads it. */
export interface DocumentPlace<D extends LeasedDocument> {
  readonly store: CursorStore;
  readonly key: string;
  /** Checks what was stored. It throws when anything is unexpected: a document is never guessed. */
  readonly parse: (stored: Json) => D;
}

/** A leased document and the revision that a later save must name. */
export interface LoadedDocument<D extends LeasedDocument> {
  readonly document: D;
  readonly revision: string;
}

/** The first form of a document, not saved yet. */
export interface NewDocument<D extends LeasedDocument> {
  readonly document: D;
  readonly revision: null;
}

/** Times of a lease, in milliseconds. */
export interface LeaseLimits {
  /** How long a worker that died keeps others out. */
  readonly leaseMs: number;
  /** How often a worker renews its lease: half of `leaseMs` at most. */
  readonly leaseRenewMs: number;
  /** Most time for giving back the lease. */
  readonly closeTimeoutMs: number;
}

/** One worker's view of leases: who it is and how it measures time. */
export interface LeaseViewer {
  readonly runtime: Runtime;
  /** Tells this worker's leases from those of others. */
  readonly holder: string;
  readonly limits: Pick<LeaseLimits, 'leaseMs'>;
}

/** Reads and checks a document; `null` when it was never saved. */
export async function loadLeased<D extends LeasedDocument>(
  place: DocumentPlace<D>,
  options: OperationOptions,
): Promise<LoadedDocument<D> | null> {
  const stored = await place.store.load(place.key, options);
  if (stored === null) return null;
  return { document: place.parse(stored.document), revision: stored.revision };
}

/** True while another worker may be running. */
export function isLocked({ lease }: LeasedDocument, viewer: LeaseViewer): boolean {
  if (lease === null || lease.holder === viewer.holder) return false;
  const left = Date.parse(lease.expiresAt) - viewer.runtime.now().getTime();
  return left > 0 && left <= viewer.limits.leaseMs + CLOCK_SKEW_MAX_MS;
}

/** What is wrong with the leased members of a stored object, as the end of a sentence; `null` when nothing is. */
export function leaseProblem(stored: Partial<LeasedDocument>): string | null {
  const { writeId, fencingToken, lease } = stored;
  if (!Number.isSafeInteger(fencingToken) || Number(fencingToken) < 0)
    return 'has a bad fencingToken';
  if (typeof writeId !== 'string') return 'has a bad writeId';
  if (lease !== null && typeof lease?.expiresAt !== 'string') return 'has a bad lease';
  return null;
}
