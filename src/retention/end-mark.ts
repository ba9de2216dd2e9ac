import type { OperationOptions } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { PolicyDocument } from './policy-document.js';
import { type MarkReceipt, RECEIPT_VERSION, markReceiptKey } from './receipts/receipt.js';
import { putReceipt } from './receipts/receipt-store.js';
import type { PolicySettings } from './settings.js';
import { type SweepContext, markOf, sweepOf } from './sweep/context.js';
import { keptRows } from './sweep/tally.js';

/**
 * Writes the receipt of a mark whose sweep has ended, then forgets the mark. What both are made from is saved, so that
 * any worker writes the same.
 * @returns the key of the receipt.
 */
export async function endMark(
  context: Pick<SweepContext, 'settings' | 'session'>,
  options: OperationOptions,
): Promise<string> {
  const { settings, session } = context;
  const { policyId } = settings;
  const mark = markOf(context);
  const { deleted, kept } = sweepOf(context);
  const receiptKey = markReceiptKey(policyId, mark.id);
  const value = markReceiptOf(settings, context);
  await putReceipt(settings.receipts, { key: receiptKey, value }, options);
  await session.save(withoutMark, options);
  emit(options.observer, {
    type: 'mark-end',
    policyId,
    markId: mark.id,
    deletedRows: deleted.rows,
    deletedUnits: deleted.units,
    keptRows: keptRows(kept),
    receiptKey,
  });
  return receiptKey;
}

/** The document once its mark is done with. A mark that was taken back is no measure for the next cutoff. */
function withoutMark(current: PolicyDocument): PolicyDocument {
  const { mark, totals } = current;
  if (mark === null) return current;
  const { cutoff, planeNow, hostNow, cancelledAt, sweep } = mark;
  const { units, rows } = sweep?.deleted ?? { units: 0, rows: 0 };
  return {
    ...current,
    mark: null,
    baseline: cancelledAt === null ? { cutoff, planeNow, hostNow } : current.baseline,
    totals: { units: totals.units + units, rows: totals.rows + rows, marks: totals.marks + 1 },
  };
}

function markReceiptOf(
  { policyId }: PolicySettings,
  context: Pick<SweepContext, 'session'>,
): MarkReceipt {
  // As it was begun: somebody who takes a mark back may have other settings by now.
  const { fingerprint } = context.session.current;
  const mark = markOf(context);
  const sweep = sweepOf(context);
  return {
    version: RECEIPT_VERSION,
    policyId,
    markId: mark.id,
    target: fingerprint.target,
    unit: fingerprint.unit,
    keepDays: mark.keepDays,
    cutoff: mark.cutoff,
    before: mark.before,
    markedAt: mark.planeNow,
    sweptAt: sweep.startedAt,
    endedAt: sweep.endedAt ?? sweep.startedAt,
    cancelledAt: mark.cancelledAt,
    batches: sweep.nextBatch - 1,
    deleted: sweep.deleted,
    remainedRows: sweep.remainedRows,
    changedRows: sweep.changedRows,
    kept: sweep.kept,
    readAgeMaxMs: sweep.readAgeMaxMs,
  };
}
