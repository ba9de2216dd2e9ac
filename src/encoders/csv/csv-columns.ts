import { EXTRA_COLUMN } from '../columns/column-names.js';
import { MEMBER_STRIDE } from '../../rows/member-index.js';
import type { IndexedText } from '../../rows/row-batch.js';

/** One column of a CSV file. */
export interface CsvColumn {
  readonly name: string;
  /**
   * Where its value stands in a row: the key of a top-level member, or keys from the outside in. A column with one
   * key takes the member out of the row; one with several holds a copy. The last of duplicate keys counts.
   */
  readonly path: readonly string[];
}

/** Rows that are looked at for their members. */
const FIRST_ROWS_MAX = 1000;
/** More members than this are no columns any more, but names that are data. */
const COLUMNS_MAX = 500;

/**
 * A column for each top-level member that the first of the rows have, in the order in which they are met. A member
 * whose key cannot name a column gets none: an empty one, one without UTF-8, one that differs from an earlier one
 * in case only.
 */
export function columnsOfRows(text: IndexedText): readonly CsvColumn[] {
  const bytes = Buffer.from(text.bytes.buffer, text.bytes.byteOffset, text.bytes.length);
  const columns: CsvColumn[] = [];
  const names = new Set(['', EXTRA_COLUMN]);
  const end = Math.min(text.memberBounds.length, 2 * FIRST_ROWS_MAX);
  for (let row = 0; row < end; row += 2) {
    const last = text.memberBounds[row + 1] as number;
    for (let at = text.memberBounds[row] as number; at < last; at += MEMBER_STRIDE) {
      const key = keyAt(bytes, text.members.places, at);
      const name = key.toLowerCase();
      if (names.has(name) || !key.isWellFormed() || columns.length === COLUMNS_MAX) continue;
      names.add(name);
      columns.push({ name: key, path: [key] });
    }
  }
  return columns;
}

function keyAt(bytes: Buffer, places: Uint32Array, at: number): string {
  const [start, end] = [(places[at] as number) - 1, (places[at + 1] as number) + 1];
  return JSON.parse(bytes.toString('utf8', start, end)) as string;
}
