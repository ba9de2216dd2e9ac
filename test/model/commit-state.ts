/**
 * State of the commit model: one checkpoint in a compare-and-swap store, the uploads of a sink, two workers.
 *
 * There is one range of rows to export. Every attempt at it writes the same two objects under keys of its own.
 * The lease is not modelled: any worker may begin a run at any time, as if every lease had just expired, and a
 * worker that takes no step is a paused one. So whatever holds here holds without clocks.
 */

/** The rules of the protocol; each can be switched off to show what it is for. */
export const RULES = [
  'a save names the revision it replaces',
  'a write id tells an own save from another',
  'an unknown save is settled before anything is done',
  'uploads are never aborted once their save was sent',
  'a visible object is never removed',
  'pending is never dropped without a decision',
  'strays are listed before the checkpoint is read again',
  'strays are aborted under an unchanged revision only',
  'every attempt has keys of its own',
  'pending is saved before the first commit',
  'the cursor moves after the last commit',
  'the manifest is put after the last commit',
  'a failed completion is settled by looking',
  'a decision is saved before it is acted on',
  'the next run rolls pending forward',
  'the host can decide what no run can settle',
] as const;

export type Rule = (typeof RULES)[number];

/**
 * One letter for each upload: `P` prepared, `C` completing (and hidden), `V` visible, `M` moved away by a
 * consumer, `X` aborted by the bucket, `A` aborted by a worker, `D` removed after it was visible, `O` replaced by
 * another attempt.
 */
export type Upload = 'P' | 'C' | 'V' | 'M' | 'X' | 'A' | 'D' | 'O';

export interface Checkpoint {
  readonly revision: number;
  /** 1 when the rows count as exported. */
  readonly cursor: number;
  /** The attempt that is decided and not finished, or 0. */
  readonly pending: number;
  /** True when the host said that `pending` is committed. */
  readonly settled: boolean;
  /** Attempts that the host gave up, one bit each. */
  readonly superseded: number;
  /** The attempt whose save of `pending` was the last save, or 0. */
  readonly writeId: number;
}

export type Step =
  | 'idle'
  | 'list'
  | 'recheck'
  | 'abort-strays'
  | 'fill'
  | 'save-pending'
  | 'settle-save'
  | 'abandon'
  | 'commit'
  | 'await'
  | 'look'
  | 'unresolved'
  | 'discard'
  | 'remove'
  | 'drop'
  | 'manifest'
  | 'save-cursor';

export interface Worker {
  readonly step: Step;
  /** The checkpoint as this worker last saved it. */
  readonly view: Checkpoint;
  /** The attempt in hand, or 0. */
  readonly attempt: number;
  /** The object in hand: 0 or 1. */
  readonly object: number;
  /** Places of stray uploads still to be aborted. */
  readonly listed: readonly number[];
}

export interface State {
  readonly checkpoint: Checkpoint;
  /** Two uploads for each attempt, the first attempt's first. */
  readonly uploads: readonly Upload[];
  /** Attempts whose manifest was put, one bit each. */
  readonly manifests: number;
  readonly workers: readonly Worker[];
  /** Saves whose sender got no answer, and which the store may still apply. */
  readonly late: readonly Checkpoint[];
  /** How often the bucket's lifecycle or a consumer has interfered. */
  readonly meddled: number;
}

export const OBJECTS_PER_ATTEMPT = 2;

const EMPTY: Checkpoint = {
  revision: 0,
  cursor: 0,
  pending: 0,
  settled: false,
  superseded: 0,
  writeId: 0,
};

/** A worker that does nothing and knows nothing. */
export const RESTING: Worker = { step: 'idle', view: EMPTY, attempt: 0, object: 0, listed: [] };

export const INITIAL: State = {
  checkpoint: EMPTY,
  uploads: [],
  manifests: 0,
  workers: [RESTING, RESTING],
  late: [],
  meddled: 0,
};

/** The bit of an attempt in a set of attempts. */
export function bit(attempt: number): number {
  return 1 << attempt;
}

/** Where the upload of an object of an attempt lies in `State.uploads`. */
export function uploadPlace(attempt: number, object: number): number {
  return (attempt - 1) * OBJECTS_PER_ATTEMPT + object;
}

/** The uploads of one attempt. */
export function uploadsOf(state: State, attempt: number): readonly Upload[] {
  const start = uploadPlace(attempt, 0);
  return state.uploads.slice(start, start + OBJECTS_PER_ATTEMPT);
}

/** True when readers have the object, in its place or where a consumer moved it. */
export function isOut(upload: Upload | undefined): boolean {
  return upload === 'V' || upload === 'M';
}

function contentKey({ cursor, pending, settled, superseded }: Checkpoint): string {
  return `${cursor}${pending}${settled ? 1 : 0}${superseded}`;
}

/** How many saves came after the one in hand. More than two are alike: nothing asks for them. */
function ageKey(state: State, { revision }: Checkpoint): number {
  return Math.max(-2, Math.min(2, state.checkpoint.revision - revision));
}

function workerKey(state: State, worker: Worker): string {
  const { step, view, attempt, object, listed } = worker;
  if (step === 'idle') return step;
  const age = ageKey(state, view);
  return `${step}${attempt}${object}${listed.join('')}@${age}${contentKey(view)}`;
}

/**
 * A text that is equal for states with the same future. Workers are alike, so their order does not count;
 * revisions are compared and never looked at, so only their distances count. That keeps the number of states
 * finite although workers begin runs without end.
 */
export function stateKey(state: State): string {
  const one = workerKey(state, state.workers[0]!);
  const two = workerKey(state, state.workers[1]!);
  const workers = one < two ? `${one}|${two}` : `${two}|${one}`;
  const late = state.late.map((save) => ageKey(state, save) + contentKey(save) + save.writeId);
  const sink = `${state.uploads.join('')}${state.manifests}.${state.meddled}`;
  const checkpoint = contentKey(state.checkpoint) + state.checkpoint.writeId;
  return `${checkpoint}/${sink}/${workers}/${late.toSorted().join()}`;
}
