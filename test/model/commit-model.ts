import {
  INITIAL,
  OBJECTS_PER_ATTEMPT,
  bit,
  isOut,
  stateKey,
  uploadPlace,
  uploadsOf,
  type Rule,
  type State,
  type Upload,
} from './commit-state.js';
import { workerSteps, type Bounds, type Variant } from './commit-steps.js';
import type { Model, Transition } from './search.js';

/** What must never be seen. */
export const VIOLATIONS = {
  lost: 'rows are lost: the cursor has passed rows that no object holds',
  unproven: 'rows are unproven: the cursor has passed rows that no manifest names',
  twice: 'rows are twice in objects that nobody gave up',
  removed: 'a visible object was removed',
  replaced: 'a visible object was replaced',
  early: 'a manifest names an object that was never visible',
  stuck: 'pending names an upload that a worker aborted',
  blocked: 'no later run can finish the commit',
  undecided: 'a run asks the host although nobody interfered',
} as const;

type Moves = Transition<State>[];

/** A save that timed out reaches the store after all. */
function lateSaves(state: State): Moves {
  return state.late.map((checkpoint, index) => {
    const late = state.late.toSpliced(index, 1);
    return { label: 'a late save is applied', state: { ...state, late, checkpoint } };
  });
}

function attemptsOf(state: State): readonly number[] {
  const count = state.uploads.length / OBJECTS_PER_ATTEMPT;
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** The upload becomes an object; where attempts share a key it takes the place of what was there. */
function completions(state: State, variant: Variant): Moves {
  const shared = variant.without === 'every attempt has keys of its own';
  const completing = [...state.uploads.keys()].filter((place) => state.uploads[place] === 'C');
  return completing.map((place) => {
    const isReplaced = (other: number): boolean =>
      shared && other % OBJECTS_PER_ATTEMPT === place % OBJECTS_PER_ATTEMPT;
    const uploads = state.uploads.map((upload, other): Upload => {
      if (other === place) return 'V';
      return isReplaced(other) && upload === 'V' ? 'O' : upload;
    });
    return { label: `object ${place} becomes visible`, state: { ...state, uploads } };
  });
}

/** The bucket's lifecycle aborts an upload, or a consumer moves an object away. */
function meddling(state: State, { bounds }: Variant): Moves {
  if (state.meddled >= bounds.meddling) return [];
  const meddled = state.meddled + 1;
  return [...state.uploads.entries()].flatMap(([place, upload]): Moves => {
    const change = (to: Upload): State => ({
      ...state,
      meddled,
      uploads: state.uploads.with(place, to),
    });
    if (upload === 'P') return [{ label: `the bucket aborts upload ${place}`, state: change('X') }];
    if (upload === 'V') return [{ label: `a consumer moves object ${place}`, state: change('M') }];
    return [];
  });
}

/** A late save whose revision was replaced can never be applied: it need not be remembered. */
function forgetRefused(state: State): State {
  const late = state.late.filter(({ revision }) => revision - 1 === state.checkpoint.revision);
  return late.length === state.late.length ? state : { ...state, late };
}

/** Everything that may happen next. */
function commitSteps(state: State, variant: Variant): Moves {
  const moves = [
    ...lateSaves(state),
    ...completions(state, variant),
    ...meddling(state, variant),
    ...state.workers.flatMap((_, index) => workerSteps(state, index, variant)),
  ];
  if (variant.without === 'a save names the revision it replaces') return moves;
  return moves.map(({ label, state: reached }) => ({ label, state: forgetRefused(reached) }));
}

function isTwice(state: State): boolean {
  const kept = attemptsOf(state).filter((attempt) => !(state.checkpoint.superseded & bit(attempt)));
  for (let object = 0; object < OBJECTS_PER_ATTEMPT; object += 1) {
    const copies = kept.filter((attempt) => isOut(state.uploads[uploadPlace(attempt, object)]));
    if (copies.length > 1) return true;
  }
  return false;
}

/** What the rows past the cursor rest on: an attempt that is whole, not given up and in a manifest. */
function passedWrongly(state: State): string | null {
  if (state.checkpoint.cursor === 0) return null;
  const kept = attemptsOf(state).filter((attempt) => !(state.checkpoint.superseded & bit(attempt)));
  const whole = kept.filter((attempt) => uploadsOf(state, attempt).every(isOut));
  if (whole.length === 0) return VIOLATIONS.lost;
  return whole.some((attempt) => state.manifests & bit(attempt)) ? null : VIOLATIONS.unproven;
}

/** The first thing that is wrong in a state, or `null`. */
function violationOf(state: State): string | null {
  const { checkpoint, uploads, manifests } = state;
  if (uploads.includes('D')) return VIOLATIONS.removed;
  if (uploads.includes('O')) return VIOLATIONS.replaced;
  if (isTwice(state)) return VIOLATIONS.twice;
  const named = attemptsOf(state).filter((attempt) => manifests & bit(attempt));
  if (named.some((attempt) => !uploadsOf(state, attempt).every(isOut))) return VIOLATIONS.early;
  if (checkpoint.pending > 0 && uploadsOf(state, checkpoint.pending).includes('A'))
    return VIOLATIONS.stuck;
  return passedWrongly(state);
}

/** More steps than any run without faults takes. */
const STEPS_MAX = 60;

/**
 * What becomes of an export that nobody works on when one more run meets no fault: it must finish, and must
 * not ask the host unless the bucket or a consumer interfered. Being asked, the host has it exported again.
 */
function endingOf(rest: State, without: Rule | null): string | null {
  const bounds = { attempts: Infinity, meddling: 0, faults: false };
  const tampered = rest.uploads.some((upload) => upload === 'X' || upload === 'M');
  let state = rest;
  for (let step = 0; state.checkpoint.cursor === 0 && violationOf(state) === null; step += 1) {
    if (!tampered && state.workers[0]!.step === 'unresolved') return VIOLATIONS.undecided;
    const variant = { bounds, without };
    const next = completions(state, variant)[0] ?? workerSteps(state, 0, variant)[0];
    if (next === undefined || step === STEPS_MAX) return VIOLATIONS.blocked;
    state = next.state;
  }
  return null;
}

function isAtRest({ workers, late }: State): boolean {
  return late.length === 0 && workers.every((worker) => worker.step === 'idle');
}

/** The protocol as a whole, or without one rule. */
export function commitModel(bounds: Bounds, without: Rule | null = null): Model<State> {
  const variant = { bounds, without };
  return {
    initial: INITIAL,
    key: stateKey,
    steps: (state) => commitSteps(state, variant),
    violation: (state) => violationOf(state) ?? (isAtRest(state) ? endingOf(state, without) : null),
  };
}
