import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/encoders/parquet/parquet-encoder.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import { isExportError } from '../../src/errors/index.js';
import type { ObjectEncoder } from '../../src/interfaces/index.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { firstDifference } from '../support/parquet/expect-same.js';
import { expectedRow } from '../support/parquet/expected-row.js';
import { hostileRow, isRow, rowPool, uncheckedBatch } from '../support/parquet/hostile-rows.js';
import { choicesFrom, randomColumns } from '../support/parquet/random-rows.js';
import { readBytesWithHyparquet } from '../support/parquet/readers/hyparquet.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const CASES = Number(process.env['EXPORT_CASES'] ?? 20_000);
const ROWS_PER_OBJECT = 1000;
const WRITE_MAX_ROWS = 40;
const GOOD_ROW = Buffer.from('{"id":"good"}');

interface Count {
  readonly accepted: number;
  readonly refused: number;
}

/** One object of rows that follow from the seed, refused ones left out. */
async function fuzzObject(seed: number): Promise<Count> {
  const choices = choicesFrom(seededRandom(seed));
  const columns = randomColumns(choices, 1 + choices.below(10));
  const pool = rowPool(choices, columns);
  const encoder = parquetEncoder({ schema: { name: 'random', columns }, compression: 'none' });
  const object = await encoder.open();
  const chunks: Uint8Array[] = [];
  const accepted: Buffer[] = [];
  let refused = 0;
  while (accepted.length + refused < ROWS_PER_OBJECT) {
    const rows = Array.from({ length: 1 + choices.below(WRITE_MAX_ROWS) }, () =>
      hostileRow(choices, pool),
    );
    const good = rows.filter(isRow);
    chunks.push(...(await object.write(uncheckedBatch(good))));
    accepted.push(...good);
    for (const row of rows.filter((candidate) => !isRow(candidate))) {
      await expectRefused(object, row);
      refused += 1;
    }
  }
  chunks.push(...(await object.finish()));
  const schema = createSchema('random', columns);
  const expected = {
    names: schema.columns.map(({ name }) => name),
    rows: accepted.map((row) => expectedRow(schema, row.toString())),
  };
  const actual = await readBytesWithHyparquet(Buffer.concat(chunks));
  expect(firstDifference(actual, expected)).toBeNull();
  return { accepted: accepted.length, refused };
}

async function expectRefused(object: ObjectEncoder, row: Buffer): Promise<void> {
  const before = object.rowCount;
  let failure: unknown;
  try {
    await object.write(uncheckedBatch([GOOD_ROW, row]));
  } catch (error) {
    failure = error;
  }
  const isNamed = isExportError(failure, 'ROW_UNENCODABLE') && failure.details['rowIndex'] === 1;
  if (isNamed && object.rowCount === before) return;
  const text = JSON.stringify(row.toString('latin1').slice(0, 500));
  throw new Error(`a row was not refused by name: ${text}`, { cause: failure });
}

describe('hostile rows', () => {
  it(
    'are refused by name, or all their values come out as they are',
    async () => {
      let [accepted, refused] = [0, 0];
      // Two rows in three end in errors, whose stacks would take half of the time.
      Error.stackTraceLimit = 0;
      for (let seed = SEED; accepted + refused < CASES; seed += 1) {
        const count = await fuzzObject(seed).catch((cause: unknown) => {
          throw new Error(`EXPORT_SEED=${seed} EXPORT_CASES=1 repeats it`, { cause });
        });
        accepted += count.accepted;
        refused += count.refused;
      }
      if (process.env['EXPORT_CASES'] !== undefined)
        console.log(`${accepted} rows accepted, ${refused} refused, seed ${SEED}`);
      expect(Math.min(accepted, refused)).toBeGreaterThan((accepted + refused) / 4);
    },
    60_000 + CASES,
  );
});
