import type { Batch } from '../decide/batches.js';
import { isAllowed } from '../decide/brakes.js';
import { planNeeded } from '../plan-needed.js';
import { decidedUnder } from '../policy-document.js';
import { type SweepContext, markOf, sweepOf } from './context.js';

/**
 * Refuses a batch that would delete more than its mark may.
 * @param settle what is done before it is thrown: nothing that was sent stays untold.
 * @throws RetentionError `PLAN_NEEDED`.
 */
export async function checkAllowance(
  context: SweepContext,
  batch: Batch,
  settle: () => Promise<void>,
): Promise<void> {
  const decided = (): number => decidedUnder(markOf(context));
  const { survey, allowance } = markOf(context);
  const more = survey.of === 'rows' ? rowsOf(batch) : objectsNotIn(sweepOf(context).begun, batch);
  if (isAllowed(more, { decided: decided(), allowance })) return;
  await settle();
  if (isAllowed(more, { decided: decided(), allowance })) return;
  throw planNeeded(context.settings, 'fraction', {
    existing: survey.existing,
    counted: survey.of,
    allowance,
    wanted: decided() + more,
  });
}

/** An object counts once, with the first batch of its rows. */
function objectsNotIn(begun: readonly string[], { units }: Batch): number {
  return units.filter(({ id, object }) => !begun.includes(object?.id ?? id)).length;
}

function rowsOf({ units }: Batch): number {
  return units.reduce((sum, { rows }) => sum + rows.length, 0);
}
