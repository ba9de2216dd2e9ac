import type { ScanRange } from '../query/query.js';
import { xactIdAt } from '../query/xact.js';

/** How far one project was read: everything from `start` to `end`, whole seconds of transaction time. */
export interface ProjectProgress {
  readonly start: number;
  readonly end: number;
}

/**
 * All that a cursor holds. A window is a range that was opened and not yet read to its end; a project is in one
 * window at most, and its `end` moves when the window is finished. All projects of a window have one `end`.
 */
export interface SpansState {
  readonly projects: ReadonlyMap<string, ProjectProgress>;
  readonly windows: readonly ScanRange[];
}

/** Most projects that share one query. */
const PROJECTS_PER_WINDOW = 25;

export const EMPTY_STATE: SpansState = Object.freeze({ projects: new Map(), windows: [] });

/** Where the part of a window begins that no earlier window has read. */
export function newFrom(state: SpansState, window: ScanRange): number {
  return state.projects.get(window.projectIds[0] ?? '')?.end ?? window.from;
}

/** The state with a window as it is now in place of what it was. */
export function withWindow(state: SpansState, before: ScanRange, now: ScanRange): SpansState {
  return replaceWindow(state, before, [now]);
}

/** The state once a window was read to its end. */
export function finished(state: SpansState, window: ScanRange): SpansState {
  const projects = new Map(state.projects);
  for (const id of window.projectIds) {
    const progress = projects.get(id);
    if (progress !== undefined) projects.set(id, { ...progress, end: window.until });
  }
  return { ...replaceWindow(state, window, []), projects };
}

/** The state with a window in pieces, one for each group of its projects; each goes on where the whole was. */
export function splitWindow(
  state: SpansState,
  window: ScanRange,
  groups: readonly (readonly string[])[],
): SpansState {
  const pieces = groups.filter((group) => group.length > 0);
  return replaceWindow(
    state,
    window,
    pieces.map((projectIds) => ({ ...window, projectIds })),
  );
}

/** The state with projects that are not in it yet; nothing of them was read. */
export function withProjects(
  state: SpansState,
  projectIds: readonly string[],
  start: number,
): SpansState {
  const projects = new Map(state.projects);
  for (const id of projectIds) if (!projects.has(id)) projects.set(id, { start, end: start });
  return { ...state, projects };
}

/** The state without those of `projectIds` of which nothing was read, and without their windows. */
export function withoutUnread(state: SpansState, projectIds: ReadonlySet<string>): SpansState {
  const isUnread = (id: string): boolean => {
    const progress = state.projects.get(id);
    return projectIds.has(id) && progress !== undefined && progress.end === progress.start;
  };
  const windows = state.windows.filter(
    (window) => window.after !== null || !window.projectIds.every(isUnread),
  );
  const open = new Set(windows.flatMap((window) => window.projectIds));
  const projects = [...state.projects].filter(([id]) => open.has(id) || !isUnread(id));
  return { projects: new Map(projects), windows };
}

/**
 * The state with every project that is not asked for any more set aside: should it come back, it goes on where
 * it was, and what came before is not read a second time.
 */
export function withOthersSetAside(state: SpansState, projectIds: ReadonlySet<string>): SpansState {
  let kept = state;
  for (const window of state.windows) {
    const gone = window.projectIds.filter((id) => !projectIds.has(id));
    if (gone.length === 0) continue;
    const stay = window.projectIds.filter((id) => projectIds.has(id));
    kept = splitWindow(kept, window, [stay, ...gone.map((id) => [id])]);
  }
  const projects = new Map(state.projects);
  for (const [id, { end }] of state.projects)
    if (!projectIds.has(id)) projects.set(id, { start: end, end });
  const windows = kept.windows.map((window) => {
    const [id = ''] = window.projectIds;
    return projectIds.has(id) ? window : withoutRepeats(window, projects.get(id)?.end ?? 0);
  });
  return { projects, windows };
}

export interface WindowPlan {
  /** Projects that may be read now. */
  readonly projectIds: ReadonlySet<string>;
  /** How far to read, seconds since 1970. */
  readonly target: number;
  readonly lookbackSeconds: number;
}

/**
 * Chooses what to read next, and the state in which that window is open; `null` when all is read. The projects
 * that were read furthest come first, so that one that is catching up does not hold back the others.
 */
export function nextWindow(
  state: SpansState,
  plan: WindowPlan,
): { readonly state: SpansState; readonly window: ScanRange } | null {
  const ready = state.windows.filter((window) =>
    window.projectIds.every((id) => plan.projectIds.has(id)),
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

/** A window over the furthest projects that are in none and not at the target. */
function newWindow(state: SpansState, plan: WindowPlan): ScanRange | null {
  const busy = new Set(state.windows.flatMap((window) => window.projectIds));
  let end = -1;
  let from = -1;
  let group: string[] = [];
  for (const [id, progress] of state.projects) {
    if (busy.has(id) || !plan.projectIds.has(id) || progress.end >= plan.target) continue;
    const begin = Math.max(progress.start, progress.end - plan.lookbackSeconds);
    if (progress.end > end || (progress.end === end && begin > from)) {
      end = progress.end;
      from = begin;
      group = [];
    }
    if (progress.end === end && begin === from) group.push(id);
  }
  if (group.length === 0) return null;
  const projectIds = group.sort().slice(0, PROJECTS_PER_WINDOW);
  return { projectIds, from, until: plan.target, after: null };
}

function withoutRepeats(window: ScanRange, end: number): ScanRange {
  const inRepeats = window.after === null || window.after.xactId < xactIdAt(end);
  return inRepeats ? { ...window, from: end, after: null } : window;
}

function replaceWindow(
  state: SpansState,
  window: ScanRange,
  pieces: readonly ScanRange[],
): SpansState {
  return {
    ...state,
    windows: state.windows.flatMap((other) => (other === window ? pieces : [other])),
  };
}
