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

/** What hyparquet reads from a Parquet file. It has no place for a map's key `__proto__`. */
export async function readWithHyparquet(path: string): Promise<FileRows> {
  const bytes = await readFile(path);
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
  return bytes === undefined ? undefined : decodeText(bytes);
}

function plainValue(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map((item: string | null | undefined) => item ?? null);
  if (typeof value === 'object') return sortedEntries(Object.entries(value));
  return value as ColumnValue;
}
