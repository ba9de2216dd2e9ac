import type { Hold, OperationOptions, Survey, TargetReader } from '../interfaces/index.js';
import type { LeaseSession } from '../leases/lease-session.js';
import { emit } from '../util/observe.js';
import { allowanceOf, isAllowed, isCutoffJump } from './decide/brakes.js';
import { type Clocks, type MarkBounds, dueAt, markBounds } from './decide/cutoff.js';
import { type RetentionPlan, boundsOf, checkPlan, countedBy, tallyScan } from './plan.js';
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
  const opened = await openTarget(settings, bounds, options);
  if (plan !== undefined) checkMarkPlan(request, plan, opened.holds);
  const survey = await opened.reader.survey(options);
  if (survey.candidates === 0) return null;
  const allowance = await allowanceFor(request, { ...opened, bounds, survey }, options);
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

function checkMarkPlan(
  { settings, clocks }: MarkRequest,
  plan: RetentionPlan,
  holds: readonly Hold[],
): void {
  checkPlan(plan, settings, { holds, planeNow: clocks.plane, markId: null });
}

/** How much the mark may delete; a brake that holds is thrown. */
async function allowanceFor(
  request: MarkRequest,
  opened: Omit<Scan, 'proof'> & {
    readonly bounds: MarkBounds;
    readonly survey: Survey;
    readonly reader: TargetReader;
  },
  options: OperationOptions,
): Promise<number> {
  const { settings, session, clocks, plan } = request;
  const { survey, bounds } = opened;
  const allowance = allowanceOf(survey, settings.brakes.maxFraction);
  if (plan !== undefined) return Math.max(allowance, countedBy(survey, plan.go));
  const { baseline, proofFloor } = session.current;
  if (isCutoffJump(baseline, bounds.cutoff, clocks)) {
    throw planNeeded(settings, 'cutoff-jump', {
      cutoff: bounds.cutoff.toISOString(),
      lastCutoff: baseline?.cutoff ?? null,
    });
  }
  if (isAllowed(survey.candidates, { decided: 0, allowance })) return allowance;
  // What is held, or not exported, is old as well but does not go: only the whole judgement tells.
  const proof = await openPolicyProof(settings, proofFloor, options);
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
    sweep: null,
  };
}
