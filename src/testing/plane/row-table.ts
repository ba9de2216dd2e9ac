import type { NamedRows } from './query/bounds.js';
import { compareText } from './query/values.js';
import type { JsonRow } from './row-shape.js';

/** A row version as the plane keeps it: its text once, and the few fields that queries use most. */
export interface StoredRow {
  readonly id: string;
  readonly xactId: string;
  readonly paginationKey: string | null;
  readonly created: string;
  readonly rootSpanId: string;
  readonly isRoot: boolean;
  readonly text: Buffer;
}

/** Parses a stored row afresh. */
export function parseStored(row: StoredRow): JsonRow {
  return JSON.parse(row.text.toString()) as JsonRow;
}

/** The live rows that one transaction wrote. */
interface Bucket {
  readonly xactId: string;
  readonly rows: Map<string, StoredRow>;
  /** The rows by id and some that were removed since, or `null` when others were added. */
  sorted: readonly StoredRow[] | null;
}

/** One in so many buckets may be empty: few enough to skip, many enough to be swept together. */
const EMPTY_BUCKETS_SHARE = 64;

/**
 * The live rows of one object, each once, in the order of (`_xact_id`, `id`). A range is found by
 * binary search, so a page out of a million rows touches little more than itself.
 */
export class RowTable {
  readonly #rows = new Map<string, StoredRow>();
  readonly #buckets: Bucket[] = [];
  /** The rows of each trace by id. Made when a trace is first asked for: most tables never are. */
  #traces: Map<string, Map<string, StoredRow>> | null = null;
  #emptyBuckets = 0;

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): StoredRow | undefined {
    return this.#rows.get(id);
  }

  rows(): IterableIterator<StoredRow> {
    return this.#rows.values();
  }

  /** Adds the row, or puts it in place of the one with its id. */
  put(row: StoredRow): void {
    this.remove(row.id);
    this.#rows.set(row.id, row);
    const place = this.#lowerBound(row.xactId);
    let bucket = this.#buckets[place];
    if (bucket?.xactId !== row.xactId) {
      bucket = { xactId: row.xactId, rows: new Map(), sorted: null };
      this.#buckets.splice(place, 0, bucket);
    } else if (bucket.rows.size === 0) this.#emptyBuckets -= 1;
    bucket.rows.set(row.id, row);
    bucket.sorted = null;
    if (this.#traces !== null) addToTrace(this.#traces, row);
  }

  remove(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    if (this.#traces !== null) removeFromTrace(this.#traces, row);
    const bucket = this.#buckets[this.#lowerBound(row.xactId)];
    if (bucket === undefined) return;
    bucket.rows.delete(id);
    if (bucket.rows.size === 0) this.#dropEmptyBuckets();
  }

  /** The live rows of one transaction in the order of their ids. */
  rowsOf(xactId: string): readonly StoredRow[] {
    const bucket = this.#buckets[this.#lowerBound(xactId)];
    if (bucket?.xactId !== xactId) return [];
    const { rows } = bucket;
    bucket.sorted ??= [...rows.values()].sort((a, b) => compareText(a.id, b.id));
    if (bucket.sorted.length > rows.size)
      bucket.sorted = bucket.sorted.filter((row) => rows.get(row.id) === row);
    return bucket.sorted;
  }

  /** The live rows of one trace in the order of their ids. */
  ofTrace(rootSpanId: string): readonly StoredRow[] {
    this.#traces ??= indexByTrace(this.#rows.values());
    const rows = this.#traces.get(rootSpanId) ?? new Map<string, StoredRow>();
    return [...rows.values()].sort((a, b) => compareText(a.id, b.id));
  }

  /** The live rows among those that are named, each once. */
  named({ ids, roots }: NamedRows): ReadonlySet<StoredRow> {
    const found = new Set<StoredRow>();
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row !== undefined) found.add(row);
    }
    for (const root of roots) for (const row of this.ofTrace(root)) found.add(row);
    return found;
  }

  /** The first transaction with live rows that is at or above `xactId`, or at or below it when descending. */
  nextXact(xactId: string | null, descending: boolean): string | null {
    const step = descending ? -1 : 1;
    let place = this.#placeOf(xactId, descending);
    for (; place >= 0 && place < this.#buckets.length; place += step) {
      const bucket = this.#buckets[place] as Bucket;
      if (bucket.rows.size > 0) return bucket.xactId;
    }
    return null;
  }

  #placeOf(xactId: string | null, descending: boolean): number {
    if (xactId === null) return descending ? this.#buckets.length - 1 : 0;
    const place = this.#lowerBound(xactId);
    if (!descending || this.#buckets[place]?.xactId === xactId) return place;
    return place - 1;
  }

  /** Emptied buckets are swept together, so that a million updates do not shift the array a million times. */
  #dropEmptyBuckets(): void {
    this.#emptyBuckets += 1;
    if (this.#emptyBuckets * EMPTY_BUCKETS_SHARE <= this.#buckets.length) return;
    let kept = 0;
    for (const bucket of this.#buckets) {
      if (bucket.rows.size === 0) continue;
      this.#buckets[kept] = bucket;
      kept += 1;
    }
    this.#buckets.length = kept;
    this.#emptyBuckets = 0;
  }

  #lowerBound(xactId: string): number {
    let low = 0;
    let high = this.#buckets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#buckets[middle] as Bucket).xactId < xactId) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function indexByTrace(rows: Iterable<StoredRow>): Map<string, Map<string, StoredRow>> {
  const traces = new Map<string, Map<string, StoredRow>>();
  for (const row of rows) addToTrace(traces, row);
  return traces;
}

function addToTrace(traces: Map<string, Map<string, StoredRow>>, row: StoredRow): void {
  const rows = traces.get(row.rootSpanId);
  if (rows === undefined) traces.set(row.rootSpanId, new Map([[row.id, row]]));
  else rows.set(row.id, row);
}

function removeFromTrace(traces: Map<string, Map<string, StoredRow>>, row: StoredRow): void {
  const rows = traces.get(row.rootSpanId);
  rows?.delete(row.id);
  if (rows?.size === 0) traces.delete(row.rootSpanId);
}
