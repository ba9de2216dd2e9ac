import {
  DuckDBBlobValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBTimestampTZValue,
} from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';

import { sortedEntries } from '../expected-row.js';
import type { ColumnValue } from '../expected-row.js';
import { decodeText } from './values.js';
import type { FileRows } from './values.js';

/** What DuckDB reads from a Parquet file. */
export async function readWithDuckDb(path: string): Promise<FileRows> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    return await readFile(connection, `read_parquet('${path.replaceAll("'", "''")}')`);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

async function readFile(connection: DuckDBConnection, table: string): Promise<FileRows> {
  const described = await connection.runAndReadAll(`describe select * from ${table}`);
  const columns = described.getRows() as [name: string, type: string][];
  const selected = columns.map(([name, type]) => bytesOf(`"${name.replaceAll('"', '""')}"`, type));
  const reader = await connection.runAndReadAll(`select ${selected.join(', ')} from ${table}`);
  return {
    names: columns.map(([name]) => name),
    rows: reader.getRows().map((row) => row.map(plainValue)),
  };
}

/** Text is fetched as bytes: the client drops a byte order mark when it makes strings. */
function bytesOf(column: string, type: string): string {
  switch (type) {
    case 'VARCHAR':
    case 'JSON':
      return `encode(${column}::varchar)`;
    case 'VARCHAR[]':
      return `list_transform(${column}, lambda item: encode(item))`;
    case 'MAP(VARCHAR, DOUBLE)':
      return `map(list_transform(map_keys(${column}), lambda key: encode(key)), map_values(${column}))`;
    default:
      return column;
  }
}

function plainValue(value: DuckDBValue): ColumnValue {
  if (value instanceof DuckDBBlobValue) return decodeText(value.bytes);
  if (value instanceof DuckDBTimestampTZValue) return millisecondsOf(value.micros);
  if (value instanceof DuckDBListValue) return value.items.map(plainValue) as (string | null)[];
  if (value instanceof DuckDBMapValue) {
    const entries = value.entries.map(({ key, value: item }) => [plainValue(key), item] as const);
    return sortedEntries(entries as [string, number | null][]);
  }
  return value as ColumnValue;
}

function millisecondsOf(micros: bigint): number {
  if (micros % 1000n !== 0n) throw new Error('a timestamp has parts of milliseconds');
  return Number(micros / 1000n);
}
