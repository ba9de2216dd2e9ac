import { isExportError } from '../../errors/index.js';
import type { SourceError } from '../../errors/index.js';
import type { Json, OperationOptions, RequestEvent, RetryEvent } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';
import { emit } from '../../util/observe.js';
import { anySignal, withTimeLimit } from '../../util/time-limit.js';
import { AttemptFailure } from './answer-failure.js';
import { ApiKey } from './api-key.js';
import { requestCall, requestParquet, requestQuery, requestWrite } from './attempt.js';
import type { ApiAnswer, AttemptOptions, ParquetAnswer, WriteCall } from './attempt.js';
import type { CallOptions, QueryOptions, SendOptions } from './call-options.js';
import { readClientOptions } from './client-options.js';
import type { BraintrustClientOptions, ClientSettings } from './client-options.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { RequestBudget } from './request-budget.js';
import { backoffMs } from './retry-delay.js';
import { errorOfSend } from './send-failure.js';
import { SendGate } from './send-gate.js';
import { requestTimeoutFailure, totalTimeoutError } from './time-failures.js';

/** The query took too long or its answer is too large; fewer rows may do. Its cause is the `SourceError`. */
export class SmallerPageNeeded extends Error {
  override readonly name = 'SmallerPageNeeded';
  override readonly cause: SourceError;

  constructor(cause: SourceError) {
    super(cause.message);
    this.cause = cause;
  }
}

/**
 * Speaks to one Braintrust data plane. Share one client among all sources of a process: they then share its
 * request budget.
 */
export interface BraintrustClient {
  /** URL of the data plane, without a slash at its end. */
  readonly apiUrl: string;
  /**
   * Asks one query and answers its rows, whole and checked. Waits for the request budget, retries what may
   * pass (408, 425, 429, 5xx, network, answers that were cut off) with growing delays inside the total time limit.
   * @param query a parsed query, or BTQL or SQL text.
   * @throws SourceError `SOURCE_UNAVAILABLE`, `SOURCE_RATE_LIMITED` (both retryable), `SOURCE_UNAUTHORIZED`,
   *   `SOURCE_FORBIDDEN` (with `details.projectId` when the service names one), `SOURCE_QUERY_INVALID`,
   *   `SOURCE_PROTOCOL`, `LIMIT_EXCEEDED`. An abort rejects with `signal.reason`.
   */
  query(query: Json, options?: QueryOptions): Promise<QueryAnswer>;
  /**
   * Gets one path of the REST API and answers its JSON, under the same budget, limits and retries as a query.
   * @param path begins with a slash, and holds the parameters.
   * @throws SourceError as `query` does.
   */
  get(path: string, options?: CallOptions): Promise<ApiAnswer>;
  /**
   * Waits until so many requests may be sent at once, and sets them aside for calls with `reserved`. They are taken
   * from the budget of everything that shares this client; those that are not used within 15 seconds are lost. An
   * abort sets none aside.
   * @param requests at most `requestsPerMinute`, else `ConfigurationError` `CAPABILITY_MISSING`.
   */
  reserve(requests: number, options?: OperationOptions): Promise<void>;
  /**
   * Sends a call that changes something, under the same budget and the same limit of one request as a query, and
   * answers its JSON. It is sent once: a call that failed may have been carried out all the same, and between two
   * sends anybody may have written anew. Only when the key is refused, so that nothing was done, and `apiKey` is a
   * function, it is sent once more, with a new key. A redirect is an error, but for a 303, which tells where the
   * answer is. (The `fetch` of Node repeats by itself what is answered 421, a server's word that it did nothing.)
   * @throws SourceError as `query` does, with `details.outcome`: `refused` when nothing was done, `unknown` when it may
   *   have been done, or may be done later. `LIMIT_EXCEEDED` with `details.status` 413 when less must be sent at once;
   *   `SOURCE_RATE_LIMITED` at once; `SEND_TOO_LATE` when it was not between `notBefore` and `notAfter` any more
   *   immediately before it would have been sent. An abort rejects with `signal.reason`: the outcome is unknown then.
   */
  send(call: WriteCall, options?: SendOptions): Promise<ApiAnswer>;
}

