import type { Survey } from '../../interfaces/index.js';
import {
  type Baseline,
  type Clocks,
  DAY_MS,
  cutoffJumpMs,
  passedMs,
  sweepDueAt,
} from './cutoff.js';

const CLOCKS_APART_MAX_MS = 15 * 60_000;

/** When a mark was made, by both clocks, and when it may be swept. */
export type GracePeriod = Omit<Baseline, 'cutoff'> & { readonly dueAt: string };

/** What keeps a policy from going further than it should. */
export interface Brakes {
  /** Most rows that one run deletes; the next one goes on. */
  readonly maxRowsPerRun: number;
  /** Most of what exists that one mark deletes, from 0 to 1. */
  readonly maxFraction: number;
  /** No row that is younger than so many days is deleted, whatever `keepDays` says. */
  readonly minAgeDays: number;
}

/** A brake that was reached. */
export type BrakeName = 'fraction' | 'cutoff-jump';

/** How many rows, or experiments, one mark may delete without being asked. */
export function allowanceOf({ existing }: Pick<Survey, 'existing'>, maxFraction: number): number {
  return Math.floor(existing * maxFraction);
}

/** Whether the cutoff moved more than a day further than time passed, or the first one rests on clocks apart. */
export function isCutoffJump(baseline: Baseline | null, cutoff: Date, now: Clocks): boolean {
  return cutoffJumpMs(baseline, cutoff, now) > DAY_MS;
}

/** Whether a grace is over by a jump of the plane's clock: it must have passed by both clocks, but for a day. */
export function isGraceJump(mark: Omit<Baseline, 'cutoff'>, now: Clocks): boolean {
  const plane = now.plane.getTime() - Date.parse(mark.planeNow);
  return plane - passedMs(mark, now) > DAY_MS;
}

/**
 * Whether the grace of a mark is over: by the plane's clock, and by the host's, which may stand a quarter of an hour
 * apart. A clock that jumped further than a day is no reason to wait, but one to ask: see {@link isGraceJump}.
 */
export function isGraceOver(mark: GracePeriod, now: Clocks, graceHours: number): boolean {
  const due = sweepDueAt(mark, graceHours);
  if (now.plane < due) return false;
  const graceMs = due.getTime() - Date.parse(mark.planeNow);
  return passedMs(mark, now) >= graceMs - CLOCKS_APART_MAX_MS || isGraceJump(mark, now);
}

/** Whether so much more may go under a mark. What was decided counts, whether it is confirmed or not. */
export function isAllowed(
  more: number,
  mark: { readonly decided: number; readonly allowance: number },
): boolean {
  return mark.decided + more <= mark.allowance;
}
