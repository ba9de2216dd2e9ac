import { RetentionError } from '../errors/index.js';
import type { BrakeName } from './decide/brakes.js';
import type { PolicySettings } from './settings.js';

/** The error of a brake: nothing goes further until somebody has looked at a plan. */
export function planNeeded(
  { policyId, brakes }: PolicySettings,
  brake: BrakeName,
  facts: Readonly<Record<string, unknown>>,
): RetentionError {
  const { wanted, existing, counted } = facts;
  const reason =
    brake === 'fraction'
      ? `${String(wanted)} of ${String(existing)} ${String(counted)} would go, and \`brakes.maxFraction\` is ${brakes.maxFraction}`
      : 'the cutoff moved more than a day further than time passed: a clock jumped, or `keepDays` changed';
  return new RetentionError('PLAN_NEEDED', `Retention policy "${policyId}" stopped: ${reason}.`, {
    remedy: 'Look at `plan()`; if it is what you want, `run({ plan })`.',
    details: { policyId, brake, ...facts },
  });
}