/** What else a client of this library can do, for `serviceParquet`. */
export interface ParquetClient {
  /**
   * Asks one query and answers the Parquet file that the service makes of its rows, whole, under the same budget, limits
   * and retries. Whether the service has cut its rows is for the caller to tell.
   * @throws SourceError as `query` does; `SOURCE_PROTOCOL` for what is no Parquet file.
   */
  queryParquet(query: Json, options?: QueryOptions): Promise<ParquetAnswer>;
}

/** One attempt at a call. */
interface Attempt<T> {
  /** For events: `query`, `get`, `post` or `delete`. */
  readonly operation: string;
  readonly send: (options: AttemptOptions) => Promise<T>;
  readonly options: QueryOptions;
  readonly signal: AbortSignal | undefined;
  /** Whether a request went out; an attempt without it always makes one. */
  readonly isSent?: () => boolean;
}

/** One call across its attempts. */
interface Run<T> extends Attempt<T> {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly progress: Progress;
}

interface Answered {
  readonly bytes: number;
}

interface Progress {
  keyRenewed: boolean;
  lastFailure: AttemptFailure | undefined;
}

class Client implements BraintrustClient, ParquetClient {
  readonly apiUrl: string;
  readonly #settings: Readonly<ClientSettings>;
  readonly #budget: RequestBudget;
  readonly #apiKey: ApiKey;

  constructor(settings: Readonly<ClientSettings>) {
    this.#settings = settings;
    this.apiUrl = settings.apiUrl.href.replace(/\/+$/u, '');
    this.#budget = new RequestBudget(settings.runtime, settings.requestsPerMinute);
    this.#apiKey = new ApiKey(settings.apiKey);
  }

