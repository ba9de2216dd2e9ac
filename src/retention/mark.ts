import type { OperationOptions, Survey } from '../interfaces/index.js';
import type { LeaseSession } from '../leases/lease-session.js';
import { emit } from '../util/observe.js';
import { allowanceOf, isAllowed, isCutoffJump } from './decide/brakes.js';
import { type Baseline, type Clocks, type MarkBounds, dueAt, markBounds } from './decide/cutoff.js';
import {
  type RetentionPlan,
  allowanceBy,
  boundsOf,
  checkPlan,
  countedBy,
  tallyScan,
} from './plan.js';
import { planNeeded } from './plan-needed.js';
import type { Mark, PolicyDocument } from './policy-document.js';
import type { PolicySettings } from './settings.js';
import { type Scan, openPolicyProof, openTarget } from './sweep/scan.js';

const MARK_DIGITS = 6;
const NONCE_CHARACTERS = 8;

/** What a mark is made from. */
export interface MarkRequest {
  readonly settings: PolicySettings;
  readonly session: LeaseSession<PolicyDocument>;
  readonly clocks: Clocks;
  readonly plan: RetentionPlan | undefined;
}

/**
 * Makes a mark: cutoff, bound and counts, saved before anything can be deleted under it.
 * @returns `null` when nothing is old enough.
 * @throws RetentionError `PLAN_NEEDED`, `PLAN_INVALID`.
 */
export async function makeMark(
  request: MarkRequest,
  options: OperationOptions,
): Promise<Mark | null> {
  const { settings, session, clocks, plan } = request;
  const bounds = plan === undefined ? markBounds(clocks.plane, settings) : boundsOf(plan);
  if (plan === undefined) checkCutoff(request, bounds.cutoff);
  const opened = await openTarget(settings, bounds, options);
  if (plan !== undefined)
    checkPlan(plan, settings, { holds: opened.holds, planeNow: clocks.plane, markId: null });
  const survey = await opened.reader.survey(options);
  if (survey.candidates === 0) {
    const baseline = baselineOf(bounds.cutoff, clocks);
    await session.save((current) => ({ ...current, baseline }), options);
    return null;
  }
  const allowance = await allowanceFor(request, { ...opened, survey }, options);
  const mark = newMark(request, { bounds, survey, allowance });
  await session.save((current) => ({ ...current, mark, nextMark: current.nextMark + 1 }), options);
  emit(options.observer, {
    type: 'mark-set',
    policyId: settings.policyId,
    markId: mark.id,
    cutoff: bounds.cutoff,
    dueAt: new Date(mark.dueAt),
    candidates: survey.candidates,
  });
  return mark;
}

function baselineOf(cutoff: Date, { plane, host }: Clocks): Baseline {
  return {
    cutoff: cutoff.toISOString(),
    planeNow: plane.toISOString(),
    hostNow: host.toISOString(),
  };
}

/** Refuses a cutoff that moved further than time passed. */
function checkCutoff({ settings, session, clocks }: MarkRequest, cutoff: Date): void {
  const { baseline } = session.current;
  if (!isCutoffJump(baseline, cutoff, clocks)) return;
  throw planNeeded(settings, 'cutoff-jump', {
    cutoff: cutoff.toISOString(),
    lastCutoff: baseline?.cutoff ?? null,
  });
}

/** How much the mark may delete; a brake that holds is thrown. */
async function allowanceFor(
  { settings, session, plan }: MarkRequest,
  opened: Omit<Scan, 'proof'> & { readonly survey: Survey },
  options: OperationOptions,
): Promise<number> {
  const { survey } = opened;
  const allowance = allowanceOf(survey, settings.brakes.maxFraction);
  if (plan !== undefined) return Math.max(allowance, allowanceBy(plan));
  if (isAllowed(survey.candidates, { decided: 0, allowance })) return allowance;
  // What is held, or not exported, is old as well but does not go: only the whole judgement tells.
  const proof = await openPolicyProof(settings, session.current.proofFloor, options);
  const from = { policyId: settings.policyId, cursor: null, markId: null };
  const { tally } = await tallyScan({ ...opened, proof }, from, options);
  const wanted = countedBy(survey, tally.go);
  if (isAllowed(wanted, { decided: 0, allowance })) return allowance;
  throw planNeeded(settings, 'fraction', {
    existing: survey.existing,
    counted: survey.of,
    allowance,
    wanted,
  });
}

function newMark(
  { settings, session, clocks, plan }: MarkRequest,
  found: {
    readonly bounds: MarkBounds;
    readonly survey: Survey;
    readonly allowance: number;
  },
): Mark {
  const { runtime, keepDays, graceHours } = settings;
  const number = String(session.current.nextMark).padStart(MARK_DIGITS, '0');
  return {
    id: `${number}-${runtime.id().slice(0, NONCE_CHARACTERS)}`,
    planeNow: clocks.plane.toISOString(),
    hostNow: clocks.host.toISOString(),
    keepDays,
    cutoff: found.bounds.cutoff.toISOString(),
    before: found.bounds.before.toISOString(),
    dueAt: dueAt(clocks.plane, graceHours).toISOString(),
    survey: found.survey,
    allowance: found.allowance,
    planToken: plan?.token ?? null,
    cancelledAt: null,
    sweep: null,
  };
}
