import type { RowGroupFacts } from './file/footer.js';
import type { MemberText } from './row-window.js';

/** A whole row group. */
export interface EncodedRowGroup {
  /** All its pages. Belongs to whoever gets it. */
  readonly bytes: Uint8Array;
  /** With places as if it stood at the beginning of the file. */
  readonly facts: RowGroupFacts;
  /** Size of its rows. */
  readonly inputBytes: number;
  /** Values of another type than their column's, by column. */
  readonly mistypedCounts: readonly number[];
}

/**
 * Makes row groups of the rows of one object. Equal rows give equal row groups, in the order of the rows, in
 * whatever way they are made. Calls come one at a time.
 */
export interface RowGroups {
  /** Size of the rows that are in no row group given out yet. */
  readonly pendingInputBytes: number;
  /** Takes rows, which may not change before the promise settles, and gives out what is ready. */
  take(text: MemberText): Promise<readonly EncodedRowGroup[]>;
  /** The rest, when there is any. */
  finish(): Promise<readonly EncodedRowGroup[]>;
  /** Frees everything. May come while another call is under way, which rejects then. Idempotent. */
  abort(): void;
}
