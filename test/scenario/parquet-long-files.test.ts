import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/encoders/parquet/parquet-encoder.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { Column } from '../../src/encoders/parquet/schema.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { queryDuckDb } from '../support/duckdb.js';
import { encodeTexts } from '../support/parquet/encode.js';
import { expectSame } from '../support/parquet/expect-same.js';
import { choicesFrom } from '../support/parquet/random-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const ROWS = 6000;
const COLUMNS: readonly Column[] = [
  { name: 'id', path: ['id'], type: 'utf8' },
  { name: 'created', path: ['created'], type: 'timestamp' },
  { name: 'model', path: ['model'], type: 'utf8' },
  { name: 'input', path: ['input'], type: 'json' },
  { name: 'tokens', path: ['metrics', 'tokens'], type: 'int64' },
  { name: 'metrics', path: ['metrics'], type: 'double-map' },
  { name: 'tags', path: ['tags'], type: 'utf8-list' },
];

function createdAt(row: number): string {
  return new Date(Date.UTC(2026, 0, 1) + row * 60_000).toISOString();
}

/** About 6 KB a row. Models repeat at first, then hardly ever: a dictionary that pays off, and one that does not. */
function longRows(): readonly string[] {
  const choices = choicesFrom(seededRandom(20_261_121));
  return Array.from({ length: ROWS }, (_, at) => {
    const words = Array.from({ length: 450 }, () => choices.below(2 ** 32).toString(36));
    return JSON.stringify({
      id: `row ${at}`,
      created: createdAt(at),
      model: at < ROWS / 2 ? `model ${choices.below(5)}` : `model ${choices.below(2 ** 40)}`,
      input: `${words.join(' ')} é "quoted" `.repeat(1 + choices.below(3)),
      metrics: at % 7 === 0 ? null : { tokens: at, cost: choices.below(1000) / 1000 },
      tags: at % 3 === 0 ? ['a', `tag ${choices.below(40)}`] : null,
    });
  });
}

describe('a Parquet file of several row groups', () => {
  const texts = longRows();

  it('reads back value by value, and its statistics hide no row', async () => {
    const encoder = parquetEncoder({ schema: { name: 'long', columns: COLUMNS } });
    const file = await encodeTexts(encoder, texts, 700);
    const footer = parquetMetadata(Uint8Array.from(file).buffer);
    expect(footer.row_groups.length).toBeGreaterThan(1);
    await expectSame({ schema: createSchema('long', COLUMNS), texts }, file);

    const path = join(await temporaryFolder(), 'long.parquet');
    await writeFile(path, file);
    const count = async (where: string): Promise<number> => {
      const rows = await queryDuckDb(`select count(*) from read_parquet('${path}') where ${where}`);
      return Number(rows[0]?.[0]);
    };
    for (const at of [0, 1, ROWS / 2, ROWS - 1]) {
      expect(await count(`id = 'row ${at}'`)).toBe(1);
      expect(await count(`created = timestamptz '${createdAt(at)}'`)).toBe(1);
    }
    expect(await count('tokens >= 5000')).toBe(
      texts.filter((_, at) => at >= 5000 && at % 7 !== 0).length,
    );
    expect(await count('tokens is null')).toBe(texts.filter((_, at) => at % 7 === 0).length);
  });

  it.each([1, 333, 700, ROWS])(
    'is the same to the last byte when rows come %i at a time',
    async (rowsPerWrite) => {
      const encoder = parquetEncoder({ schema: { name: 'long', columns: COLUMNS } });
      const expected = await encodeTexts(encoder, texts, 512);
      const file = await encodeTexts(encoder, texts, rowsPerWrite);
      expect(Buffer.compare(file, expected)).toBe(0);
    },
  );

  it('ends a row group after the row that fills it', async () => {
    const encoder = parquetEncoder({ schema: { name: 'long', columns: COLUMNS } });
    const file = await encodeTexts(encoder, texts, 700);
    const groups: number[] = [];
    let bytes = 0;
    let rows = 0;
    for (const text of texts) {
      bytes += Buffer.byteLength(text);
      rows += 1;
      if (bytes < 16 * 1024 * 1024) continue;
      groups.push(rows);
      bytes = 0;
      rows = 0;
    }
    const footer = parquetMetadata(Uint8Array.from(file).buffer);
    expect(footer.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([...groups, rows]);
  });

  it('ends a row group after 122,880 rows', async () => {
    const encoder = parquetEncoder({ schema: { name: 'long', columns: COLUMNS } });
    const small = Array.from({ length: 130_000 }, (_, at) => `{"id":"${at}"}`);
    const [file, again] = [
      await encodeTexts(encoder, small, 1000),
      await encodeTexts(encoder, small, 40_961),
    ];
    const footer = parquetMetadata(Uint8Array.from(file).buffer);
    expect(footer.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([122_880, 7_120]);
    expect(Buffer.compare(file, again)).toBe(0);
  });
});
