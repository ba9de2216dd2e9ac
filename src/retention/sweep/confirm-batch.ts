import type { RetentionUnit } from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import { type Remains, remainsOf } from '../decide/batches.js';
import { type DeletionOutcome, RECEIPT_VERSION, outcomeKey } from '../receipts/receipt.js';
import { putReceipt, readOutcome } from '../receipts/receipt-store.js';
import { type DecidedBatch, type SweepContext, markOf, saveSweep } from './context.js';

/** What is there of a batch whose deletion was sent. */
export interface BatchRemains extends Remains {
  /** Whether its object is gone; `null` when it has none. */
  readonly objectGone: boolean | null;
}

/** Asks what is there of a batch. */
export async function askRemains(
  { scan, options }: SweepContext,
  { rows, batch }: DecidedBatch,
): Promise<BatchRemains> {
  const present = rows.length === 0 ? [] : await scan.reader.remaining(rows, options);
  const { object } = batch;
  if (object === null) return { ...remainsOf(rows, present), objectGone: null };
  const remains = await scan.reader.objectRemains?.(object, options);
  return { ...remainsOf(rows, present), objectGone: remains === false };
}

/** True when nothing of a batch is there any more in the form that was to go. */
export function isGone({ remained, objectGone }: BatchRemains): boolean {
  return remained.length === 0 && objectGone !== false;
}

/** Writes down what became of a batch, and takes it off the list of open ones. */
export async function closeBatch(
  context: SweepContext,
  decided: DecidedBatch,
  remains: BatchRemains,
): Promise<DeletionOutcome> {
  const { settings, options } = context;
  const { intentKey, number } = decided.open;
  // Whoever was overtaken must not tell what it saw long ago: nobody may tell otherwise afterwards.
  await saveSweep(context, (sweep) => sweep);
  // A run that died here may have written one: what it saw counts.
  const earlier = await readOutcome(settings.receipts, intentKey, options);
  const outcome = earlier ?? outcomeOf(decided, remains, settings.runtime.now());
  if (earlier === null)
    await putReceipt(settings.receipts, { key: outcomeKey(intentKey), value: outcome }, options);
  const gone = { rows: outcome.gone, units: unitsGone(settings.unit, decided, outcome) };
  const objectId = decided.batch.object?.id;
  const isLeft = outcome.remained.length > 0 || outcome.objectGone === false;
  await saveSweep(context, (sweep) => ({
    ...sweep,
    open: sweep.open.filter((open) => open.intentKey !== intentKey),
    begun: sweep.begun.filter((id) => outcome.objectGone !== true || id !== objectId),
    deleted: {
      rows: sweep.deleted.rows + gone.rows,
      units: sweep.deleted.units + gone.units,
    },
    changedRows: sweep.changedRows + outcome.changed.length,
    remainedRows: sweep.remainedRows + outcome.remained.length,
    again: sweep.again || isLeft,
  }));
  emit(options.observer, {
    type: 'rows-confirm',
    policyId: settings.policyId,
    markId: markOf(context).id,
    batch: number,
    gone: outcome.gone,
    remained: outcome.remained.length,
    changed: outcome.changed.length,
  });
  return outcome;
}

function outcomeOf(decided: DecidedBatch, remains: BatchRemains, now: Date): DeletionOutcome {
  const { remained, changed, objectGone } = remains;
  return {
    version: RECEIPT_VERSION,
    intentKey: decided.open.intentKey,
    batch: decided.open.number,
    confirmedAt: now.toISOString(),
    gone: decided.rows.length - remained.length - changed.length,
    remained,
    changed,
    objectGone,
  };
}

/** Units of which everything is gone. Parts of a unit count with the last one; units of an object with the object. */
function unitsGone(
  unit: RetentionUnit,
  { batch, rows }: DecidedBatch,
  outcome: DeletionOutcome,
): number {
  if (unit === 'experiment') return outcome.objectGone === true ? 1 : 0;
  if (batch.isPart) return 0;
  const left = new Set([...outcome.remained, ...outcome.changed].map((place) => rows[place]?.id));
  const sent = new Set(rows.map(({ id }) => id));
  return batch.units.filter(({ rows: own }) => {
    return own.length > 0 && own.every(({ id }) => sent.has(id) && !left.has(id));
  }).length;
}

/** Takes a batch off the list of open ones of which nothing is known any more. What it deleted stays untold. */
export async function forgetBatch(context: SweepContext, intentKey: string): Promise<void> {
  await saveSweep(context, (sweep) => ({
    ...sweep,
    open: sweep.open.filter((open) => open.intentKey !== intentKey),
  }));
}
