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

  it('is the same to the last byte when it is written again', async () => {
    const encoder = parquetEncoder({ schema: { name: 'long', columns: COLUMNS } });
    const [first, second] = [
      await encodeTexts(encoder, texts, 700),
      await encodeTexts(encoder, texts, 700),
    ];
    expect(Buffer.compare(first, second)).toBe(0);
  });
});
