import type { OperationOptions } from '../interfaces/index.js';
import type { LeaseSession } from '../leases/lease-session.js';
import { allowanceOf, isGraceJump } from './decide/brakes.js';
import type { Clocks } from './decide/cutoff.js';
import { type RetentionPlan, allowanceBy, checkPlan, sweepBounds } from './plan.js';
import { endMark } from './end-mark.js';
import { presentHolds } from './holds.js';
import { planNeeded } from './plan-needed.js';
import { type Mark, type PolicyDocument, type SweepState, newSweep } from './policy-document.js';
import type { PolicySettings } from './settings.js';
import { type SweepContext, markOf, saveSweep, sweepOf } from './sweep/context.js';
import { openPolicyProof, openTarget } from './sweep/scan.js';
import { Sweep, type SweepEnd, type SweepLimits } from './sweep/sweep.js';

/** What a mark is swept with. */
export interface SweepRequest {
  readonly settings: PolicySettings;
  readonly session: LeaseSession<PolicyDocument>;
  readonly clocks: Clocks;
  /** Whether a plan for this very mark was given to the run. */
  readonly isConfirmed: boolean;
  readonly limits: SweepLimits;
}

/** How a sweep ended, and the mark's receipt once there is one. */
export interface SweepResult {
  readonly end: SweepEnd;
  readonly sweep: SweepState;
  readonly receiptKey: string | null;
}

/**
 * Takes a plan for the mark that there is: it may then delete what the plan says, besides what it has deleted.
 * @throws RetentionError `PLAN_INVALID`.
 */
export async function confirmMark(
  request: Omit<SweepRequest, 'isConfirmed' | 'limits'> & { readonly plan: RetentionPlan },
  options: OperationOptions,
): Promise<void> {
  const { settings, session, clocks, plan } = request;
  const mark = markOf(request);
  const holds = await presentHolds(settings.holds, options);
  checkPlan(plan, settings, { holds, planeNow: clocks.plane, markId: mark.id });
  const allowance = Math.max(mark.allowance, allowanceBy(plan));
  await session.save(
    (current) => ({ ...current, mark: { ...mark, allowance, planToken: plan.token } }),
    options,
  );
}

/**
 * Sweeps the mark of a policy, or goes on with it. Holds and `keepDays` are those of now; cutoff and bound are those
 * of the mark.
 */
export async function sweepMark(
  request: SweepRequest,
  options: OperationOptions,
): Promise<SweepResult> {
  const { settings, session, clocks, limits } = request;
  const mark = markOf(request);
  if (mark.sweep?.endedAt != null) return await ended(request, options);
  const bounds = sweepBounds(mark, clocks.plane, settings.keepDays);
  if (!request.isConfirmed && isGraceJump(mark, clocks)) {
    throw planNeeded(settings, 'cutoff-jump', { cutoff: mark.cutoff, lastCutoff: mark.cutoff });
  }
  const opened = await openTarget(settings, bounds, options);
  const proof = await openPolicyProof(settings, session.current.proofFloor, options);
  const scan = { ...opened, proof };
  const sweep = mark.sweep ?? newSweep(clocks.plane);
  const allowance = presentAllowance(mark, settings);
  await session.save((current) => ({ ...current, mark: { ...mark, sweep, allowance } }), options);
  const context: SweepContext = { settings, session, scan, options };
  const end = await new Sweep(context, limits).run();
  if (end !== 'swept') return { end, sweep: sweepOf(context), receiptKey: null };
  await endSweep(context);
  return await ended(request, options);
}

/** What a mark may delete by the brakes of now; a plan that confirmed it stands above them. */
function presentAllowance(mark: Mark, { brakes }: PolicySettings): number {
  if (mark.planToken !== null) return mark.allowance;
  return Math.min(mark.allowance, allowanceOf(mark.survey, brakes.maxFraction));
}

async function ended(
  { settings, session }: SweepRequest,
  options: OperationOptions,
): Promise<SweepResult> {
  const sweep = sweepOf({ session });
  return { end: 'swept', sweep, receiptKey: await endMark({ settings, session }, options) };
}

async function endSweep(context: SweepContext): Promise<void> {
  const { settings, session, scan, options } = context;
  const endedAt = settings.runtime.now().toISOString();
  const lowest = sweepOf(context).lowestKept ?? scan.ages.versionBound;
  const proofFloor = scan.proof?.floor(lowest) ?? null;
  await saveSweep(context, (sweep) => ({ ...sweep, endedAt }));
  await session.save((current) => ({ ...current, proofFloor }), options);
}
