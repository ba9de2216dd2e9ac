import {
  OBJECTS_PER_ATTEMPT,
  bit,
  isOut,
  RESTING,
  uploadPlace,
  uploadsOf,
  type Checkpoint,
  type Rule,
  type State,
  type Step,
  type Upload,
  type Worker,
} from './commit-state.js';
import type { Transition } from './search.js';

/** How far the model goes. */
export interface Bounds {
  readonly attempts: number;
  /** How often the bucket or a consumer may interfere. */
  readonly meddling: number;
  /** Whether saves get lost or late and workers die. */
  readonly faults: boolean;
}

export interface Variant {
  readonly bounds: Bounds;
  /** The rule that is switched off, or `null` for the design. */
  readonly without: Rule | null;
}

type Moves = Transition<State>[];

/** What one worker can see and change at one step. */
class Turn {
  readonly state: State;
  readonly worker: Worker;
  readonly #index: number;
  readonly #variant: Variant;

  constructor(state: State, index: number, variant: Variant) {
    this.state = state;
    this.worker = state.workers[index]!;
    this.#index = index;
    this.#variant = variant;
  }

  get bounds(): Bounds {
    return this.#variant.bounds;
  }

  obeys(rule: Rule): boolean {
    return this.#variant.without !== rule;
  }

  /** The upload in hand. */
  get upload(): Upload {
    const { attempt, object } = this.worker;
    return this.state.uploads[uploadPlace(attempt, object)]!;
  }

