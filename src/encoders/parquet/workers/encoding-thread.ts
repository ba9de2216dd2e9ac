import { Worker } from 'node:worker_threads';

import { EncodeError } from '../../../errors/index.js';
import { roomsOf } from './group-text.js';
import type { GroupText } from './group-text.js';
import type { WorkerAnswer, WorkerSetup } from './messages.js';

/** See {@link WorkerAnswer}. */
export type RowGroupAnswer = Extract<WorkerAnswer, { readonly type: 'row-group' }>;

interface Waiter {
  readonly resolve: (answer: RowGroupAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A worker that encodes row groups, one at a time. It keeps the process alive only while it has one. */
export class EncodingThread {
  readonly #worker: Worker;
  #waiter: Waiter | null = null;
  #failure: Error | null = null;

  /** @throws EncodeError `WORKER_FAILED` when there cannot be a worker of this file. */
  constructor(url: URL | string, setup: WorkerSetup) {
    this.#worker = startWorker(url, setup);
    this.#worker.on('message', (answer: WorkerAnswer) => this.#settle(answer));
    this.#worker.on('messageerror', (error) => this.#giveUp(workerFailed(null, error)));
    this.#worker.on('error', (error) => this.#fail(workerFailed(null, error)));
    this.#worker.on('exit', (code) =>
      this.#fail(workerFailed(`it ended with exit code ${code}`, undefined)),
    );
    this.#worker.unref();
  }

  /** Whether it can be used no more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /**
   * Encodes the rows, whose buffers go over to the worker.
   * @throws EncodeError `WORKER_FAILED` when the worker ends or throws, and the reason of `end` after that.
   */
  async encode(text: GroupText): Promise<RowGroupAnswer> {
    if (this.#failure !== null) throw this.#failure;
    const message = text.message();
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.#worker.postMessage(message, roomsOf(message.buffers));
    });
  }

  /** Ends the worker at once. What it was doing rejects with the reason. */
  async end(reason: Error): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
  }

  #settle(answer: WorkerAnswer): void {
    if (answer.type === 'failure') {
      this.#giveUp(workerFailed(answer.reason, answer.error));
      return;
    }
    this.#worker.unref();
    this.#waiter?.resolve(answer);
    this.#waiter = null;
  }

  /** Ends a worker that would live on. */
  #giveUp(error: Error): void {
    this.#fail(error);
    void this.#worker.terminate();
  }

  /** The first failure counts: the exit of a worker comes after the error that ends it. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#worker.unref();
    this.#waiter?.reject(this.#failure);
    this.#waiter = null;
  }
}

function startWorker(url: URL | string, setup: WorkerSetup): Worker {
  try {
    return new Worker(url, { workerData: setup, name: 'tracehaul-parquet' });
  } catch (cause) {
    throw workerFailed('it could not be started', cause);
  }
}

/** The message of an error may show rows, so that only its code is told. */
function workerFailed(reason: string | null, cause: unknown): EncodeError {
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  const told = reason ?? (typeof code === 'string' ? `it ended with ${code}` : 'it threw an error');
  return new EncodeError('WORKER_FAILED', `A worker that encodes Parquet failed: ${told}.`, {
    remedy: 'Run again; where memory is short, with fewer `workers` or none.',
    retryable: true,
    details: { reason: told },
    cause,
  });
}
