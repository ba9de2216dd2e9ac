import { assert } from '../../errors/index.js';
import type { OperationOptions, TargetRow } from '../../interfaces/index.js';
import type { LeaseSession } from '../../leases/lease-session.js';
import type { Batch } from '../decide/batches.js';
import type { Mark, OpenBatch, PolicyDocument, SweepState } from '../policy-document.js';
import type { PolicySettings } from '../settings.js';
import type { Scan } from './scan.js';

/** What the steps of a sweep work with. */
export interface SweepContext {
  readonly settings: PolicySettings;
  readonly session: LeaseSession<PolicyDocument>;
  readonly scan: Scan;
  readonly options: OperationOptions;
}

/** A batch whose deletion was decided. */
export interface DecidedBatch {
  readonly open: OpenBatch;
  readonly batch: Batch;
  /** Its rows as they stand in the intent. */
  readonly rows: readonly TargetRow[];
  /** How often its deletion was sent or tried. */
  readonly sends: number;
  /** When it was last tried, by the host's clock in milliseconds. */
  readonly sentAtMs: number;
}

/** The mark that is swept. */
export function markOf({ session }: Pick<SweepContext, 'session'>): Mark {
  const { mark } = session.current;
  assert(mark !== null, 'a sweep has a mark');
  return mark;
}

/** How far the sweep has come. */
export function sweepOf(context: Pick<SweepContext, 'session'>): SweepState {
  const { sweep } = markOf(context);
  assert(sweep !== null, 'a sweep has a state');
  return sweep;
}

/**
 * Saves a changed state. A save that succeeds tells that nobody took over and that the mark still stands.
 * @throws `LEASE_LOST` when somebody did.
 */
export async function saveSweep(
  { session, options }: Pick<SweepContext, 'session' | 'options'>,
  change: (sweep: SweepState) => SweepState,
): Promise<void> {
  await session.save((current) => {
    const { mark } = current;
    if (mark === null || mark.sweep === null) return current;
    return { ...current, mark: { ...mark, sweep: change(mark.sweep) } };
  }, options);
}
