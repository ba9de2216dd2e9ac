import type { Row } from './common.js';

/**
 * The rows of one page, immutable. Rows are held as JSON text or as objects; the other form is made
 * on demand, once. Text is exactly what the source wrote: integers above 2^53, number spelling and
 * duplicate keys survive until somebody asks for objects.
 */
export interface RowBatch {
  /** Number of rows. */
  readonly length: number;
  /** Size of all row texts together, in bytes, without separators. */
  readonly byteLength: number;
  /** One complete JSON text per row. */
  text(): RowText;
  /**
   * The named top-level fields of every row, read without parsing the rest. The last of duplicate
   * keys wins, as in `JSON.parse`.
   */
  fields(names: readonly string[]): RowFields;
  /** The rows as objects, in order. Parses on first use. */
  objects(): readonly Row[];
  /** The rows `from` (inclusive) to `to` (exclusive); shares memory with this batch. */
  slice(from: number, to: number): RowBatch;
  /** The rows at the given ascending places; shares memory with this batch. */
  select(indexes: ArrayLike<number>): RowBatch;
}

/** Row texts inside one buffer. Row `i` is `bytes[bounds[2 * i]]` up to, not including, `bytes[bounds[2 * i + 1]]`. */
export interface RowText {
  readonly bytes: Uint8Array;
  /** Start and end of each row, `2 * length` numbers. Rows are in ascending order and never overlap. */
  readonly bounds: Uint32Array;
}

/**
 * The value of one top-level field of one row: a string is decoded, a number or boolean is its source
 * text. `null` stands for JSON null and for an absent key; `undefined` for an object or an array.
 */
export type FieldValue = string | null | undefined;

/** Columns by field name; each as long as the batch. Holds every name that was asked for. */
export type RowFields = Readonly<Record<string, readonly FieldValue[]>>;
