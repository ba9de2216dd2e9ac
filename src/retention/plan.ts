import { createHash } from 'node:crypto';

import { RetentionError } from '../errors/index.js';
import type { Hold, OperationOptions, RetentionUnit, Survey } from '../interfaces/index.js';
import { loadLeased } from '../leases/leased-document.js';
import { canonicalJson } from '../util/canonical-json.js';
import { plainJson } from '../util/plain-json.js';
import {
  type BrakeName,
  allowanceOf,
  isAllowed,
  isCutoffJump,
  isGraceOver,
  isGraceJump,
} from './decide/brakes.js';
import { DAY_MS, type MarkBounds, markBounds, sweepCutoff, sweepDueAt } from './decide/cutoff.js';
import { holdsDigest } from './holds.js';
import {
  type Counts,
  type KeptCounts,
  type Mark,
  type PolicyDocument,
  checkPolicy,
  decidedUnder,
  policyPlace,
} from './policy-document.js';
import type { PolicySettings } from './settings.js';
import { pauseOf } from './records.js';
import { type Scan, judgedPages, openPolicyProof, openTarget } from './sweep/scan.js';
import { Tally, type UnitSample } from './sweep/tally.js';

/** What would go, and why the rest stays. JSON: it may be shown elsewhere and come back. Times are ISO 8601. */
export interface RetentionPlan {
  readonly policyId: string;
  /** The mark whose sweep it foresees; `null` when there is none, and a run would make one. */
  readonly markId: string | null;
  readonly unit: RetentionUnit;
  readonly keepDays: number;
  readonly cutoff: string;
  /** Only versions that were written before. */
  readonly before: string;
  readonly createdAt: string;
  /** Afterwards `run({ plan })` refuses it. */
  readonly expiresAt: string;
  /** What exists, and what is old enough, counted by the service. */
  readonly survey: Survey;
  /** Rows, or experiments, that its mark had deleted, or was deleting, when it was made. */
  readonly decided: number;
  /** What would go. */
  readonly go: Counts;
  /** What the rows that would go take in the export's objects, in bytes, on average; `null` without proof. */
  readonly archivedBytes: number | null;
  /** Rows that would go, by the UTC day of their creation, ascending. */
  readonly days: readonly { readonly day: string; readonly count: number }[];
  readonly oldest: string | null;
  readonly newest: string | null;
  /** What stays, by the reason. */
  readonly kept: KeptCounts;
  /** What is exempt, by the names of the holds. */
  readonly held: Readonly<Record<string, Counts>>;
  readonly samples: readonly UnitSample[];
  /** Brakes that stop a run that is given no plan. */
  readonly brakes: readonly BrakeName[];
  /** Whether a run would delete or mark anything now, and one sentence on it. */
  readonly willRun: boolean;
  readonly outlook: string;
  /** Stands for all of the above: a plan that was changed is refused. */
  readonly token: string;
}

/** What is foreseen, before it has a token. */
type Draft = Omit<RetentionPlan, 'token'>;

/** Finds out what would go. Changes nothing. */
export async function makePlan(
  settings: PolicySettings,
  options: OperationOptions,
): Promise<RetentionPlan> {
  const { policyId, target, store, keepDays, unit } = settings;
  const loaded = await loadLeased(policyPlace(store, policyId), options);
  const document = loaded?.document ?? null;
  if (document !== null) checkPolicy(document.fingerprint, settings.fingerprint, policyId);
  const planeNow = await target.now(options);
  const mark = document?.mark ?? null;
  const bounds =
    mark === null ? markBounds(planeNow, settings) : sweepBounds(mark, planeNow, keepDays);
  const opened = await openTarget(settings, bounds, options);
  const survey = await opened.reader.survey(options);
  const proof = await openPolicyProof(settings, document?.proofFloor ?? null, options);
  const scan: Scan = { ...opened, proof };
  const found = await tallyScan(scan, { policyId, cursor: null, markId: null }, options);
  const { tally } = found;
  const brakes = brakesOf(settings, { document, bounds, survey, tally, planeNow });
  const isPaused = await pauseOf(settings).isSet(options);
  const draft: Draft = {
    policyId,
    markId: mark?.id ?? null,
    unit,
    keepDays,
    cutoff: bounds.cutoff.toISOString(),
    before: bounds.before.toISOString(),
    createdAt: planeNow.toISOString(),
    expiresAt: new Date(planeNow.getTime() + DAY_MS).toISOString(),
    survey,
    decided: mark === null ? 0 : decidedUnder(mark),
    go: tally.go,
    archivedBytes: found.archivedBytes,
    days: tally.days,
    oldest: tally.oldest,
    newest: tally.newest,
    kept: tally.kept,
    held: tally.held,
    samples: tally.samples,
    brakes,
    ...outlookOf(settings, { document, survey, tally, brakes, isPaused, planeNow }),
  };
  return Object.freeze({ ...draft, token: tokenOf(draft, settings, opened.holds) });
}

/** The bounds of the sweep of a mark: its own, unless the policy keeps more by now. */
export function sweepBounds(mark: Mark, planeNow: Date, keepDays: number): MarkBounds {
  const { cutoff, before } = boundsOf(mark);
  return { cutoff: sweepCutoff(cutoff, planeNow, keepDays), before };
}

/** The bounds of a mark, or of a plan. */
export function boundsOf(from: { readonly cutoff: string; readonly before: string }): MarkBounds {
  return { cutoff: new Date(from.cutoff), before: new Date(from.before) };
}

