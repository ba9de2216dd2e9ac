import { RateLimit } from './rate-limit.js';

/** How many requests the plane takes in any 60 seconds. */
export interface RequestRates {
  readonly requestsPerMinute: number;
  readonly writesPerMinute: number;
  /** Whether a write takes from both. */
  readonly countWrites: boolean;
}

/** The limits that queries and writes count against. Logging in and reading of objects are free. */
export class RequestLimits {
  readonly #queries: RateLimit;
  readonly #writes: RateLimit;
  readonly #countWrites: boolean;

  constructor(rates: RequestRates, now: () => Date) {
    this.#queries = new RateLimit(rates.requestsPerMinute, now);
    this.#writes = new RateLimit(rates.writesPerMinute, now);
    this.#countWrites = rates.countWrites;
  }

  /** Takes one request. Gives the whole seconds to wait when there is none left, else 0. */
  take(method: string, path: string): number {
    if (path === '/btql') return this.#queries.take();
    if (!isWrite(method, path)) return 0;
    const seconds = this.#countWrites ? this.#queries.take() : 0;
    return seconds > 0 ? seconds : this.#writes.take();
  }
}

function isWrite(method: string, path: string): boolean {
  return (method === 'POST' || method === 'DELETE') && path !== '/api/apikey/login';
}
