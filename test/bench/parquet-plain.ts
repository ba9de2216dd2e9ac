import {
  Bool,
  Float64,
  Int64,
  Table,
  TimestampMillisecond,
  Utf8,
  makeBuilder,
  makeVector,
  tableToIPC,
} from 'apache-arrow';
import type { Builder, DataType } from 'apache-arrow';
import {
  Compression,
  Table as WasmTable,
  WriterPropertiesBuilder,
  writeParquet,
} from 'parquet-wasm';

import { parquetEncoder } from '../../src/entries/parquet.js';
import { splitAnswer } from '../../src/rows/answer.js';
import { compare } from './figure.js';
import type { BenchGroup, Contender } from './figure.js';
import { BENCH_COLUMNS } from './parquet-columns.js';
import type { BenchColumn } from './parquet-columns.js';
import { spanPages } from './span-pages.js';

const SEED = 20_261_121;
const INPUT_BYTES = 60_000_000;
const QUICK_INPUT_BYTES = 15_000_000;
const ROUNDS = 5;
/** Larger row groups make the plain way no quicker, and its memory grows with them. */
const ROW_GROUP_BYTES = 16_000_000;

/** Beside what one would write at first: `JSON.parse`, Arrow's builders, and `parquet-wasm`. */
export const parquetPlain: BenchGroup = async function* ({ quick }) {
  for (const [name, profile] of [['real', 'large'] as const, ['small', 'small'] as const]) {
    const pages: Uint8Array[] = [];
    let size = 0;
    for (const page of spanPages(profile, SEED)) {
      pages.push(page);
      size += page.length;
      if (size >= (quick ? QUICK_INPUT_BYTES : INPUT_BYTES)) break;
    }
    const pair = { subject: encoderContender(pages), peer: plainContender(pages) };
    yield await compare(`parquet.${name}.plain`, pair, ROUNDS);
  }
};

function encoderContender(pages: readonly Uint8Array[]): Contender {
  const encoder = parquetEncoder({ schema: { name: 'bench', columns: BENCH_COLUMNS } });
  return {
    name: 'parquetEncoder',
    run: async () => {
      const object = await encoder.open();
      for (const page of pages) await object.write(splitAnswer(page).rows);
      await object.finish();
      return sizeOf(pages);
    },
  };
}

function plainContender(pages: readonly Uint8Array[]): Contender {
  return {
    name: 'JSON.parse, Arrow builders, parquet-wasm',
    run: async () => {
      let builders = createBuilders();
      let pending = 0;
      for (const page of pages) {
        for (const row of (JSON.parse(Buffer.from(page).toString()) as Answer).data)
          for (const [index, column] of BENCH_COLUMNS.entries())
            builders[index]?.append(valueOf(row, column));
        pending += page.length;
        if (pending < ROW_GROUP_BYTES) continue;
        writeFile(builders);
        builders = createBuilders();
        pending = 0;
      }
      if (pending > 0) writeFile(builders);
      return sizeOf(pages);
    },
  };
}

interface Answer {
  readonly data: readonly Readonly<Record<string, unknown>>[];
}

const TYPES: Readonly<Record<BenchColumn['type'], DataType>> = {
  utf8: new Utf8(),
  json: new Utf8(),
  timestamp: new TimestampMillisecond(),
  boolean: new Bool(),
  double: new Float64(),
  int64: new Int64(),
};

function createBuilders(): readonly Builder[] {
  return BENCH_COLUMNS.map(({ type }) => makeBuilder({ type: TYPES[type], nullValues: [null] }));
}

function valueOf(row: Readonly<Record<string, unknown>>, { path, type }: BenchColumn): unknown {
  let value: unknown = row;
  for (const key of path) value = (value as Record<string, unknown> | null | undefined)?.[key];
  if (value === undefined || value === null) return null;
  if (type === 'json') return JSON.stringify(value);
  if (type === 'timestamp') return Date.parse(value as string);
  return type === 'int64' ? BigInt(value as number) : value;
}

function writeFile(builders: readonly Builder[]): void {
  const columns = builders.map((builder, index) => [
    BENCH_COLUMNS[index]?.path.join('_') ?? '',
    makeVector(builder.finish().flush()),
  ]);
  const table = WasmTable.fromIPCStream(
    tableToIPC(new Table(Object.fromEntries(columns)), 'stream'),
  );
  writeParquet(table, new WriterPropertiesBuilder().setCompression(Compression.ZSTD).build());
}

function sizeOf(pages: readonly Uint8Array[]): number {
  return pages.reduce((sum, page) => sum + page.length, 0);
}
