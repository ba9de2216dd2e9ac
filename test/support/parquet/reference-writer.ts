import {
  Bool,
  Field,
  Float64,
  Int64,
  List,
  Map_,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMillisecond,
  Utf8,
  makeData,
  tableToIPC,
} from 'apache-arrow';
import type { Data, DataType } from 'apache-arrow';
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet,
} from 'parquet-wasm';

import type { ColumnType, ParquetSchema } from '../../../src/encoders/parquet/schema.js';
import type { ColumnValue, MapEntries } from './expected-row.js';
import { expectedRow } from './expected-row.js';

/** How a reference file is written. */
export interface ReferenceOptions {
  /** @defaultValue `'zstd'` */
  readonly compression?: 'none' | 'snappy' | 'gzip' | 'zstd' | undefined;
}

const CODECS = {
  none: Compression.UNCOMPRESSED,
  snappy: Compression.SNAPPY,
  gzip: Compression.GZIP,
  zstd: Compression.ZSTD,
} as const;

/** A nested value is nullable in a list and in a map, a key never is. */
const ENTRIES: Struct = new Struct([
  new Field('key', new Utf8(), false),
  new Field('value', new Float64(), true),
]);
const TYPES: Readonly<Record<ColumnType, DataType>> = {
  utf8: new Utf8(),
  json: new Utf8(),
  timestamp: new TimestampMillisecond('UTC'),
  boolean: new Bool(),
  double: new Float64(),
  int64: new Int64(),
  'utf8-list': new List(new Field('element', new Utf8(), true)),
  'double-map': new Map_(new Field('entries', ENTRIES, false)),
};

/**
 * A Parquet file of rows, written without anything of the product's writer: the values come from
 * {@link expectedRow}, the pages from Arrow's implementation of Parquet in Rust. Holds all of it in memory.
 * @param texts one valid JSON object each.
 */
export function writeReference(
  schema: ParquetSchema,
  texts: readonly string[],
  { compression = 'zstd' }: ReferenceOptions = {},
): Uint8Array {
  const rows = texts.map((text) => expectedRow(schema, text));
  const children = schema.columns.map(({ type }, at) =>
    BUILD[type](rows.map((row) => row[at] as ColumnValue)),
  );
  const fields = schema.columns.map(({ name, type }) => new Field(name, TYPES[type], true));
  const struct = makeData({ type: new Struct(fields), length: rows.length, children });
  const table = new Table(new RecordBatch(new Schema(fields), struct));
  const wasmTable = WasmTable.fromIPCStream(tableToIPC(table, 'stream'));
  // Properties are good for one file: a second writeParquet with the same ones compresses nothing, without a word.
  const properties = new WriterPropertiesBuilder().setCompression(CODECS[compression]).build();
  return writeParquet(wasmTable, properties);
}

type Values = readonly ColumnValue[];

const BUILD: Readonly<Record<ColumnType, (values: Values) => Data>> = {
  utf8: textData,
  json: textData,
  timestamp: (values) =>
    makeData({
      type: TYPES.timestamp as TimestampMillisecond,
      ...validity(values),
      data: BigInt64Array.from(values, (value) => BigInt((value as number | null) ?? 0)),
    }),
  boolean: (values) =>
    makeData({
      type: TYPES.boolean as Bool,
      ...validity(values),
      data: bitmap(values, (value) => value === true),
    }),
  double: doubleData,
  int64: (values) =>
    makeData({
      type: TYPES.int64 as Int64,
      ...validity(values),
      data: BigInt64Array.from(values, (value) => (value as bigint | null) ?? 0n),
    }),
  'utf8-list': (values) => {
    const lists = values as readonly (readonly (string | null)[] | null)[];
    return makeData({
      type: TYPES['utf8-list'] as List,
      ...validity(values),
      valueOffsets: offsetsOf(lists.map((list) => list?.length ?? 0)),
      child: textData(lists.flatMap((list) => list ?? [])),
    });
  },
  'double-map': (values) => {
    const maps = values as readonly (MapEntries | null)[];
    const entries = maps.flatMap((map) => map ?? []);
    return makeData({
      type: TYPES['double-map'] as Map_,
      ...validity(values),
      valueOffsets: offsetsOf(maps.map((map) => map?.length ?? 0)),
      child: makeData({
        type: ENTRIES,
        length: entries.length,
        nullCount: 0,
        children: [
          textData(entries.map(([key]) => key)),
          doubleData(entries.map(([, value]) => value)),
        ],
      }),
    });
  },
};

function textData(values: Values): Data {
  const texts = values.map((value) => Buffer.from((value as string | null) ?? ''));
  return makeData({
    type: new Utf8(),
    ...validity(values),
    valueOffsets: offsetsOf(texts.map((text) => text.length)),
    data: Buffer.concat(texts),
  });
}

function doubleData(values: Values): Data {
  return makeData({
    type: new Float64(),
    ...validity(values),
    data: Float64Array.from(values, (value) => (value as number | null) ?? 0),
  });
}

function validity(values: Values): { length: number; nullCount: number; nullBitmap: Uint8Array } {
  const nullCount = values.filter((value) => value === null).length;
  return {
    length: values.length,
    nullCount,
    nullBitmap: bitmap(values, (value) => value !== null),
  };
}

function bitmap(values: Values, isSet: (value: ColumnValue) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (const [row, value] of values.entries()) {
    if (isSet(value)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
  return bits;
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) offsets[at + 1] = (offsets[at] as number) + length;
  return offsets;
}
