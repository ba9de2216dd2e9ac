import { readOptions } from '../../options/index.js';

/**
 * What happens at the chosen effect:
 * - `before`: it does not happen, and the call rejects.
 * - `after`: it happens, and the call rejects: a lost answer.
 * - `crash-before`: it does not happen, and from then on every call through the plan rejects: process death.
 * - `crash-after`: it happens, then the same.
 * - `hold`: it waits until `release()`, or until its signal aborts, and then happens.
 * - `late`: the call rejects; the effect happens at `release()`.
 */
export type FaultMode = 'before' | 'after' | 'crash-before' | 'crash-after' | 'hold' | 'late';

export interface FaultPlanOptions {
  /** Number of the effect to hit, the first is 1. Without it the plan only counts. */
  readonly at?: number | undefined;
  /**
   * How many effects in a row are hit, from `at` on.
   * @defaultValue 1
   */
  readonly times?: number | undefined;
  /** @defaultValue 'before' */
  readonly mode?: FaultMode | undefined;
  /** Count only effects of this name, such as `store.save`, for `at`. */
  readonly effect?: string | undefined;
  /**
   * What the call rejects with.
   * @defaultValue the retryable error of the adapter's kind; for crashes, a plain `Error`
   */
  readonly error?: Error | undefined;
}

/** One call of an adapter, ready to be made. */
export interface PlannedEffect<T> {
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  /** Makes the call; with the signal left out when `late`. */
  call(late: boolean): Promise<T>;
  /** The error of a fault that is not a crash. */
  fault(message: string): Error;
}

/** Counts the effects of all adapters wrapped with it, and hits one of them. */
export interface FaultPlan {
  /** Effects begun so far, of all names. */
  readonly count: number;
  /** Their names in order, such as `sink.open`, `writer.write`, `store.save`, `source.read`. */
  readonly effects: readonly string[];
  /** True once a crash mode struck. */
  readonly crashed: boolean;
  /** Resolves when the chosen effect was reached. */
  readonly reached: Promise<void>;
  /** Lets held effects go on and carries out late ones. Resolves when the late ones are done. */
  release(): Promise<void>;
  /** Carries out one effect under the plan. For wrapping adapters of other kinds. */
  run<T>(effect: PlannedEffect<T>): Promise<T>;
  /** Rejects what goes on after a crash. For wrapping adapters of other kinds. */
  throwIfCrashed(): void;
}

interface PlanSettings {
  readonly at: number;
  readonly times: number;
  readonly mode: FaultMode;
  readonly effect: string | undefined;
  readonly error: Error | undefined;
}

class CountingPlan implements FaultPlan {
  readonly effects: string[] = [];
  readonly reached: Promise<void>;
  readonly #settings: PlanSettings;
  readonly #late: (() => Promise<unknown>)[] = [];
  readonly #released = new AbortController();
  #markReached: () => void = () => undefined;
  #matching = 0;
  #crash: Error | null = null;

  constructor(settings: PlanSettings) {
    this.#settings = settings;
    this.reached = new Promise((resolve) => {
      this.#markReached = resolve;
    });
  }

  get count(): number {
    return this.effects.length;
  }

  get crashed(): boolean {
    return this.#crash !== null;
  }

  throwIfCrashed(): void {
    if (this.#crash !== null) throw this.#crash;
  }

  async release(): Promise<void> {
    this.#released.abort();
    // Whether a late effect still works out is up to the adapter: its answer was lost long ago.
    for (const late of this.#late.splice(0)) await late().catch(() => undefined);
  }

  async run<T>(effect: PlannedEffect<T>): Promise<T> {
    this.throwIfCrashed();
    const hit = this.#isHit(effect.name);
    const result = await (hit ? this.#hit(effect) : effect.call(false));
    this.throwIfCrashed();
    return result;
  }

  #isHit(name: string): boolean {
    this.effects.push(name);
    const { at, times, effect } = this.#settings;
    if (effect !== undefined && effect !== name) return false;
    this.#matching += 1;
    return this.#matching >= at && this.#matching < at + times;
  }

  async #hit<T>(effect: PlannedEffect<T>): Promise<T> {
    this.#markReached();
    const { mode, error } = this.#settings;
    if (mode === 'hold') {
      await abortOf(AbortSignal.any([this.#released.signal, ...given(effect.signal)]));
      effect.signal?.throwIfAborted();
      return effect.call(false);
    }
    const message = `injected fault: ${mode}, effect ${this.count} (${effect.name})`;
    const isCrash = mode === 'crash-before' || mode === 'crash-after';
    if (mode === 'after' || mode === 'crash-after') await effect.call(false).catch(() => undefined);
    if (mode === 'late') this.#late.push(() => effect.call(true));
    const thrown = error ?? (isCrash ? new Error(message) : effect.fault(message));
    if (isCrash) this.#crash ??= thrown;
    throw thrown;
  }
}

function given(signal: AbortSignal | undefined): AbortSignal[] {
  return signal === undefined ? [] : [signal];
}

async function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * A plan of one fault, shared by all adapters of a simulated process (see `faulty`). A first pass without `at`
 * counts the effects of a scenario; further passes hit each of them in turn.
 */
export function faultPlan(options: FaultPlanOptions = {}): FaultPlan {
  const modes = ['before', 'after', 'crash-before', 'crash-after', 'hold', 'late'] as const;
  const settings = readOptions<PlanSettings>('faultPlan', options, (reader) => ({
    at: reader.number('at', Infinity, { min: 1 }),
    times: reader.number('times', 1, { min: 1 }),
    mode: reader.oneOf('mode', modes, 'before'),
    effect: reader.has('effect') ? reader.string('effect') : undefined,
    error: reader.has('error') ? reader.adapter<Error>('error', ['message']) : undefined,
  }));
  return new CountingPlan(settings);
}
