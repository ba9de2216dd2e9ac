import { SourceError } from '../../errors/index.js';
import type { Json, OperationOptions, RequestEvent, RetryEvent } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';
import { emit } from '../../util/observe.js';
import { anySignal, withTimeLimit } from '../../util/time-limit.js';
import { AttemptFailure } from './answer-failure.js';
import { ApiKey } from './api-key.js';
import { requestCall, requestParquet, requestQuery } from './attempt.js';
import type { ApiAnswer, AttemptOptions, ParquetAnswer } from './attempt.js';
import { readClientOptions } from './client-options.js';
import type { BraintrustClientOptions, ClientSettings } from './client-options.js';
import type { QueryAnswer } from '../query/query-answer.js';
import type { QueryParameters } from './query-parameters.js';
import { RequestBudget } from './request-budget.js';
import { backoffMs } from './retry-delay.js';

export interface QueryOptions extends OperationOptions, QueryParameters {
  /**
   * Whether the caller can ask for fewer rows. What may help is then not retried but raised at once as
   * {@link SmallerPageNeeded}: answers 408, 500 and 504, a request out of time, an answer over the byte limit.
   * @defaultValue false
   */
  readonly canAskForLess?: boolean | undefined;
}

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
  get(path: string, options?: OperationOptions): Promise<ApiAnswer>;
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

/** One call across its attempts. */
interface Run<T> {
  /** For events: `query` or `get`. */
  readonly operation: string;
  readonly send: (options: AttemptOptions) => Promise<T>;
  readonly options: QueryOptions;
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

  async get(path: string, options: OperationOptions = {}): Promise<ApiAnswer> {
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

  async #run<T extends Answered>(call: Pick<Run<T>, 'operation' | 'send' | 'options'>): Promise<T> {
    const { options } = call;
    // Waiting for one's turn behind other sources is no part of the time limit.
    await this.#budget.take(options.signal);
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
    const refused = error.code === 'SOURCE_UNAUTHORIZED' && error.details['status'] === 401;
    if (!refused || run.progress.keyRenewed || !this.#apiKey.renewable) return false;
    run.progress.keyRenewed = true;
    this.#apiKey.forget();
    return true;
  }

  async #attempt<T extends Answered>(run: Run<T>): Promise<T> {
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

  #emit(run: Run<unknown>, event: RequestEvent | RetryEvent): void {
    emit(this.#settings.observer, event);
    emit(run.options.observer, event);
  }
}

function requestTimeoutFailure(ms: number): AttemptFailure {
  const error = new SourceError('SOURCE_UNAVAILABLE', `Braintrust did not answer in ${ms} ms.`, {
    remedy: 'Run again later, or raise `requestTimeoutMs`.',
    retryable: true,
  });
  return new AttemptFailure(error, { again: true, smallerPage: true, reason: 'timeout' });
}

function totalTimeoutError(ms: number, last: AttemptFailure | undefined): SourceError {
  const code =
    last?.error.code === 'SOURCE_RATE_LIMITED' ? 'SOURCE_RATE_LIMITED' : 'SOURCE_UNAVAILABLE';
  return new SourceError(code, `The query was not answered in ${ms} ms, retries included.`, {
    remedy: 'Run again later, or raise `totalTimeoutMs`.',
    retryable: true,
    retryAfterMs: last?.error.retryAfterMs,
    cause: last?.error,
  });
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
