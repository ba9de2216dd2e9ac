import type { Observer } from './events.js';

/** A value, or a promise of it. Adapters may answer either way. */
export type Awaitable<T> = T | Promise<T>;

/** What `JSON.stringify` writes and `JSON.parse` reads back unchanged. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A row as a plain object: the parsed form of one JSON text. */
export type Row = { readonly [field: string]: unknown };

/** What every operation that does I/O accepts. */
export interface OperationOptions {
  /** Ends the operation early: it then rejects with `signal.reason`, never wrapped. */
  readonly signal?: AbortSignal | undefined;
  /** Receives typed events, such as `request`. An observer that throws never hurts the operation. */
  readonly observer?: Observer | undefined;
}

/** One step of a `test()`: what was tried, whether it worked, and what to do if it did not. */
export interface ProbeStep {
  /** Stable name in kebab case, such as `query` or `compare-and-swap`. */
  readonly step: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** One sentence for a person: what was seen. Never rows, secrets or signed URLs. */
  readonly detail: string;
  /** What to do, when the outcome is `failed`. */
  readonly remedy?: string | undefined;
}