  async query(query: Json, options: QueryOptions = {}): Promise<QueryAnswer> {
    return await this.#run({
      operation: 'query',
      send: (attempt) => requestQuery(query, options, attempt),
      options,
    });
  }

  async get(path: string, options: CallOptions = {}): Promise<ApiAnswer> {
    return await this.#run({
      operation: 'get',
      send: (attempt) => requestCall({ path }, attempt),
      options,
    });
  }

  async queryParquet(query: Json, options: QueryOptions = {}): Promise<ParquetAnswer> {
    return await this.#run({
      operation: 'query',
      send: (attempt) => requestParquet(query, options, attempt),
      options,
    });
  }

  async reserve(requests: number, options: OperationOptions = {}): Promise<void> {
    await this.#budget.reserve(requests, options.signal);
  }

  async send(call: WriteCall, options: SendOptions = {}): Promise<ApiAnswer> {
    await this.#waitForTurn(options);
    try {
      return await this.#sendOnce(call, options);
    } catch (error) {
      if (!this.#apiKey.renewable || !isKeyRefused(error)) throw error;
    }
    this.#apiKey.forget();
    await this.#budget.take(options.signal);
    return await this.#sendOnce(call, options);
  }

  async #sendOnce(call: WriteCall, options: SendOptions): Promise<ApiAnswer> {
    const { signal } = options;
    const gate = new SendGate(this.#settings, options);
    const settings = { ...this.#settings, fetch: gate.fetch };
    try {
      return await this.#attempt({
        operation: call.method.toLowerCase(),
        send: (attempt) => requestWrite(call, { ...attempt, settings }),
        options,
        signal,
        isSent: () => gate.isSent,
      });
    } catch (thrown) {
      signal?.throwIfAborted();
      this.#obeyRetryAfter(thrown);
      throw errorOfSend(thrown, gate.isSent);
    }
  }

  /** What nobody waits out here holds back all that follows, for no longer than a query may take. */
  #obeyRetryAfter(thrown: unknown): void {
    if (!(thrown instanceof AttemptFailure) || thrown.error.retryAfterMs === undefined) return;
    this.#budget.closeFor(Math.min(thrown.error.retryAfterMs, this.#settings.totalTimeoutMs));
  }

  async #waitForTurn({ reserved, signal }: CallOptions): Promise<void> {
    await (reserved === true ? this.#budget.takeReserved(signal) : this.#budget.take(signal));
  }

  async #run<T extends Answered>(call: Pick<Run<T>, 'operation' | 'send' | 'options'>): Promise<T> {
    const { options } = call;
    // Waiting for one's turn behind other sources is no part of the time limit.
    await this.#waitForTurn(options);
    const { runtime, totalTimeoutMs } = this.#settings;
    const progress: Progress = { keyRenewed: false, lastFailure: undefined };
    const reason = (): Error => totalTimeoutError(totalTimeoutMs, progress.lastFailure);
    const deadlineMs = runtime.now().getTime() + totalTimeoutMs;
    return await withTimeLimit(runtime, { ms: totalTimeoutMs, reason }, (over) => {
      const signal = anySignal(options.signal, over) ?? over;
      return this.#attemptUntilAnswered({ ...call, signal, deadlineMs, progress });
    });
  }

  async #attemptUntilAnswered<T extends Answered>(run: Run<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(run);
      } catch (thrown) {
        run.signal.throwIfAborted();
        if (!(thrown instanceof AttemptFailure)) throw thrown;
        run.progress.lastFailure = thrown;
        await this.#waitForNext(run, thrown, attempt);
        await this.#budget.take(run.signal);
      }
    }
  }

  /** Sleeps before the next attempt, or throws when there is none. */
  async #waitForNext(run: Run<unknown>, failure: AttemptFailure, attempt: number): Promise<void> {
    const { runtime, maxAttempts } = this.#settings;
    const { error } = failure;
    if (this.#mayRenewKey(run, error)) return;
    if (failure.smallerPage && run.options.canAskForLess === true) {
      this.#emitRetry(run, failure, { attempt, delayMs: 0 });
      throw new SmallerPageNeeded(error);
    }
    if (!failure.again || attempt >= maxAttempts) throw error;
    const delayMs = error.retryAfterMs ?? backoffMs(attempt, runtime.random());
    if (runtime.now().getTime() + delayMs > run.deadlineMs) throw error;
    if (error.retryAfterMs !== undefined) this.#budget.closeFor(delayMs);
    this.#emitRetry(run, failure, { attempt, delayMs });
    await runtime.sleep(delayMs, run.signal);
  }

  #mayRenewKey(run: Run<unknown>, error: SourceError): boolean {
    if (!isKeyRefused(error) || run.progress.keyRenewed || !this.#apiKey.renewable) return false;
    run.progress.keyRenewed = true;
    this.#apiKey.forget();
    return true;
  }

  async #attempt<T extends Answered>(run: Attempt<T>): Promise<T> {
    const { runtime, requestTimeoutMs } = this.#settings;
    const startedAt = runtime.now().getTime();
    const reason = (): Error => requestTimeoutFailure(requestTimeoutMs);
    let answer: T | undefined;
    try {
      answer = await withTimeLimit(runtime, { ms: requestTimeoutMs, reason }, async (over) => {
        const signal = anySignal(run.signal, over) ?? over;
        const key = await this.#apiKey.get(signal);
        const request = run.send({ settings: this.#settings, key, signal });
        // The host's own `fetch` may be deaf to its signal.
        return await abortable(request, signal);
      });
      return answer;
    } finally {
      if (run.isSent?.() !== false)
        this.#emit(run, {
          type: 'request',
          target: 'source',
          operation: run.operation,
          durationMs: runtime.now().getTime() - startedAt,
          bytes: answer?.bytes ?? 0,
          outcome: answer === undefined ? 'error' : 'ok',
        });
    }
  }

  #emitRetry(
    run: Run<unknown>,
    { reason }: AttemptFailure,
    when: Pick<RetryEvent, 'attempt' | 'delayMs'>,
  ): void {
    this.#emit(run, { type: 'retry', target: 'source', operation: run.operation, reason, ...when });
  }

  #emit(run: Attempt<unknown>, event: RequestEvent | RetryEvent): void {
    emit(this.#settings.observer, event);
    emit(run.options.observer, event);
  }
}

function isKeyRefused(error: unknown): boolean {
  return isExportError(error, 'SOURCE_UNAUTHORIZED') && error.details['status'] === 401;
}

/**
 * A client of the Braintrust API, for the sources of `tracehaul/braintrust`. Opens no connection yet.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function braintrustClient(
  options: BraintrustClientOptions,
): BraintrustClient & ParquetClient {
  return Object.freeze(new Client(readClientOptions(options)));
}
