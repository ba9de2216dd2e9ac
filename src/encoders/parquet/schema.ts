import { createHash } from 'node:crypto';

import { EXTRA_COLUMN } from '../columns/column-names.js';

/**
 * What a column holds. A value of another kind is never converted: the column is null, and the value stays
 * where it is held as it was, in the JSON column around it or in `_extra`.
 *
 * - `utf8`: strings, decoded; one with a lone surrogate has no UTF-8 and does not fit.
 * - `json`: any value, as the text that the source wrote.
 * - `timestamp`: strings in ISO 8601 with date, time and zone that whole milliseconds hold exactly.
 * - `boolean`: `true` and `false`.
 * - `double`: finite numbers of up to 17 significant digits, and none that a double takes for another integer.
 * - `int64`: integers of 64 bits, written without fraction and exponent; `-0` does not fit.
 * - `utf8-list`: arrays of strings and nulls.
 * - `double-map`: objects of numbers as in `double` and nulls, all keys different.
 */
export const COLUMN_TYPES = [
  'utf8',
  'json',
  'timestamp',
  'boolean',
  'double',
  'int64',
  'utf8-list',
  'double-map',
] as const;

/** See {@link COLUMN_TYPES}. */
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** One column of a Parquet file. JSON null and an absent member are both null in it. */
export interface Column {
  readonly name: string;
  /**
   * Where its value stands in a row: the key of a top-level member, or keys from the outside in. A column with
   * one key takes the member out of the row; one with several holds a copy. The last of duplicate keys counts.
   */
  readonly path: readonly string[];
  readonly type: ColumnType;
}

/** The columns of all files of one export, in the order of the file. The last one is always `_extra`. */
export interface ParquetSchema {
  readonly name: string;
  /** Short digest of the names, paths and types in their order; equal for equal columns. */
  readonly id: string;
  readonly columns: readonly Column[];
}

/** Hexadecimal digits: 64 bits of a SHA-256. */
const ID_DIGITS = 16;

/** A schema of these columns and `_extra`. The columns must have been checked. */
export function createSchema(name: string, columns: readonly Column[]): ParquetSchema {
  const extra: Column = { name: EXTRA_COLUMN, path: [], type: 'json' };
  const all = [...columns, extra].map(frozenColumn);
  return Object.freeze({ name, id: digestOf(all), columns: Object.freeze(all) });
}

function frozenColumn({ name, path, type }: Column): Column {
  return Object.freeze({ name, path: Object.freeze([...path]), type });
}

function digestOf(columns: readonly Column[]): string {
  const text = JSON.stringify(columns.map(({ name, path, type }) => [name, path, type]));
  return createHash('sha256').update(text).digest('hex').slice(0, ID_DIGITS);
}
