import type { Observer, OperationOptions } from '../interfaces/index.js';
import { anySignal } from './time-limit.js';

/** The errors of something that does one thing at a time and can be closed. */
export interface LifetimeErrors {
  /** A second call while one is under way. */
  busy(): Error;
  /** A call after `close`, and the reason with which a call under way is aborted. */
  closed(): Error;
}

/** What exporters and policies have in common: one call at a time of those that change something, and an end. */
export class Lifetime {
  readonly #errors: LifetimeErrors;
  readonly #observer: Observer | undefined;
  readonly #closing = new AbortController();
  #busy: Promise<unknown> | null = null;

  /** @param observer receives the events of calls that have none of their own. */
  constructor(errors: LifetimeErrors, observer: Observer | undefined) {
    this.#errors = errors;
    this.#observer = observer;
  }

  /** The options of a call, ended by `close` too. Throws once this is closed. */
  operation(options: OperationOptions): OperationOptions {
    this.#closing.signal.throwIfAborted();
    return {
      signal: anySignal(options.signal, this.#closing.signal),
      observer: options.observer ?? this.#observer,
    };
  }

  /** Does work that nothing else may be done beside. */
  async alone<T>(
    options: OperationOptions,
    work: (operation: OperationOptions) => Promise<T>,
  ): Promise<T> {
    const operation = this.operation(options);
    if (this.#busy !== null) throw this.#errors.busy();
    const turn = work(operation);
    this.#busy = turn;
    try {
      return await turn;
    } finally {
      this.#busy = null;
    }
  }

  /** Aborts what is under way, waits for it, and refuses all later calls. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(this.#errors.closed());
    try {
      await this.#busy;
    } catch {
      // Its own caller sees the failure.
    }
  }
}
