import { RetentionError } from '../errors/index.js';
import type { OperationOptions } from '../interfaces/index.js';
import { loadLeased } from '../leases/leased-document.js';
import { LeaseSession } from '../leases/lease-session.js';
import { closeInTime } from '../util/close-in-time.js';
import { emit } from '../util/observe.js';
import { leaseSettings } from './lease-settings.js';
import type { PolicySettings } from './settings.js';

const ATTEMPTS = 5;

/**
 * Takes a mark back, whoever works on it: a sweep under way finds out before its next deletion and stops. What it
 * has deleted is gone; the receipts tell which rows.
 * @throws RetentionError `MARK_UNKNOWN` when it is not the present mark.
 */
export async function cancelMark(
  settings: PolicySettings,
  markId: string,
  options: OperationOptions,
): Promise<void> {
  const lease = leaseSettings(settings);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const loaded = await loadLeased(lease, options);
    const mark = loaded?.document.mark ?? null;
    if (loaded === null || mark?.id !== markId) throw unknownMark(settings, mark?.id ?? null);
    // The lease is taken without asking: the one who holds it must stop.
    const session = await LeaseSession.acquire(lease, loaded, options);
    if (session === null) continue;
    const { units, rows } = mark.sweep?.deleted ?? { units: 0, rows: 0 };
    await session.save(
      (current) => ({
        ...current,
        mark: null,
        totals: {
          ...current.totals,
          units: current.totals.units + units,
          rows: current.totals.rows + rows,
        },
      }),
      options,
    );
    await closeInTime(settings, (signal) => session.release({ signal }));
    emit(options.observer, {
      type: 'mark-cancel',
      policyId: settings.policyId,
      markId,
      deletedRows: rows,
    });
    return;
  }
  throw new RetentionError(
    'POLICY_BUSY',
    `The mark ${markId} could not be taken back: its sweep saved its progress ${ATTEMPTS} times meanwhile.`,
    { remedy: 'Try again, or `pause()` the policy first.', retryable: true },
  );
}

function unknownMark({ policyId }: PolicySettings, present: string | null): RetentionError {
  const what = present === null ? 'there is no mark' : `the present mark is ${present}`;
  return new RetentionError('MARK_UNKNOWN', `Retention policy "${policyId}": ${what}.`, {
    remedy: 'See `status()`. A mark that was swept cannot be taken back.',
    details: { policyId, markId: present },
  });
}
