import type { ScanRange } from '../query/query.js';
import { newFrom } from './spans-state.js';
import type { SpansState } from './spans-state.js';
import { secondsOfXactId, xactIdAt } from '../query/xact.js';

/** The time below which every row of the projects was given, or `null` when one of them is at its beginning. */
export function watermarkOf(state: SpansState, projectIds: readonly string[]): Date | null {
  const windows = windowsByProject(state);
  let lowest = Infinity;
  for (const id of projectIds) {
    const end = state.projects.get(id)?.end ?? 0;
    lowest = Math.min(lowest, Math.max(end, passedSecond(windows.get(id))));
  }
  return lowest === 0 || lowest === Infinity ? null : new Date(lowest * 1_000);
}

/**
 * The lowest transaction that a later read of these projects may give a second time, or `null`. A window repeats
 * what lies between its position and the end of the one before; the window after it begins a lookback before its end.
 */
export function repeatsFrom(
  state: SpansState,
  projectIds: readonly string[],
  lookbackSeconds: number,
): string | null {
  const windows = windowsByProject(state);
  let lowest: string | null = null;
  for (const id of projectIds) {
    const progress = state.projects.get(id);
    if (progress === undefined) continue;
    const window = windows.get(id);
    const end = window?.until ?? progress.end;
    const next = Math.max(progress.start, end - lookbackSeconds);
    if (next < end && end > progress.start) lowest = lower(lowest, xactIdAt(next));
    if (window !== undefined) lowest = lower(lowest, repeatsWithin(state, window));
  }
  return lowest;
}

/** Everything of a project below this second was read or is being read behind the present place. */
export function unreadSecond(state: SpansState, projectId: string): number | null {
  const progress = state.projects.get(projectId);
  if (progress === undefined) return null;
  const window = state.windows.find((candidate) => candidate.projectIds.includes(projectId));
  return Math.max(progress.end, passedSecond(window));
}

function repeatsWithin(state: SpansState, window: ScanRange): string | null {
  const place = window.after?.xactId ?? xactIdAt(window.from);
  return place < xactIdAt(newFrom(state, window)) ? place : null;
}

/** The second that the position in a window has reached; 0 at its beginning. */
export function passedSecond(window: ScanRange | undefined): number {
  const place = window?.after?.xactId;
  return place === undefined ? 0 : secondsOfXactId(place);
}

function windowsByProject(state: SpansState): ReadonlyMap<string, ScanRange> {
  return new Map(state.windows.flatMap((window) => window.projectIds.map((id) => [id, window])));
}

function lower(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return left < right ? left : right;
}
