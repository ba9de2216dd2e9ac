import { xactIdAt } from '../query/xact.js';
import type { ScanRange } from './records-query.js';

/** How far one object was read: everything from `start` to `end`, whole seconds of transaction time. */
export interface ObjectProgress {
  readonly start: number;
  readonly end: number;
  /** Whether it was not asked for by the last read: it is gone, or another choice was made. */
  readonly aside?: true;
}

/**
 * All that a cursor holds. A window is a range that was opened and not yet read to its end; an object is in one
 * window at most, and its `end` moves when the window is finished. All objects of a window have one `end`.
 */
export interface RecordsState {
  readonly objects: ReadonlyMap<string, ObjectProgress>;
  readonly windows: readonly ScanRange[];
  /** Where objects begin that are not in the state, in seconds. */
  readonly since: number;
  /** Below this second all objects were read that there were; 0 when that was never so. */
  readonly floor: number;
  /** What names stood for when the export first met them: ids by name. */
  readonly pins: ReadonlyMap<string, string>;
}

export const EMPTY_STATE: RecordsState = Object.freeze({
  objects: new Map(),
  windows: [],
  since: 0,
  floor: 0,
  pins: new Map(),
});

/** Where the part of a window begins that no earlier window has read. */
export function newFrom(state: RecordsState, window: ScanRange): number {
  return state.objects.get(window.objectIds[0] ?? '')?.end ?? window.from;
}

/** The state with a window as it is now in place of what it was. */
export function withWindow(state: RecordsState, before: ScanRange, now: ScanRange): RecordsState {
  return replaceWindow(state, before, [now]);
}

/** The state once a window was read to its end. */
export function finished(state: RecordsState, window: ScanRange): RecordsState {
  const objects = new Map(state.objects);
  for (const id of window.objectIds) {
    const progress = objects.get(id);
    if (progress !== undefined) objects.set(id, { ...progress, end: window.until });
  }
  return { ...replaceWindow(state, window, []), objects };
}

/** The state with a window in pieces, one for each group of its objects; each goes on where the whole was. */
export function splitWindow(
  state: RecordsState,
  window: ScanRange,
  groups: readonly (readonly string[])[],
): RecordsState {
  const pieces = groups.filter((group) => group.length > 0);
  return replaceWindow(
    state,
    window,
    pieces.map((objectIds) => ({ ...window, objectIds })),
  );
}

/** The state with objects that are not in it yet; nothing of them was read. */
export function withObjects(
  state: RecordsState,
  objectIds: readonly string[],
  start: number,
): RecordsState {
  const objects = new Map(state.objects);
  for (const id of objectIds) if (!objects.has(id)) objects.set(id, { start, end: start });
  return { ...state, objects };
}

/** The state without those of `objectIds` of which nothing was read, and without their windows. */
export function withoutUnread(state: RecordsState, objectIds: ReadonlySet<string>): RecordsState {
  const isUnread = (id: string): boolean => {
    const progress = state.objects.get(id);
    return objectIds.has(id) && progress !== undefined && progress.end === progress.start;
  };
  const windows = state.windows.filter(
    (window) => window.after !== null || !window.objectIds.every(isUnread),
  );
  const open = new Set(windows.flatMap((window) => window.objectIds));
  const objects = [...state.objects].filter(([id]) => open.has(id) || !isUnread(id));
  return { ...state, objects: new Map(objects), windows };
}

/**
 * The state with every object that is not asked for any more set aside: should it come back, it goes on where
 * it was, and what came before is not read a second time.
 */
export function withOthersSetAside(
  state: RecordsState,
  objectIds: ReadonlySet<string>,
): RecordsState {
  let kept = state;
  for (const window of state.windows) {
    const gone = window.objectIds.filter((id) => !objectIds.has(id));
    if (gone.length === 0) continue;
    const stay = window.objectIds.filter((id) => objectIds.has(id));
    kept = splitWindow(kept, window, [stay, ...gone.map((id) => [id])]);
  }
  const objects = new Map(state.objects);
  for (const [id, { start, end }] of state.objects)
    objects.set(id, objectIds.has(id) ? { start, end } : { start: end, end, aside: true });
  const windows = kept.windows.map((window) => {
    const [id = ''] = window.objectIds;
    return objectIds.has(id) ? window : withoutRepeats(window, objects.get(id)?.end ?? 0);
  });
  return { ...state, objects, windows };
}

export interface WindowPlan {
  /** Objects that may be read now. */
  readonly objectIds: ReadonlySet<string>;
  /** How far to read, seconds since 1970. */
  readonly target: number;
  readonly lookbackSeconds: number;
  /** Most objects that share one query. */
  readonly objectsPerQuery: number;
}

/**
 * Chooses what to read next, and the state in which that window is open; `null` when all is read. The objects
 * that were read furthest come first, so that one that is catching up does not hold back the others.
 */
export function nextWindow(
  state: RecordsState,
  plan: WindowPlan,
): { readonly state: RecordsState; readonly window: ScanRange } | null {
  const ready = state.windows.filter((window) =>
    window.objectIds.every((id) => plan.objectIds.has(id)),
  );
  const fresh = newWindow(state, plan);
  const candidates = fresh === null ? ready : [...ready, fresh];
  let chosen: ScanRange | null = null;
  for (const window of candidates)
    if (chosen === null || newFrom(state, window) > newFrom(state, chosen)) chosen = window;
  if (chosen === null) return null;
  return {
    window: chosen,
    state: chosen === fresh ? { ...state, windows: [...state.windows, fresh] } : state,
  };
}

/** A window over the furthest objects that are in none and not at the target. */
function newWindow(state: RecordsState, plan: WindowPlan): ScanRange | null {
  const busy = new Set(state.windows.flatMap((window) => window.objectIds));
  let end = -1;
  let from = -1;
  let group: string[] = [];
  for (const [id, progress] of state.objects) {
    if (busy.has(id) || !plan.objectIds.has(id) || progress.end >= plan.target) continue;
    const begin = Math.max(progress.start, progress.end - plan.lookbackSeconds);
    if (progress.end > end || (progress.end === end && begin > from)) {
      end = progress.end;
      from = begin;
      group = [];
    }
    if (progress.end === end && begin === from) group.push(id);
  }
  if (group.length === 0) return null;
  const objectIds = group.sort().slice(0, plan.objectsPerQuery);
  return { objectIds, from, until: plan.target, after: null };
}

function withoutRepeats(window: ScanRange, end: number): ScanRange {
  const inRepeats = window.after === null || window.after.xactId < xactIdAt(end);
  return inRepeats ? { ...window, from: end, after: null } : window;
}

function replaceWindow(
  state: RecordsState,
  window: ScanRange,
  pieces: readonly ScanRange[],
): RecordsState {
  return {
    ...state,
    windows: state.windows.flatMap((other) => (other === window ? pieces : [other])),
  };
}
