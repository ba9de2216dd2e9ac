import type { OperationOptions } from '../interfaces/index.js';
import { isLocked, loadLeased } from '../leases/leased-document.js';
import { sweepDueAt } from './decide/cutoff.js';
import { leaseSettings } from './lease-settings.js';
import type { Mark, PolicyDocument } from './policy-document.js';
import { historyOf, pauseOf } from './records.js';
import type { MarkStatus, RetentionStatus } from './results.js';
import type { PolicySettings } from './settings.js';

/** Reads where a policy stands; changes nothing. */
export async function policyStatus(
  settings: PolicySettings,
  options: OperationOptions,
): Promise<RetentionStatus> {
  const { policyId, unit, keepDays } = settings;
  const lease = leaseSettings(settings);
  const loaded = await loadLeased(lease, options);
  const runs = await historyOf(settings).load(options);
  const paused = await pauseOf(settings).isSet(options);
  const document = loaded?.document ?? null;
  const failed = runs.find((run) => run.error !== null);
  return {
    policyId,
    // Asked as a stranger, so that this policy's own run counts as running too.
    state: paused
      ? 'paused'
      : stateOf(document, document !== null && isLocked(document, { ...lease, holder: '' })),
    unit,
    keepDays,
    mark: document?.mark == null ? null : markStatus(document.mark, settings.graceHours),
    totals: document?.totals ?? { units: 0, rows: 0, marks: 0 },
    lastRun: runs[0] ?? null,
    lastError:
      failed === undefined
        ? null
        : { code: failed.reason, message: failed.error ?? '', at: new Date(failed.endedAt) },
  };
}

function stateOf(document: PolicyDocument | null, isRunning: boolean): RetentionStatus['state'] {
  if (document === null) return 'new';
  if (isRunning) return 'running';
  if (document.mark === null) return 'idle';
  return document.mark.sweep === null ? 'grace' : 'sweeping';
}

function markStatus(mark: Mark, graceHours: number): MarkStatus {
  const { sweep } = mark;
  return {
    id: mark.id,
    markedAt: new Date(mark.planeNow),
    dueAt: sweepDueAt(mark, graceHours),
    cutoff: new Date(mark.cutoff),
    writtenBefore: new Date(mark.before),
    survey: mark.survey,
    allowance: mark.allowance,
    isConfirmed: mark.planToken !== null,
    isCancelled: mark.cancelledAt !== null,
    sweep:
      sweep === null
        ? null
        : {
            startedAt: new Date(sweep.startedAt),
            deleted: sweep.deleted,
            kept: sweep.kept,
            openBatches: sweep.open.length,
          },
  };
}
