import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { Encoder } from '../../src/interfaces/index.js';
import { textBatch } from '../support/rows.js';
import { wasmZstdJsonlEncoder } from '../support/wasm-zstd-encoder.js';

const TEXTS: readonly string[] = Array.from({ length: 9_000 }, (_, row) => {
  const filler = 'ünï ☃ text, '.repeat(row % 70);
  return `{"id":"row-${row}","n":${row},"input":{"text":"${filler}"},"none":null}`;
});

const ENCODERS: readonly (readonly [string, () => Encoder])[] = [
  ['none', () => jsonlEncoder({ compression: 'none' })],
  ['gzip', () => jsonlEncoder()],
  ['zstd', () => jsonlEncoder({ compression: 'zstd' })],
  ['zstd by WebAssembly', wasmZstdJsonlEncoder],
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jsonl-readers-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes the rows as a file, a thousand a batch, and answers its path. */
async function writeObject(encoder: Encoder, texts: readonly string[]): Promise<string> {
  const object = await encoder.open();
  const chunks: Uint8Array[] = [];
  for (let row = 0; row < texts.length; row += 1000) {
    chunks.push(...(await object.write(textBatch(...texts.slice(row, row + 1000)))));
  }
  chunks.push(...(await object.finish()));
  const path = join(folder, `rows${encoder.extension}`);
  await writeFile(path, Buffer.concat(chunks));
  return path;
}

async function queryDuckDb(sql: string): Promise<unknown[][]> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

function hasTool(tool: string): boolean {
  return spawnSync(tool, ['--version']).status === 0;
}

describe.each(ENCODERS)('JSON Lines, %s', (_, create) => {
  it('is read by DuckDB, every row and value', async () => {
    const path = await writeObject(create(), TEXTS);
    const rows = await queryDuckDb(
      `select count(*)::int, sum(n)::int, sum(length(input.text))::int, count("none")::int,
              min(id = 'row-' || n) from read_json('${path}', format = 'newline_delimited')`,
    );
    const characters = TEXTS.reduce(
      (sum, text) => sum + (JSON.parse(text) as { input: { text: string } }).input.text.length,
      0,
    );
    expect(rows).toEqual([[9_000, (9_000 * 8_999) / 2, characters, 0, true]]);
  });

  it('is read by DuckDB as no rows when there are none', async () => {
    const path = await writeObject(create(), []);
    const rows = await queryDuckDb(
      `select count(*)::int from read_json('${path}', format = 'newline_delimited', columns = {id: 'VARCHAR'})`,
    );
    expect(rows).toEqual([[0]]);
  });
});

describe('command-line tools', () => {
  const expected = `${TEXTS.join('\n')}\n`;

  it.skipIf(!hasTool('gzip'))('gzip unpacks what was written', async () => {
    const path = await writeObject(jsonlEncoder(), TEXTS);
    expect(unpack('gzip', path) === expected).toBe(true);
  });

  it.skipIf(!hasTool('zstd'))('zstd unpacks what was written', async () => {
    for (const create of [() => jsonlEncoder({ compression: 'zstd' }), wasmZstdJsonlEncoder]) {
      const path = await writeObject(create(), TEXTS);
      expect(unpack('zstd', path) === expected).toBe(true);
      expect(unpack('zstd', await writeObject(create(), []))).toBe('');
    }
  });

  function unpack(tool: string, path: string): string {
    return execFileSync(tool, ['-d', '-c', path], { maxBuffer: 64 * 1024 * 1024 }).toString();
  }
});
