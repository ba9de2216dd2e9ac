import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { ParquetSchema } from '../../src/encoders/parquet/schema.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { expectSame } from '../support/parquet/expect-same.js';
import { expectedRow } from '../support/parquet/expected-row.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import { writeReference } from '../support/parquet/reference-writer.js';

interface Case {
  readonly schema: ParquetSchema;
  readonly texts: readonly string[];
}

/** Shrinks to fewer columns and fewer rows; what a row holds follows from its seed. */
const cases = fc
  .record({
    seed: fc.nat(),
    columnCount: fc.integer({ min: 0, max: 12 }),
    rowSeeds: fc.array(fc.nat(), { maxLength: 30 }),
  })
  .map(({ seed, columnCount, rowSeeds }): Case => {
    const columns = randomColumns(choicesFrom(seededRandom(seed)), columnCount);
    const texts = rowSeeds.map((row) => randomRow(choicesFrom(seededRandom(row)), columns));
    return { schema: createSchema('random', columns), texts };
  });

const { seed, numRuns } = { seed: 20_261_121, numRuns: 60 };

describe('a Parquet file of random rows and columns', () => {
  it('written with Arrow reads back as the rows say, in every reader', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ schema, texts }) => {
        await expectSame({ schema, texts }, writeReference(schema, texts));
      }),
      { seed, numRuns },
    );
  });
});

describe('the values that rows ask for', () => {
  it('hold every top-level member of a row, or leave it to _extra', () => {
    fc.assert(
      fc.property(cases, ({ schema, texts }) => {
        for (const text of texts) {
          const values = expectedRow(schema, text);
          const row = JSON.parse(text) as Record<string, unknown>;
          const extra = JSON.parse((values.at(-1) as string | null) ?? '{}') as typeof row;
          const held = new Set(
            schema.columns
              .filter(({ path }, at) => path.length === 1 && values[at] !== null)
              .map(({ path }) => path[0] as string),
          );
          for (const [key, value] of Object.entries(row)) {
            if (held.has(key)) continue;
            const isColumn = schema.columns.some(
              ({ path }) => path.length === 1 && path[0] === key,
            );
            if (isColumn && value === null) continue;
            expect(Object.getOwnPropertyDescriptor(extra, key)?.value).toEqual(value);
          }
        }
      }),
      { seed, numRuns },
    );
  });
});
