import { SourceError, assert, isExportError } from '../errors/index.js';
import type { Cursor, Observer, Page, Source } from '../interfaces/index.js';
import { abortable } from '../util/abortable.js';

/** Why no page came. */
export type ReadEnd =
  | { readonly kind: 'caught-up' }
  | { readonly kind: 'time-limit' }
  | { readonly kind: 'behind'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface ReaderSettings {
  readonly source: Source;
  readonly cursor: Cursor | null;
  readonly pageSize: number;
  /** Aborts the whole run. */
  readonly signal: AbortSignal;
  readonly observer: Observer;
}

/** Pulls pages one by one, can be told to stop waiting, and checks that the cursor moves. */
export class PageReader {
  readonly #settings: ReaderSettings;
  readonly #timeUp = new AbortController();
  readonly #signal: AbortSignal;
  readonly #pages: AsyncIterator<Page>;
  #cursor: Cursor | null;
  #taken = 0;
  #isTimeUp = false;

  constructor(settings: ReaderSettings) {
    this.#settings = settings;
    this.#cursor = settings.cursor;
    const { source, cursor, pageSize, observer } = settings;
    const signal = AbortSignal.any([settings.signal, this.#timeUp.signal]);
    this.#signal = signal;
    this.#pages = source.read({ cursor, pageSize, signal, observer })[Symbol.asyncIterator]();
  }

  /** Aborts once no further page will be taken: what the present one still needs may be left to the next run. */
  get timeUp(): AbortSignal {
    return this.#timeUp.signal;
  }

  /** Ends reading after the present page; a first page is waited for. */
  stopWaiting(): void {
    this.#isTimeUp = true;
    if (this.#taken > 0) this.#timeUp.abort(new Error('The time of the run is up.'));
  }

  /**
   * The next page, or why there is none. Never rejects but with the run's own abort.
   */
  async next(): Promise<Page | ReadEnd> {
    if (this.#isTimeUp && this.#taken > 0) return { kind: 'time-limit' };
    try {
      // A source of the host may be deaf to its signal: the run is not.
      const { value, done } = await abortable(this.#pages.next(), this.#signal);
      if (done === true) return { kind: 'caught-up' };
      this.#check(value);
      this.#taken += 1;
      return value;
    } catch (error) {
      this.#settings.signal.throwIfAborted();
      if (this.#timeUp.signal.aborted) return { kind: 'time-limit' };
      if (isExportError(error, 'SOURCE_BEHIND')) return { kind: 'behind', reason: error.message };
      return { kind: 'failed', error };
    }
  }

  /** Frees the source's sockets and buffers; `limit` ends the waiting for it. */
  async close(limit: AbortSignal): Promise<void> {
    this.#timeUp.abort(new Error('The run has ended.'));
    try {
      await abortable(Promise.resolve(this.#pages.return?.()), limit);
    } catch {
      // The run has its result; what the source says while it closes changes nothing.
    }
  }

  #check(page: Page): void {
    const { name } = this.#settings.source;
    assert(typeof page.cursor === 'string', `the source ${name} gave a page without cursor`);
    if (page.cursor !== this.#cursor) {
      this.#cursor = page.cursor;
      return;
    }
    throw new SourceError(
      'SOURCE_PROTOCOL',
      `The source ${name} gave a page that does not move its cursor.`,
      {
        remedy: 'Run again; if it stays so, report it: reading on would never end.',
      },
    );
  }
}
