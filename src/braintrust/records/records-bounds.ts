import type { ScanRange } from './records-query.js';
import { newFrom } from './records-state.js';
import type { RecordsState } from './records-state.js';
import { secondsOfXactId, xactIdAt } from '../query/xact.js';

/** The time below which every row of the objects was given, or `null` when one of them is at its beginning. Without ids:
 * of all objects that there are. */
export function watermarkOf(state: RecordsState, objectIds: readonly string[] | null): Date | null {
  if (objectIds === null) return state.floor === 0 ? null : new Date(state.floor * 1_000);
  const windows = windowsByObject(state);
  let lowest = Infinity;
  for (const id of objectIds) {
    const end = state.objects.get(id)?.end ?? 0;
    lowest = Math.min(lowest, Math.max(end, passedSecond(windows.get(id))));
  }
  return lowest === 0 || lowest === Infinity ? null : new Date(lowest * 1_000);
}

/**
 * The lowest transaction that a later read of these objects may give a second time, or `null`. A window repeats
 * what lies between its position and the end of the one before; the window after it begins a lookback before its end.
 */
export function repeatsFrom(
  state: RecordsState,
  objectIds: readonly string[] | null,
  lookbackSeconds: number,
): string | null {
  const windows = windowsByObject(state);
  let lowest: string | null = null;
  for (const id of objectIds ?? state.objects.keys()) {
    const progress = state.objects.get(id);
    if (progress === undefined || (objectIds === null && progress.aside === true)) continue;
    const window = windows.get(id);
    const end = window?.until ?? progress.end;
    const next = Math.max(progress.start, end - lookbackSeconds);
    if (next < end && end > progress.start) lowest = lower(lowest, xactIdAt(next));
    if (window !== undefined) lowest = lower(lowest, repeatsWithin(state, window));
  }
  return lowest;
}

/** Everything of an object below this second was read or is being read behind the present place. */
export function unreadSecond(state: RecordsState, objectId: string): number | null {
  const progress = state.objects.get(objectId);
  if (progress === undefined) return null;
  const window = state.windows.find((candidate) => candidate.objectIds.includes(objectId));
  return Math.max(progress.end, passedSecond(window));
}

function repeatsWithin(state: RecordsState, window: ScanRange): string | null {
  const place = window.after?.xactId ?? xactIdAt(window.from);
  return place < xactIdAt(newFrom(state, window)) ? place : null;
}

/** The second that the position in a window has reached; 0 at its beginning. */
export function passedSecond(window: ScanRange | undefined): number {
  const place = window?.after?.xactId;
  return place === undefined ? 0 : secondsOfXactId(place);
}

function windowsByObject(state: RecordsState): ReadonlyMap<string, ScanRange> {
  return new Map(state.windows.flatMap((window) => window.objectIds.map((id) => [id, window])));
}

function lower(left: string | null, right: string | null): string | null {
  if (left === null || right === null) return left ?? right;
  return left < right ? left : right;
}
