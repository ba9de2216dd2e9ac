import type { ColumnValue } from '../expected-row.js';

/** All rows of a file, each with its values in the order of the columns. */
export interface FileRows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly ColumnValue[])[];
}

// Readers' own decoders drop a byte order mark at the start of a value and write U+FFFD for what is not UTF-8.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The characters of a value; bytes that are not UTF-8 throw. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Rows of columns. */
export function rowsOfColumns(
  columns: readonly (readonly ColumnValue[])[],
): readonly (readonly ColumnValue[])[] {
  const length = columns[0]?.length ?? 0;
  if (columns.some((column) => column.length !== length)) {
    throw new Error(`columns differ in length: ${columns.map((column) => column.length).join()}`);
  }
  return Array.from({ length }, (_, row) => columns.map((column) => column[row] as ColumnValue));
}
