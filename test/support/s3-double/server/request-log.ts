import type { DoubleRequest } from '../types.js';

/** A line of the log while its request is under way. */
export type LogEntry = { -readonly [Name in keyof DoubleRequest]: DoubleRequest[Name] };

/** What the double was asked, in the order of arrival. */
export class RequestLog {
  readonly #entries: LogEntry[] = [];
  #next = 0;

  get entries(): readonly DoubleRequest[] {
    return this.#entries;
  }

  open(request: Omit<DoubleRequest, 'index' | 'status' | 'code'>): LogEntry {
    const entry = { index: this.#next, status: 0, code: null, ...request };
    this.#next += 1;
    this.#entries.push(entry);
    return entry;
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
