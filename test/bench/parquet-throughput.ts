import { open, mkdtemp, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { DuckDBInstance } from '@duckdb/node-api';

import { parquetEncoder } from '../../src/entries/parquet.js';
import { splitAnswer } from '../../src/rows/answer.js';
import { rowBatchFromText } from '../../src/rows/row-batch.js';
import { queryDuckDb } from '../support/duckdb.js';
import { compare } from './figure.js';
import type { BenchGroup, Contender } from './figure.js';
import { ATTRIBUTES, BENCH_COLUMNS, DOUBLES, INTEGERS, JSONS, TEXTS } from './parquet-columns.js';
import { spanPages } from './span-pages.js';
import type { RowProfile } from './span-pages.js';

const SEED = 20261121;
const ROUNDS = 5;
const QUICK_ROUNDS = 3;
const INPUT_BYTES = 1_200_000_000;
const QUICK_INPUT_BYTES = 200_000_000;
/** Written again and again until the input is large enough. */
const DISTINCT_BYTES = 150_000_000;
/** Like pages of an API. */
const PAGE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

const PROFILES: readonly (readonly [string, RowProfile])[] = [
  ['real', 'large'],
  ['small', 'small'],
];

/** What DuckDB does not have to keep, and we do. */
const OWN_COLUMNS = ['metrics', 'span_attributes', '_extra'];

/** Made by `npm run build`. */
const WORKER_URL = new URL('../../dist/parquet-worker.js', import.meta.url);

/**
 * Speed of Parquet beside DuckDB, the same columns, from file to file: in one process beside one thread, with two workers
 * beside two threads.
 */
export const parquetThroughput: BenchGroup = async function* ({ quick }) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-parquet-'));
  try {
    for (const [name, profile] of PROFILES) {
      const input = join(folder, `${name}.jsonl`);
      await writeInput(input, profile, quick ? QUICK_INPUT_BYTES : INPUT_BYTES);
      const [ours, theirs] = ['tracehaul', 'duckdb'].map((who) => join(folder, `${who}.parquet`));
      const files = { input, ours: ours as string, theirs: theirs as string };
      for (const threads of [1, 2]) {
        const pair = {
          subject: encoderContender(files, threads === 1 ? 0 : threads),
          peer: duckDbContender(files, threads),
        };
        yield await compare(`parquet.${name}.${threads}`, pair, quick ? QUICK_ROUNDS : ROUNDS);
      }
      const [size, peerSize] = [
        await columnsSize(ours as string),
        await columnsSize(theirs as string),
      ];
      const ratio = size / peerSize;
      yield { name: `parquet.${name}.size`, value: size / 1e6, unit: 'MB', ratio, peer: 'DuckDB' };
    }
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Rows as lines. */
async function writeInput(path: string, profile: RowProfile, bytes: number): Promise<void> {
  const pages: Buffer[] = [];
  let size = 0;
  for (const page of spanPages(profile, SEED)) {
    const lines = linesOf(page);
    pages.push(lines);
    size += lines.length;
    if (size >= Math.min(DISTINCT_BYTES, bytes)) break;
  }
  const file = await open(path, 'w');
  for (let written = 0; written < bytes;) {
    for (const lines of pages) await file.writeFile(lines);
    written += size;
  }
  await file.close();
}

function linesOf(page: Buffer): Buffer {
  const { bytes, bounds } = splitAnswer(page).rows.text();
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bounds.length; at += 2) {
    lines.push(bytes.subarray(bounds[at], bounds[at + 1]), Buffer.of(NEWLINE));
  }
  return Buffer.concat(lines);
}

interface BenchFiles {
  readonly input: string;
  readonly ours: string;
  readonly theirs: string;
}

function encoderContender({ input, ours }: BenchFiles, workers: number): Contender {
  const schema = { name: 'bench', columns: BENCH_COLUMNS };
  const encoder = parquetEncoder({ schema, workers, workerUrl: WORKER_URL });
  return {
    name: 'parquetEncoder',
    run: async () => {
      const object = await encoder.open();
      const target = await open(ours, 'w');
      const write = async (chunks: readonly Uint8Array[]): Promise<void> => {
        for (const chunk of chunks) await target.writeFile(chunk);
      };
      for await (const lines of readPages(input)) {
        await nextTurn();
        await write(await object.write(rowBatchFromText(lines, boundsOf(lines))));
      }
      await write(await object.finish());
      await target.close();
      return sizeOf(input);
    },
  };
}

/** Whole lines, in buffers of their own. */
async function* readPages(path: string): AsyncGenerator<Buffer, void, void> {
  const file = await open(path);
  try {
    for (let from = 0; ;) {
      const page = await readAt(file, from);
      if (page.length === 0) return;
      const end = page.lastIndexOf(NEWLINE) + 1;
      yield page.subarray(0, end);
      from += end;
    }
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, from: number): Promise<Buffer> {
  const page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  const { bytesRead } = await file.read(page, 0, page.length, from);
  return page.subarray(0, bytesRead);
}

function boundsOf(lines: Buffer): Uint32Array {
  const bounds: number[] = [];
  for (let start = 0; start < lines.length;) {
    const end = lines.indexOf(NEWLINE, start);
    bounds.push(start, end);
    start = end + 1;
  }
  return Uint32Array.from(bounds);
}

/** Its best setting for this work. */
function duckDbContender({ input, theirs }: BenchFiles, threads: number): Contender {
  const metrics = [
    ...DOUBLES.map((name) => `"${name}" DOUBLE`),
    ...INTEGERS.map((name) => `"${name}" BIGINT`),
  ];
  const attributes = ATTRIBUTES.map((name) => `"${name}" VARCHAR`);
  const columns = [
    ...TEXTS.map((name) => `${name}: 'VARCHAR'`),
    `created: 'TIMESTAMP'`,
    `is_root: 'BOOLEAN'`,
    ...JSONS.map((name) => `${name}: 'JSON'`),
    `metrics: 'STRUCT(${metrics.join(', ')})'`,
    `span_attributes: 'STRUCT(${attributes.join(', ')})'`,
  ];
  const selected = [
    `* exclude (metrics, span_attributes)`,
    ...[...DOUBLES, ...INTEGERS].map((name) => `metrics."${name}" as "metric_${name}"`),
    ...ATTRIBUTES.map((name) => `span_attributes."${name}" as "span_${name}"`),
  ];
  const sql = `copy (select ${selected.join(', ')} from read_json('${input}', format = 'newline_delimited',
    columns = {${columns.join(', ')}})) to '${theirs}'
    (format parquet, compression zstd, compression_level 1, row_group_size 10000)`;
  const name = `DuckDB COPY, ${threads} thread${threads === 1 ? '' : 's'}`;
  return { name, run: () => runInDuckDb(sql, input, threads) };
}

async function runInDuckDb(sql: string, input: string, threads: number): Promise<number> {
  const database = await DuckDBInstance.create(':memory:', { threads: String(threads) });
  const connection = await database.connect();
  try {
    await connection.run(sql);
    return await sizeOf(input);
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

/** Size of the columns that both files have. */
async function columnsSize(path: string): Promise<number> {
  const own = OWN_COLUMNS.map((name) => `'${name}'`).join(', ');
  const [[size] = []] = await queryDuckDb(
    `select sum(total_compressed_size)::double from parquet_metadata('${path}')
     where path_in_schema not in (${own})`,
  );
  return Number(size);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
