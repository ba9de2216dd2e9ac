import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/encoders/parquet/parquet-encoder.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { ParquetSchema } from '../../src/encoders/parquet/schema.js';
import { isExportError } from '../../src/errors/index.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { encodeTexts } from '../support/parquet/encode.js';
import { expectSame } from '../support/parquet/expect-same.js';
import { expectedRow, fitsColumns } from '../support/parquet/expected-row.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import { writeReference } from '../support/parquet/reference-writer.js';
import { textBatch } from '../support/rows.js';

interface Case {
  readonly schema: ParquetSchema;
  readonly texts: readonly string[];
  readonly compression: 'zstd' | 'snappy' | 'gzip' | 'none';
  readonly rowsPerWrite: number;
}

/** Shrinks to fewer columns and fewer rows; what a row holds follows from its seed. */
const cases = fc
  .record({
    seed: fc.nat(),
    columnCount: fc.integer({ min: 0, max: 12 }),
    rowSeeds: fc.array(fc.nat(), { maxLength: 30 }),
    compression: fc.constantFrom('zstd', 'snappy', 'gzip', 'none'),
    rowsPerWrite: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ seed, columnCount, rowSeeds, compression, rowsPerWrite }): Case => {
    const columns = randomColumns(choicesFrom(seededRandom(seed)), columnCount);
    const texts = rowSeeds.map((row) => randomRow(choicesFrom(seededRandom(row)), columns));
    return { schema: createSchema('random', columns), texts, compression, rowsPerWrite };
  });

const runs = {
  seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
  numRuns: Number(process.env['EXPORT_RUNS'] ?? 60),
};

/** What a call throws; null when it throws nothing. */
async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

/** The schema as the options take it. */
function customSchema({ name, columns }: ParquetSchema): {
  readonly name: string;
  readonly columns: ParquetSchema['columns'];
} {
  return { name, columns: columns.slice(0, -1) };
}

describe('a Parquet file of random rows and columns', () => {
  it('reads back as the rows say, in every reader', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ schema, texts, compression, rowsPerWrite }) => {
        const encoder = parquetEncoder({ schema: customSchema(schema), compression });
        await expectSame({ schema, texts }, await encodeTexts(encoder, texts, rowsPerWrite));
      }),
      runs,
    );
  });

  it('is read like the file that Arrow writes of them', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ schema, texts, compression }) => {
        await expectSame({ schema, texts }, writeReference(schema, texts, { compression }));
      }),
      runs,
    );
  });

  it('takes a row of a frozen schema exactly when its columns hold all of it', async () => {
    const counts = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(cases, async ({ schema, texts }) => {
        const encoder = parquetEncoder({ schema: customSchema(schema), drift: 'freeze' });
        const object = await encoder.open();
        for (const text of texts) {
          const fits = fitsColumns(schema, text);
          counts[fits ? 'taken' : 'refused'] += 1;
          const failure = await failureOf(async () => object.write(textBatch('{}', text)));
          if (fits) expect(failure).toBeNull();
          else
            expect(isExportError(failure, 'ROW_UNENCODABLE') && failure.details['rowIndex']).toBe(
              1,
            );
        }
        object.abort();
      }),
      runs,
    );
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(20);
  });
});

describe('the values that rows ask for', () => {
  it('hold every top-level member of a row, or leave it to _extra', () => {
    fc.assert(
      fc.property(cases, ({ schema, texts }) => {
        for (const text of texts) expectNothingDropped(schema, text);
      }),
      runs,
    );
  });
});

function expectNothingDropped(schema: ParquetSchema, text: string): void {
  const values = expectedRow(schema, text);
  const extra = JSON.parse((values.at(-1) as string | null) ?? '{}') as object;
  for (const [key, value] of Object.entries(JSON.parse(text) as object)) {
    const column = schema.columns.findIndex(({ path }) => path.length === 1 && path[0] === key);
    const isHeld = column !== -1 && (value === null || values[column] !== null);
    if (isHeld) continue;
    expect(Object.getOwnPropertyDescriptor(extra, key)?.value).toEqual(value);
  }
}