/** Judges everything in a scope. */
export async function tallyScan(
  scan: Scan,
  from: {
    readonly policyId: string;
    readonly cursor: string | null;
    readonly markId: string | null;
  },
  options: OperationOptions,
): Promise<{ readonly tally: Tally; readonly archivedBytes: number | null }> {
  const tally = new Tally(scan.holds);
  let archivedBytes = 0;
  for await (const { verdicts, archivedBytes: bytes } of judgedPages(scan, from, options)) {
    for (const verdict of verdicts) tally.add(verdict);
    archivedBytes += bytes;
  }
  return { tally, archivedBytes: scan.proof === null ? null : Math.round(archivedBytes) };
}

/** How much a mark may have deleted in all once a plan is carried out. */
export function allowanceBy(plan: RetentionPlan): number {
  return plan.decided + countedBy(plan.survey, plan.go);
}

/** How much of a tally counts against the allowance: rows, or experiments. */
export function countedBy(survey: Survey, counts: Counts): number {
  return survey.of === 'rows' ? counts.rows : counts.units;
}

/**
 * Refuses a plan that is not for this policy as it is now.
 * @throws RetentionError `PLAN_INVALID` with the reason.
 */
export function checkPlan(
  plan: RetentionPlan,
  settings: PolicySettings,
  present: {
    readonly holds: readonly Hold[];
    readonly planeNow: Date;
    readonly markId: string | null;
  },
): void {
  const problem = planProblem(plan, settings, present);
  if (problem === null) return;
  throw new RetentionError('PLAN_INVALID', `The plan ${problem}.`, {
    remedy: 'Make a new plan with `plan()` and look at it again.',
    details: { policyId: settings.policyId },
  });
}

function planProblem(
  plan: RetentionPlan,
  settings: PolicySettings,
  present: {
    readonly holds: readonly Hold[];
    readonly planeNow: Date;
    readonly markId: string | null;
  },
): string | null {
  const { policyId, keepDays, unit } = settings;
  if (typeof plan !== 'object' || plan === null) return 'is no plan';
  if (plan.policyId !== policyId) return `belongs to the policy ${JSON.stringify(plan.policyId)}`;
  if (plan.keepDays !== keepDays) return `keeps ${plan.keepDays} days, and the policy ${keepDays}`;
  if (plan.unit !== unit) return `deletes by ${plan.unit}, and the policy by ${unit}`;
  if (!(Date.parse(plan.expiresAt) > present.planeNow.getTime())) return 'has expired';
  if (plan.markId !== present.markId)
    return present.markId === null
      ? 'is for a mark that is no more'
      : 'was made before the present mark';
  const { token, ...draft } = plan;
  if (tokenOf(draft, settings, present.holds) === token) return null;
  return 'was changed, or the holds or settings of the policy were changed since';
}

function tokenOf(draft: Draft, settings: PolicySettings, holds: readonly Hold[]): string {
  const { fingerprint, graceHours, brakes } = settings;
  const bound = { draft, fingerprint, graceHours, brakes, holds: holdsDigest(holds) };
  // As it comes back from a host that kept it as JSON.
  return createHash('sha256')
    .update(canonicalJson(plainJson(bound)))
    .digest('hex');
}

function brakesOf(
  settings: PolicySettings,
  found: {
    readonly document: PolicyDocument | null;
    readonly bounds: MarkBounds;
    readonly survey: Survey;
    readonly tally: Tally;
    readonly planeNow: Date;
  },
): readonly BrakeName[] {
  const { document, bounds, survey, tally, planeNow } = found;
  const mark = document?.mark ?? null;
  const clocks = { plane: planeNow, host: settings.runtime.now() };
  const allowance = mark?.allowance ?? allowanceOf(survey, settings.brakes.maxFraction);
  const spent = mark === null ? 0 : decidedUnder(mark);
  const brakes: BrakeName[] = [];
  if (!isAllowed(countedBy(survey, tally.go), { decided: spent, allowance }))
    brakes.push('fraction');
  const isJump =
    mark === null
      ? isCutoffJump(document?.baseline ?? null, bounds.cutoff, clocks)
      : planeNow >= sweepDueAt(mark, settings.graceHours) && isGraceJump(mark, clocks);
  if (isJump) brakes.push('cutoff-jump');
  return brakes;
}

function outlookOf(
  settings: PolicySettings,
  found: {
    readonly document: PolicyDocument | null;
    readonly survey: Survey;
    readonly tally: Tally;
    readonly brakes: readonly BrakeName[];
    readonly isPaused: boolean;
    readonly planeNow: Date;
  },
): Pick<RetentionPlan, 'willRun' | 'outlook'> {
  const { document, survey, tally, brakes, isPaused, planeNow } = found;
  const mark = document?.mark ?? null;
  const no = (outlook: string): Pick<RetentionPlan, 'willRun' | 'outlook'> => ({
    willRun: false,
    outlook,
  });
  if (isPaused) return no('Nothing would run: the policy is paused.');
  if (tally.go.units === 0)
    return no(
      mark === null && survey.candidates > 0
        ? 'Nothing would go: a run would make a mark under which all stays.'
        : 'Nothing would go.',
    );
  if (brakes.length > 0)
    return no(`Nothing would run without this plan: the brake ${brakes.join(' and ')} holds.`);
  if (mark === null) return { willRun: true, outlook: 'A run would mark what goes.' };
  const { runtime, graceHours } = settings;
  const due = sweepDueAt(mark, graceHours);
  if (!isGraceOver(mark, { plane: planeNow, host: runtime.now() }, graceHours))
    return no(
      `Nothing would run yet: the grace of mark ${mark.id} lasts until ${due.toISOString()}.`,
    );
  return { willRun: true, outlook: `A run would sweep mark ${mark.id}.` };
}
