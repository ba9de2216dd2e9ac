import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ParquetSchema } from '../../../src/encoders/parquet/schema.js';
import { expectedRow } from './expected-row.js';
import type { ColumnValue } from './expected-row.js';
import { readWithDuckDb } from './readers/duckdb.js';
import { readWithHyparquet } from './readers/hyparquet.js';
import { readWithParquetWasm } from './readers/parquet-wasm.js';
import type { FileRows } from './readers/values.js';

/** Readers that share no code with each other, nor with the writer of the product. */
const READERS: Readonly<Record<ReaderName, (path: string) => Promise<FileRows>>> = {
  DuckDB: readWithDuckDb,
  hyparquet: readWithHyparquet,
  'parquet-wasm': readWithParquetWasm,
};

/** Names of {@link READERS}. */
export type ReaderName = (typeof ALL)[number];

const ALL = ['DuckDB', 'hyparquet', 'parquet-wasm'] as const;
/** Characters of a value that a message shows. */
const SHOWN = 200;

/**
 * Fails unless every reader finds in the file what {@link expectedRow} says of the rows, value by value.
 * @param texts the JSON text of every row, in order.
 */
export async function expectSame(
  { schema, texts }: { readonly schema: ParquetSchema; readonly texts: readonly string[] },
  file: Uint8Array,
  readers: readonly ReaderName[] = ALL,
): Promise<void> {
  const expected = {
    names: schema.columns.map(({ name }) => name),
    rows: texts.map((text) => expectedRow(schema, text)),
  };
  await withFile(file, async (path) => {
    for (const reader of readers) {
      const difference = firstDifference(await READERS[reader](path), expected);
      if (difference !== null) throw new Error(`${reader} reads something else: ${difference}`);
    }
  });
}

/** What differs first between the rows of a file and the rows it must have; null when nothing does. */
export function firstDifference(actual: FileRows, expected: FileRows): string | null {
  if (!isSame(actual.names, expected.names)) {
    return `columns ${show(actual.names)}, not ${show(expected.names)}`;
  }
  if (actual.rows.length !== expected.rows.length) {
    return `${actual.rows.length} rows, not ${expected.rows.length}`;
  }
  for (const [row, values] of expected.rows.entries()) {
    for (const [column, value] of values.entries()) {
      const found = actual.rows[row]?.[column] as ColumnValue;
      if (isSame(found, value)) continue;
      return `row ${row}, column ${show(expected.names[column])}: ${show(found)}, not ${show(value)}`;
    }
  }
  return null;
}

/** Equal in kind, in every digit and in the sign of zero. */
function isSame(actual: unknown, expected: unknown): boolean {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return Object.is(actual, expected);
  return (
    actual.length === expected.length && actual.every((item, at) => isSame(item, expected[at]))
  );
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined');
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}... (${text.length})` : text;
}

async function withFile(file: Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tracehaul-parquet-'));
  try {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, file);
    await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
