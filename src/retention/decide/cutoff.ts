import type { RetentionUnit } from '../../interfaces/index.js';

/** A day is 24 hours of UTC, whatever a calendar or a time zone says. */
export const DAY_MS: number = 86_400_000;
const HOUR_MS = 3_600_000;

/** What was the case when rows were last marked: the cutoff then, and both clocks. JSON. */
export interface Baseline {
  /** ISO 8601, as all times here. */
  readonly cutoff: string;
  readonly planeNow: string;
  readonly hostNow: string;
}

/** Both clocks at one moment. */
export interface Clocks {
  readonly plane: Date;
  readonly host: Date;
}

/** Up to which time rows are marked. */
export interface MarkBounds {
  /** Only what was created before. */
  readonly cutoff: Date;
  /** Only versions that were written before this whole second. */
  readonly before: Date;
}

/** The bounds of a mark that is made now. Without a grace only what has been still for an hour is marked. */
export function markBounds(
  planeNow: Date,
  policy: { readonly keepDays: number; readonly graceHours: number },
): MarkBounds {
  const second = Math.floor(planeNow.getTime() / 1_000) * 1_000;
  const before = policy.graceHours === 0 ? second - HOUR_MS : second;
  return { cutoff: cutoffAt(planeNow, policy.keepDays), before: new Date(before) };
}

/** The cutoff of a sweep: that of its mark, unless the policy keeps more by now. */
export function sweepCutoff(marked: Date, planeNow: Date, keepDays: number): Date {
  const present = cutoffAt(planeNow, keepDays);
  return present < marked ? present : marked;
}

/** When a mark that is made now may be swept. */
export function dueAt(planeNow: Date, graceHours: number): Date {
  return new Date(planeNow.getTime() + graceHours * HOUR_MS);
}

/** When a mark may be swept: after its own grace, or after the one that the policy has by now if that is longer. */
export function sweepDueAt(
  mark: { readonly planeNow: string; readonly dueAt: string },
  graceHours: number,
): Date {
  const present = dueAt(new Date(mark.planeNow), graceHours);
  const own = new Date(mark.dueAt);
  return present > own ? present : own;
}

/**
 * Before which time a version must have been written. A trace goes when its last span is older by its last write,
 * too; a row, or an experiment, when it has not been touched since the mark.
 */
export function writtenBefore(unit: RetentionUnit, { cutoff, before }: MarkBounds): Date {
  return unit === 'trace' && cutoff < before ? cutoff : before;
}

/**
 * By how much the cutoff moved further than time passed, in milliseconds; the clock that moved less tells how much
 * passed. Without a baseline, by how much the two clocks differ.
 */
export function cutoffJumpMs(baseline: Baseline | null, cutoff: Date, now: Clocks): number {
  const skew = Math.abs(now.plane.getTime() - now.host.getTime());
  if (baseline === null) return skew;
  const moved = cutoff.getTime() - Date.parse(baseline.cutoff);
  return moved - passedMs(baseline, now);
}

/** How much time passed since by the clock that moved less, in milliseconds. */
export function passedMs(since: Omit<Baseline, 'cutoff'>, now: Clocks): number {
  const plane = now.plane.getTime() - Date.parse(since.planeNow);
  const host = now.host.getTime() - Date.parse(since.hostNow);
  return Math.min(plane, host);
}

function cutoffAt(planeNow: Date, keepDays: number): Date {
  return new Date(planeNow.getTime() - keepDays * DAY_MS);
}
