import { SourceError } from '../../src/errors/index.js';
import type { Cursor, Page, ReadOptions, Source } from '../../src/interfaces/index.js';
import { rowBatchFromText } from '../../src/rows/row-batch.js';

/** One version of one row of a table. */
export interface TableRow {
  readonly id: string;
  /** Twelve digits: order and identity of the write. */
  readonly version: string;
  readonly value: number;
}

interface Place {
  readonly version: string;
  readonly id: string;
}

interface TableCursor {
  /** Everything below is read. */
  readonly low: number;
  /** The window being read ends here; equal to `low` between windows. */
  readonly high: number;
  /** Last row taken of the window. */
  readonly at: Place | null;
}

const TIME_OF_ONE_VERSION_MS = 1_000;

export function versionOf(time: number): string {
  return String(time).padStart(12, '0');
}

/**
 * A source over rows in memory with everything that makes incremental reading hard: rows change (the old version
 * is gone), windows end at a settled time, every window looks back, and rows surface late.
 */
export class Table {
  readonly #live = new Map<string, TableRow>();
  /** Every version that a read has ever shown. */
  readonly shown: Set<string> = new Set();
  settled: number = 0;
  lookback: number = 10;

  /** Writes a row; an existing one is replaced. */
  write(id: string, time: number, value: number): void {
    this.#live.set(id, { id, version: versionOf(time), value });
  }

  remove(id: string): void {
    this.#live.delete(id);
  }

  /** The live rows below a version, in reading order. */
  rows(from = '', to = '~'): TableRow[] {
    return [...this.#live.values()]
      .filter((row) => row.version >= from && row.version < to)
      .sort((a, b) => compare(a.version, b.version) || compare(a.id, b.id));
  }

  source(options: { readonly pageSize?: number; readonly cutsPages?: boolean } = {}): Source {
    return {
      name: 'table',
      identity: { table: 'test' },
      rowIdentity: { object: null, id: 'id', version: 'version', created: null },
      read: (read) =>
        this.#read(
          { ...read, pageSize: options.pageSize ?? read.pageSize },
          options.cutsPages ?? true,
        ),
      cursorAt: (date) => {
        const low = Math.floor(date.getTime() / TIME_OF_ONE_VERSION_MS);
        return JSON.stringify({ low, high: low, at: null });
      },
      repeatsFrom: (cursor) => versionOf(Math.max(0, parse(cursor).low - this.lookback)),
      watermarkOf: (cursor) => {
        const { low, at } = parse(cursor);
        return new Date(Math.max(low, Number(at?.version ?? 0)) * TIME_OF_ONE_VERSION_MS);
      },
    };
  }

  async *#read(options: ReadOptions, cutsPages: boolean): AsyncGenerator<Page, void, undefined> {
    let cursor = options.cursor === null ? { low: 0, high: 0, at: null } : parse(options.cursor);
    const goal = this.settled;
    while (cursor.low < goal || cursor.high > cursor.low) {
      if (cursor.high === cursor.low) cursor = { low: cursor.low, high: goal, at: null };
      const page = this.#page(cursor, options.pageSize, cutsPages);
      options.signal?.throwIfAborted();
      await Promise.resolve();
      yield page;
      cursor = parse(page.cursor);
    }
  }

  #page(window: TableCursor, pageSize: number, cutsPages: boolean): Page {
    const from = versionOf(Math.max(0, window.low - this.lookback));
    const left = this.rows(from, versionOf(window.high)).filter((row) => isAfter(row, window.at));
    const rows = left.slice(0, pageSize);
    for (const row of rows) this.shown.add(`${row.id}@${row.version}`);
    const after = (row: TableRow): Cursor =>
      JSON.stringify({ ...window, at: { version: row.version, id: row.id } });
    const last = rows.at(-1);
    const ends = left.length <= pageSize || last === undefined;
    const end = JSON.stringify({ low: window.high, high: window.high, at: null });
    const repeats = rows.filter((row) => row.version < versionOf(window.low)).length;
    const cut = (index: number): Cursor => after(rows[index] as TableRow);
    return {
      rows: textBatch(rows),
      cursor: ends ? end : after(last),
      repeats,
      ...(cutsPages ? { cursorAfter: cut } : {}),
    };
  }
}

function textBatch(rows: readonly TableRow[]): ReturnType<typeof rowBatchFromText> {
  const texts = rows.map((row) => Buffer.from(JSON.stringify(row)));
  const bounds = new Uint32Array(rows.length * 2);
  let at = 0;
  texts.forEach((text, index) => {
    bounds.set([at, at + text.length], index * 2);
    at += text.length;
  });
  return rowBatchFromText(Buffer.concat(texts), bounds);
}

function isAfter(row: Place, at: Place | null): boolean {
  if (at === null) return true;
  return row.version > at.version || (row.version === at.version && row.id > at.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function parse(cursor: Cursor): TableCursor {
  try {
    return JSON.parse(cursor) as TableCursor;
  } catch {
    throw new SourceError('SOURCE_CURSOR_INVALID', 'The cursor is not of the table.');
  }
}
