import { readFile } from 'node:fs/promises';

import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

import { sortedEntries } from '../expected-row.js';
import type { ColumnValue } from '../expected-row.js';
import { decodeText } from './values.js';
import type { FileRows } from './values.js';

const PARSERS = {
  stringFromBytes: decodeNullable,
  // Its own parser gives objects; a JSON column is promised as text.
  jsonFromBytes: decodeNullable,
};

/** Stands for `__proto__`, which the plain objects that maps are read into cannot hold. */
const PROTOTYPE_KEY = '__proto__\ufdd0';

/** What hyparquet reads from a Parquet file. */
export async function readWithHyparquet(path: string): Promise<FileRows> {
  return readBytesWithHyparquet(await readFile(path));
}

/** The same from the bytes of a file. */
export async function readBytesWithHyparquet(bytes: Uint8Array): Promise<FileRows> {
  const file = Uint8Array.from(bytes).buffer;
  const metadata = await parquetMetadataAsync(file);
  const names = (metadata.schema[0]?.num_children ?? 0) === 0 ? [] : topLevelNames(metadata.schema);
  const rows = await parquetReadObjects({ file, metadata, compressors, parsers: PARSERS });
  return { names, rows: rows.map((row) => names.map((name) => plainValue(row[name]))) };
}

interface SchemaPart {
  readonly name: string;
  readonly num_children?: number | undefined;
}

/** The schema is a tree, written parents first. */
function topLevelNames(parts: readonly SchemaPart[]): string[] {
  const names: string[] = [];
  let at = 1;
  while (at < parts.length) {
    names.push((parts[at] as SchemaPart).name);
    at = partEnd(parts, at);
  }
  return names;
}

function partEnd(parts: readonly SchemaPart[], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (parts[at]?.num_children ?? 0); child += 1) {
    next = partEnd(parts, next);
  }
  return next;
}

function decodeNullable(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const text = decodeText(bytes);
  return text === '__proto__' ? PROTOTYPE_KEY : text;
}

function plainValue(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map((item) => plainValue(item) as string | null);
  if (value === PROTOTYPE_KEY) return '__proto__';
  if (typeof value !== 'object') return value as ColumnValue;
  const entries = Object.entries(value) as [string, number | null][];
  return sortedEntries(entries.map(([key, item]) => [plainValue(key) as string, item]));
}
