import { RetentionError } from '../errors/index.js';
import type { OperationOptions } from '../interfaces/index.js';
import { loadLeased } from '../leases/leased-document.js';
import { LeaseSession } from '../leases/lease-session.js';
import { closeInTime } from '../util/close-in-time.js';
import { emit } from '../util/observe.js';
import { writtenBefore } from './decide/cutoff.js';
import { endMark } from './end-mark.js';
import { leaseSettings } from './lease-settings.js';
import { boundsOf } from './plan.js';
import type { PolicyDocument } from './policy-document.js';
import type { PolicySettings } from './settings.js';
import { markOf, saveSweep, sweepOf } from './sweep/context.js';
import { OpenBatches } from './sweep/open-batches.js';

const ATTEMPTS = 5;

/**
 * Takes a mark back, whoever works on it: a sweep under way finds out before its next deletion and stops. What it
 * has deleted is gone; the receipts tell which rows. Once this is saved no run deletes under the mark any more, also
 * when the rest of this call fails: the next run then writes the receipts.
 * @throws RetentionError `MARK_UNKNOWN` when it is not the present mark.
 */
export async function cancelMark(
  settings: PolicySettings,
  markId: string,
  options: OperationOptions,
): Promise<void> {
  const session = await takeOver(settings, markId, options);
  try {
    await session.save(
      (current) => withCancelled(current, settings.runtime.now().toISOString()),
      options,
    );
    const deletedRows = await endCancelled({ settings, session }, options);
    const { policyId } = settings;
    emit(options.observer, { type: 'mark-cancel', policyId, markId, deletedRows });
  } finally {
    await closeInTime(settings, (signal) => session.release({ signal }));
  }
}

/**
 * Finds out what became of the batches of a mark that was taken back, and forgets the mark. Sends nothing.
 * @returns how many rows it had deleted.
 */
export async function endCancelled(
  context: {
    readonly settings: PolicySettings;
    readonly session: LeaseSession<PolicyDocument>;
  },
  options: OperationOptions,
): Promise<number> {
  const { settings, session } = context;
  const mark = markOf(context);
  if (mark.sweep === null) {
    await session.save((current) => ({ ...current, mark: null }), options);
    return 0;
  }
  if (mark.sweep.open.length > 0) {
    const { cutoff, before } = boundsOf(mark);
    const { unit, target } = settings;
    const scope = { unit, cutoff, before: writtenBefore(unit, { cutoff, before }), holds: [] };
    const reader = await target.open(scope, options);
    const ages = { cutoff, versionBound: target.versionAt(scope.before) };
    const scan = { scope, ages, reader, holds: [], proof: null };
    await new OpenBatches({ ...context, scan, options }, null).takeOver();
  }
  const endedAt = settings.runtime.now().toISOString();
  await saveSweep({ session, options }, (sweep) => ({
    ...sweep,
    endedAt: sweep.endedAt ?? endedAt,
  }));
  const { rows } = sweepOf(context).deleted;
  await endMark(context, options);
  return rows;
}

/** Takes the lease without asking: the one who holds it must stop. */
async function takeOver(
  settings: PolicySettings,
  markId: string,
  options: OperationOptions,
): Promise<LeaseSession<PolicyDocument>> {
  const lease = leaseSettings(settings);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const loaded = await loadLeased(lease, options);
    const mark = loaded?.document.mark ?? null;
    if (loaded === null || mark?.id !== markId) throw unknownMark(settings, mark?.id ?? null);
    const session = await LeaseSession.acquire(lease, loaded, options);
    if (session !== null) return session;
  }
  throw new RetentionError(
    'POLICY_BUSY',
    `The mark ${markId} could not be taken back: its sweep saved its progress ${ATTEMPTS} times meanwhile.`,
    { remedy: 'Try again, or `pause()` the policy first.', retryable: true },
  );
}

/** A mark whose sweep has ended stays what it is: its receipt may be written already. */
function withCancelled(current: PolicyDocument, cancelledAt: string): PolicyDocument {
  const { mark } = current;
  if (mark === null || mark.cancelledAt !== null || mark.sweep?.endedAt != null) return current;
  return { ...current, mark: { ...mark, cancelledAt } };
}

function unknownMark({ policyId }: PolicySettings, present: string | null): RetentionError {
  const what = present === null ? 'there is no mark' : `the present mark is ${present}`;
  return new RetentionError('MARK_UNKNOWN', `Retention policy "${policyId}": ${what}.`, {
    remedy: 'See `status()`. A mark that was swept cannot be taken back.',
    details: { policyId, markId: present },
  });
}