  /** The state after this worker has moved on, and perhaps changed something else. */
  move(label: string, worker: Partial<Worker>, change: Partial<State> = {}): Transition<State> {
    const workers = this.state.workers.with(this.#index, { ...this.worker, ...worker });
    return {
      label: `worker ${this.#index + 1} ${label}`,
      state: { ...this.state, ...change, workers },
    };
  }

  stop(label: string, change: Partial<State> = {}): Transition<State> {
    return this.move(label, RESTING, change);
  }

  withUpload(place: number, upload: Upload): Partial<State> {
    return { uploads: this.state.uploads.with(place, upload) };
  }

  /** True when the store takes a save of this worker. */
  get current(): boolean {
    const unchecked = !this.obeys('a save names the revision it replaces');
    return unchecked || this.state.checkpoint.revision === this.worker.view.revision;
  }

  /** The worker's checkpoint with changes, as it would be saved. */
  next(change: Partial<Checkpoint>): Checkpoint {
    const { view } = this.worker;
    return { ...view, writeId: 0, ...change, revision: view.revision + 1 };
  }
}

interface Save {
  readonly label: string;
  readonly checkpoint: Checkpoint;
  /** Where a success leads. */
  readonly success: Partial<Worker>;
  /** Where an answer that says nothing leads; the worker stops when there is none. */
  readonly unknown?: Partial<Worker>;
  /** Where a refusal leads; the worker stops when there is none. */
  readonly refused?: Partial<Worker>;
}

/** A save with all its outcomes: done, refused, done with the answer lost, still on its way. */
function saveMoves(turn: Turn, save: Save): Moves {
  const { label, checkpoint } = save;
  if (!turn.current) return [turn.move(`${label}: refused`, save.refused ?? RESTING)];
  const done = turn.move(label, { ...save.success, view: checkpoint }, { checkpoint });
  if (!turn.bounds.faults) return [done];
  const unknown = save.unknown ?? RESTING;
  return [
    done,
    turn.move(`${label}: done, the answer is lost`, unknown, { checkpoint }),
    turn.move(`${label}: no answer, still on its way`, unknown, {
      late: [...turn.state.late, checkpoint],
    }),
  ];
}

/** Where a run begins: with what an earlier one left to do. */
function firstStep(turn: Turn, { pending, settled }: Checkpoint): Step {
  if (pending === 0) return 'list';
  if (settled) return 'manifest';
  if (!turn.obeys('the next run rolls pending forward')) return 'unresolved';
  return turn.obeys('the manifest is put after the last commit') ? 'commit' : 'manifest';
}

function begin(turn: Turn): Moves {
  const { checkpoint } = turn.state;
  if (checkpoint.cursor === 1) return [];
  const view = { ...checkpoint, writeId: 0, revision: checkpoint.revision + 1 };
  const moved = { step: firstStep(turn, view), view, attempt: view.pending, object: 0 };
  return [turn.move('takes the lease', moved, { checkpoint: view })];
}

/** Uploads that exist, and that the worker's checkpoint does not name. */
function findStrays({ state, worker }: Turn): readonly number[] {
  const places = [...state.uploads.keys()];
  const own = uploadPlace(worker.view.pending, 0);
  const isNamed = (place: number): boolean =>
    worker.view.pending > 0 && place >= own && place < own + OBJECTS_PER_ATTEMPT;
  return places.filter((place) => state.uploads[place] === 'P' && !isNamed(place));
}

function list(turn: Turn): Moves {
  const listed = findStrays(turn);
  const ordered = turn.obeys('strays are listed before the checkpoint is read again');
  const step = ordered ? 'recheck' : 'abort-strays';
  return [turn.move(`lists ${listed.length} strays`, { step, listed })];
}

function recheck(turn: Turn): Moves {
  const { checkpoint } = turn.state;
  const { view, listed } = turn.worker;
  if (checkpoint.revision === view.revision)
    return [turn.move('reads its own revision again', { step: 'abort-strays' })];
  if (turn.obeys('strays are aborted under an unchanged revision only'))
    return [turn.stop('reads another’s revision and stops')];
  const start = uploadPlace(checkpoint.pending, 0);
  const spared = listed.filter(
    (place) => checkpoint.pending === 0 || place < start || place >= start + OBJECTS_PER_ATTEMPT,
  );
  return [turn.move('spares only what is pending now', { step: 'abort-strays', listed: spared })];
}

function abortStrays(turn: Turn): Moves {
  const [place, ...listed] = turn.worker.listed;
  if (place === undefined) {
    return [turn.move('has cleaned up', { step: 'fill' })];
  }
  const change = turn.state.uploads[place] === 'P' ? turn.withUpload(place, 'A') : {};
  return [turn.move(`aborts stray ${place}`, { listed }, change)];
}

function fill(turn: Turn): Moves {
  const { uploads } = turn.state;
  const attempt = uploads.length / OBJECTS_PER_ATTEMPT + 1;
  if (attempt > turn.bounds.attempts) return [];
  const early = !turn.obeys('pending is saved before the first commit');
  const step = early ? 'commit' : 'save-pending';
  const prepared = { uploads: [...uploads, 'P', 'P'] as const };
  return [turn.move(`prepares attempt ${attempt}`, { step, attempt, object: 0 }, prepared)];
}

function savePending(turn: Turn): Moves {
  const { attempt } = turn.worker;
  const early = !turn.obeys('the manifest is put after the last commit');
  const success = { step: early ? 'manifest' : 'commit', object: 0 } as const;
  const label = `saves attempt ${attempt} as pending`;
  const checkpoint = turn.next({ pending: attempt, settled: false, writeId: attempt });
  const taken = { ...success, view: checkpoint };
  if (!turn.obeys('uploads are never aborted once their save was sent')) {
    const abandoned = { step: 'abandon', object: 0 } as const;
    return saveMoves(turn, { label, checkpoint, success, unknown: abandoned, refused: abandoned });
  }
  const settles = turn.obeys('an unknown save is settled before anything is done');
  const unknown = settles ? ({ step: 'settle-save' } as const) : taken;
  return saveMoves(turn, { label, checkpoint, success, unknown });
}

/** The save is sent again with the same revision; a refusal is judged by what is there. */
function settleSave(turn: Turn): Moves {
  const { attempt } = turn.worker;
  const { checkpoint } = turn.state;
  const wanted = turn.next({ pending: attempt, settled: false, writeId: attempt });
  const early = !turn.obeys('the manifest is put after the last commit');
  const success = { step: early ? 'manifest' : 'commit', object: 0, view: wanted } as const;
  const silent = turn.stop('gets no answer and leaves everything');
  if (turn.current) return [silent, turn.move('saves again', success, { checkpoint: wanted })];
  const marked = turn.obeys('a write id tells an own save from another');
  const own = marked ? checkpoint.writeId === attempt : checkpoint.revision === wanted.revision;
  if (own) return [silent, turn.move('is refused and finds its own save', success)];
  return [silent, turn.stop('is refused and finds another’s save')];
}

/** Aborts the worker's own uploads, one by one: what the design never does after its save was sent. */
function abandon(turn: Turn): Moves {
  const { attempt, object } = turn.worker;
  if (object === OBJECTS_PER_ATTEMPT) return [turn.stop('has abandoned its uploads')];
  const place = uploadPlace(attempt, object);
  const change = turn.upload === 'P' ? turn.withUpload(place, 'A') : {};
  return [turn.move(`aborts its own upload ${place}`, { object: object + 1 }, change)];
}

/** Where a worker goes when the object in hand is visible. */
function afterObject(turn: Turn): Partial<Worker> {
  const { object, view, attempt } = turn.worker;
  const early = !turn.obeys('the cursor moves after the last commit');
  if (early && object === 0) return { step: 'save-cursor' };
  if (object + 1 < OBJECTS_PER_ATTEMPT) return { step: 'commit', object: object + 1 };
  const unsaved =
    !turn.obeys('pending is saved before the first commit') && view.pending !== attempt;
  if (unsaved) return { step: 'save-pending' };
  const manifestFirst = !turn.obeys('the manifest is put after the last commit');
  return { step: manifestFirst ? 'save-cursor' : 'manifest' };
}

function commit(turn: Turn): Moves {
  const { attempt, object } = turn.worker;
  const place = uploadPlace(attempt, object);
  if (turn.upload === 'P')
    return [
      turn.move(`sends the completion of ${place}`, { step: 'await' }, turn.withUpload(place, 'C')),
    ];
  if (turn.upload === 'V') return [turn.move(`finds ${place} complete`, afterObject(turn))];
  if (turn.obeys('a failed completion is settled by looking'))
    return [turn.move(`is told that upload ${place} is unknown`, { step: 'look' })];
  return [turn.move(`takes an unknown upload ${place} for done`, afterObject(turn))];
}

function awaitAnswer(turn: Turn): Moves {
  return isOut(turn.upload) ? [turn.move('gets the answer', afterObject(turn))] : [];
}

function look(turn: Turn): Moves {
  if (turn.upload === 'V') return [turn.move('sees the object', afterObject(turn))];
  if (turn.upload === 'P') return [turn.move('sees the upload', { step: 'commit' })];
  if (!turn.obeys('a visible object is never removed'))
    return [turn.move('sees neither, rolls back', { step: 'remove', object: 0 })];
  if (!turn.obeys('pending is never dropped without a decision'))
    return [turn.move('sees neither, gives up', { step: 'drop' })];
  return [turn.move('sees neither for its whole patience', { step: 'unresolved' })];
}

/** The run has ended with COMMIT_UNRESOLVED. The host may decide; it says `committed` only if that is true. */
function unresolved(turn: Turn): Moves {
  if (!turn.obeys('the host can decide what no run can settle')) return [];
  const { attempt, view } = turn.worker;
  const saved = turn.obeys('a decision is saved before it is acted on');
  const superseded = view.superseded | bit(attempt);
  const given = turn.next({ pending: 0, superseded });
  const again: Moves = saved
    ? saveMoves(turn, {
        label: 'is told to export again',
        checkpoint: given,
        success: { step: 'list' },
      })
    : [turn.move('is told to export again', { step: 'discard', object: 0 })];
  if (!uploadsOf(turn.state, attempt).every(isOut)) return again;
  const label = 'is told that all is committed';
  const success = { step: 'manifest' } as const;
  if (!saved) return [...again, turn.move(label, success)];
  return [
    ...again,
    ...saveMoves(turn, { label, checkpoint: turn.next({ settled: true }), success }),
  ];
}

/** Acts on `export-again` before it is saved. */
function discard(turn: Turn): Moves {
  const { attempt, object, view } = turn.worker;
  if (object < OBJECTS_PER_ATTEMPT) return abandon(turn);
  const checkpoint = turn.next({ pending: 0, superseded: view.superseded | bit(attempt) });
  return saveMoves(turn, {
    label: 'saves the decision late',
    checkpoint,
    success: { step: 'list' },
  });
}

function remove(turn: Turn): Moves {
  const { attempt, object } = turn.worker;
  if (object === OBJECTS_PER_ATTEMPT) return [turn.move('has rolled back', { step: 'drop' })];
  const place = uploadPlace(attempt, object);
  const change = turn.upload === 'V' ? turn.withUpload(place, 'D') : {};
  return [turn.move(`removes object ${place}`, { object: object + 1 }, change)];
}

function drop(turn: Turn): Moves {
  const checkpoint = turn.next({ pending: 0 });
  return saveMoves(turn, { label: 'drops pending', checkpoint, success: { step: 'list' } });
}

function putManifest(turn: Turn): Moves {
  const manifests = turn.state.manifests | bit(turn.worker.attempt);
  const early =
    !turn.obeys('the manifest is put after the last commit') && !turn.worker.view.settled;
  const success = early
    ? ({ step: 'commit', object: 0 } as const)
    : ({ step: 'save-cursor' } as const);
  return [turn.move(`puts the manifest of attempt ${turn.worker.attempt}`, success, { manifests })];
}

function saveCursor(turn: Turn): Moves {
  const checkpoint = turn.next({ cursor: 1, pending: 0, settled: false });
  return saveMoves(turn, { label: 'moves the cursor', checkpoint, success: RESTING });
}

const PROGRAM: Readonly<Record<Step, (turn: Turn) => Moves>> = {
  idle: begin,
  list,
  recheck,
  'abort-strays': abortStrays,
  fill,
  'save-pending': savePending,
  'settle-save': settleSave,
  abandon,
  commit,
  await: awaitAnswer,
  look,
  unresolved,
  discard,
  remove,
  drop,
  manifest: putManifest,
  'save-cursor': saveCursor,
};

/** Everything that a worker may do next, dying included. */
export function workerSteps(state: State, index: number, variant: Variant): Moves {
  const turn = new Turn(state, index, variant);
  const moves = PROGRAM[turn.worker.step](turn);
  if (turn.worker.step === 'idle' || !variant.bounds.faults) return moves;
  return [...moves, turn.stop('dies')];
}
