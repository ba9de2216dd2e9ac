import { setImmediate as turn } from 'node:timers/promises';

import type { Runtime, SleepOptions } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { seededId, seededRandom } from './seeded-random.js';

export interface ManualClockOptions {
  /**
   * What the clock shows at first.
   * @defaultValue 2026-01-01T00:00:00Z
   */
  readonly now?: Date | undefined;
  /**
   * Whether a sleep moves the clock to its own end and resolves at once. Background sleeps never do; they
   * wake when something else moved the clock past their end.
   * @defaultValue false
   */
  readonly autoAdvance?: boolean | undefined;
  /**
   * Seed of `random` and `id`. Two workers that must not share ids need clocks with different seeds.
   * @defaultValue 1
   */
  readonly seed?: number | undefined;
}

/** A {@link Runtime} whose time stands still until a test moves it. */
export interface ManualClock extends Runtime {
  /** Sleeps that have not ended yet. */
  readonly sleepers: number;
  /**
   * Moves the clock by `ms` milliseconds. Sleeps that end within are woken in the order of their ends, each at
   * its own time, and get a turn of the event loop before the next; sleeps that they begin count too.
   */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly endsAt: number;
  readonly wake: () => void;
}

class SteppedClock implements ManualClock {
  #nowMs: number;
  readonly #autoAdvance: boolean;
  readonly #random: () => number;
  #sleepers: Sleeper[] = [];

  constructor(options: { nowMs: number; autoAdvance: boolean; seed: number }) {
    this.#nowMs = options.nowMs;
    this.#autoAdvance = options.autoAdvance;
    this.#random = seededRandom(options.seed);
  }

  get sleepers(): number {
    return this.#sleepers.length;
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  random(): number {
    return this.#random();
  }

  id(): string {
    return seededId(this.#random);
  }

  async sleep(ms: number, signal?: AbortSignal, options: SleepOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const endsAt = this.#nowMs + Math.max(0, ms);
    if (!this.#autoAdvance || options.background === true) return this.#wait(endsAt, signal);
    while (this.#wakeNext(endsAt));
    this.#nowMs = Math.max(this.#nowMs, endsAt);
  }

  async advance(ms: number): Promise<void> {
    const endsAt = this.#nowMs + ms;
    while (this.#wakeNext(endsAt)) await turn();
    this.#nowMs = Math.max(this.#nowMs, endsAt);
  }

  /** Wakes the first sleeper that ends by `limit`, at its time. False when there is none. */
  #wakeNext(limit: number): boolean {
    const next = this.#sleepers[0];
    if (next === undefined || next.endsAt > limit) return false;
    this.#sleepers.shift();
    this.#nowMs = Math.max(this.#nowMs, next.endsAt);
    next.wake();
    return true;
  }

  #wait(endsAt: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { endsAt, wake };
      signal?.addEventListener('abort', onAbort, { once: true });
      const later = this.#sleepers.findIndex((other) => other.endsAt > endsAt);
      this.#sleepers.splice(later === -1 ? this.#sleepers.length : later, 0, sleeper);
    });
  }
}

/**
 * A runtime for tests: time moves only by `advance`, or by each sleep itself with `autoAdvance`; random numbers
 * and ids repeat with the seed. An aborted sleep rejects with `signal.reason` and leaves nothing behind.
 */
export function manualClock(options: ManualClockOptions = {}): ManualClock {
  return new SteppedClock(
    readOptions('manualClock', options, (reader) => ({
      nowMs: (reader.date('now') ?? new Date('2026-01-01T00:00:00Z')).getTime(),
      autoAdvance: reader.boolean('autoAdvance', false),
      seed: reader.number('seed', 1, { min: 0, max: 2 ** 32 - 1 }),
    })),
  );
}
