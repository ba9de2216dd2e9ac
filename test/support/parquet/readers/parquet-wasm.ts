import { readFile } from 'node:fs/promises';

import { Type, tableFromIPC } from 'apache-arrow';
import type { Data } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';

import { sortedEntries } from '../expected-row.js';
import type { ColumnValue } from '../expected-row.js';
import { decodeText, rowsOfColumns } from './values.js';
import type { FileRows } from './values.js';

/** What the Rust implementation of Parquet reads from a file. */
export async function readWithParquetWasm(path: string): Promise<FileRows> {
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  // A table without rows has parts without children.
  const columns = table.schema.fields.map((_, index) =>
    (table.getChildAt(index)?.data ?? []).flatMap((data) =>
      data.length > 0 ? valuesOf(data) : [],
    ),
  );
  return { names: table.schema.names.map(String), rows: rowsOfColumns(columns) };
}

/** The values of an Arrow array, read off its buffers: Arrow's own accessors drop byte order marks. */
function valuesOf(data: Data): readonly ColumnValue[] {
  const { length } = data;
  const read = READ[data.typeId as Type];
  if (read === undefined) throw new Error(`a column has the unexpected type ${data.typeId}`);
  const valueAt = read(data);
  return Array.from({ length }, (_, row) => (data.getValid(row) ? valueAt(row) : null));
}

type ReadValue = (row: number) => ColumnValue;

const READ: Readonly<Partial<Record<Type, (data: Data) => ReadValue>>> = {
  [Type.Utf8]: readText,
  [Type.Bool]:
    ({ values, offset }) =>
    (row) =>
      ((values as Uint8Array)[(offset + row) >> 3]! & (1 << ((offset + row) & 7))) !== 0,
  [Type.Float]:
    ({ values }) =>
    (row) =>
      (values as Float64Array)[row] as number,
  [Type.Int]:
    ({ values }) =>
    (row) =>
      (values as BigInt64Array)[row] as bigint,
  [Type.Timestamp]:
    ({ values }) =>
    (row) =>
      Number((values as BigInt64Array)[row]),
  [Type.List]: (data) => {
    const items = valuesOf(data.children[0] as Data) as readonly (string | null)[];
    return (row) => items.slice(...rangeOf(data, row));
  },
  [Type.Map]: (data) => {
    const [keys, values] = (data.children[0] as Data).children.map(valuesOf) as [
      readonly string[],
      readonly (number | null)[],
    ];
    return (row) => {
      const [from, to] = rangeOf(data, row);
      return sortedEntries(keys.slice(from, to).map((key, at) => [key, values[from + at] ?? null]));
    };
  },
};

function readText(data: Data): ReadValue {
  const bytes = data.values as Uint8Array;
  return (row) => decodeText(bytes.subarray(...rangeOf(data, row)));
}

function rangeOf({ valueOffsets }: Data, row: number): [from: number, to: number] {
  const offsets = valueOffsets as unknown as Int32Array;
  return [offsets[row] as number, offsets[row + 1] as number];
}
