import type { Json, OperationOptions, ProbeStep, Row } from './common.js';
import type { RowBatch, RowFields } from './row-batch.js';

/**
 * A place in a source. Opaque: only the source that made it may look inside. It is stored in the
 * checkpoint, so it must stay readable by later versions of the source, and stay below 48 KiB.
 */
export type Cursor = string;

/** The top-level fields that identify a row version. */
export interface RowIdentity {
  /** Field naming the object (project, experiment, ...) that a row belongs to, or `null` when there is one. */
  readonly object: string | null;
  /** Field holding the row's id, unique within its object. */
  readonly id: string;
  /** Field that changes with every write of the row. Compared as text of equal length. */
  readonly version: string;
  /** Field holding the row's creation time in ISO 8601, or `null` when rows have none. */
  readonly created: string | null;
}

/**
 * Where rows come from.
 *
 * Contract:
 * - `read` yields pages in a fixed order. The same cursor over settled data gives the same rows in the same order.
 * - `page.cursor` resumes strictly after the page's last row. Every page moves the cursor, an empty one too.
 * - Within one cursor range a row version is given once, except rows announced by `page.repeats`.
 * - Gaps never: what is skipped is lost for good.
 * - The end of the iteration means caught up. Data that exists but cannot be read completely yet is
 *   `SourceError` `SOURCE_BEHIND`, thrown after the pages that could be read.
 * - At most one page of read-ahead. `return()` of the iterator frees sockets and buffers.
 * - An abort rejects with `signal.reason`; other failures are `SourceError`s.
 */
export interface Source {
  /** Stable name in kebab case. */
  readonly name: string;
  /** What is read: part of the export's fingerprint. Options that may change freely are left out. */
  readonly identity: Json;
  readonly rowIdentity: RowIdentity;
  /** How long the origin keeps rows, in milliseconds, when known. Feeds `atRisk`. */
  readonly retentionMs?: number | undefined;
  /**
   * True when every read gives a whole result anew, which is of use as a whole only: the pages of one read are
   * committed together or not at all, and the cursor of its last page begins the next result. @defaultValue false
   */
  readonly isSnapshot?: boolean | undefined;
  read(options: ReadOptions): AsyncIterable<Page>;
  /**
   * A cursor from which every row version written at `date` or later is read. Required for `rewind()`.
   * @param left the cursor that is left for it, or `null`: what it settled for good, such as what a name means, stays.
   */
  cursorAt?(date: Date, left?: Cursor | null): Cursor;
  /**
   * The lowest row version that a read from `cursor` may give again as `page.repeats`, or `null` when none.
   * When it falls from one cursor of an export to a later one, more manifests are read. A source without it
   * never repeats.
   */
  repeatsFrom?(cursor: Cursor): string | null;
  /** The time below which everything has been delivered once `cursor` is committed, or `null` when unknown. */
  watermarkOf?(cursor: Cursor): Date | null;
  /**
   * Whether rows of this object are read, be there any or not; `null` when only a read can tell, as for objects
   * chosen by name. The id is what the field `rowIdentity.object` of such rows holds. Touches nothing.
   */
  readsObject?(objectId: string): boolean | null;
  /** Steps of `test()`: reachability, rights, clock. Yields a failed step rather than throwing. */
  probe?(options?: OperationOptions): AsyncIterable<ProbeStep>;
}

export interface ReadOptions extends OperationOptions {
  /** Where to go on, or `null` for the beginning. A cursor of another source is `SOURCE_CURSOR_INVALID`. */
  readonly cursor: Cursor | null;
  /** Most rows a page should hold. A source may give fewer, and gives more only if it cannot do otherwise. */
  readonly pageSize: number;
}

/** One answer of a source. */
export interface Page {
  readonly rows: RowBatch | readonly Row[];
  readonly cursor: Cursor;
  /**
   * The cursor that resumes strictly after row `index` of this page. A source that offers it lets
   * commits, `maxRows` and object limits fall on any row; without it they fall on page ends only.
   */
  readonly cursorAfter?: ((index: number) => Cursor) | undefined;
  /**
   * The fields named by `rowIdentity`, row by row, when the rows themselves lack them: a source that was asked for
   * other columns only reads them all the same and leaves them out of the rows.
   */
  readonly identities?: RowFields | undefined;
  /**
   * How many rows at the start of this page lie in a range that was read before. Those whose version an
   * earlier commit holds are dropped; the others surfaced late and are exported and counted.
   */
  readonly repeats?: number | undefined;
  /** Everything written before this time has been given, once this page is taken. */
  readonly watermark?: Date | undefined;
}
