import type { Batch } from '../decide/batches.js';
import { isAllowed } from '../decide/brakes.js';
import { planNeeded } from '../plan-needed.js';
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
  const { survey, allowance } = markOf(context);
  const more = survey.of === 'rows' ? rowsOf(batch) : batch.units.length;
  if (isAllowed(more, { decided: decidedOf(context), allowance })) return;
  await settle();
  if (isAllowed(more, { decided: decidedOf(context), allowance })) return;
  throw planNeeded(context.settings, 'fraction', {
    existing: survey.existing,
    counted: survey.of,
    allowance,
    wanted: decidedOf(context) + more,
  });
}

/** What was decided under the mark so far: confirmed, or still open. */
function decidedOf(context: SweepContext): number {
  const { survey } = markOf(context);
  const { deleted, open } = sweepOf(context);
  if (survey.of === 'rows') return open.reduce((sum, { rows }) => sum + rows, deleted.rows);
  // An open batch without rows is that of an experiment itself.
  return deleted.units + open.filter(({ rows }) => rows === 0).length;
}

function rowsOf({ units }: Batch): number {
  return units.reduce((sum, { rows }) => sum + rows.length, 0);
}
