import * as fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import type { FileMetaData, Statistics } from 'hyparquet';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/encoders/parquet/parquet-encoder.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { ColumnType, ParquetSchema } from '../../src/encoders/parquet/schema.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { encodeTexts } from '../support/parquet/encode.js';
import { expectedRow } from '../support/parquet/expected-row.js';
import type { ColumnValue } from '../support/parquet/expected-row.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';

const SCALARS: readonly ColumnType[] = ['utf8', 'timestamp', 'boolean', 'double', 'int64'];
const runs = {
  seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
  numRuns: Number(process.env['EXPORT_RUNS'] ?? 100),
};

/** The footer of a file; strings in it are left as bytes, whose order is the order of the format. */
function footerOf(file: Uint8Array): FileMetaData {
  return parquetMetadata(Uint8Array.from(file).buffer, {
    parsers: { stringFromBytes: (bytes) => Buffer.from(bytes) },
  });
}

function before(a: unknown, b: unknown): boolean {
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.compare(a, b) < 0;
  return (a as number) < (b as number);
}

/** A value in the form that statistics are read in. */
function comparable(value: ColumnValue): unknown {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function plainBound(bound: unknown): unknown {
  return bound instanceof Date ? bound.getTime() : bound;
}

/** What readers may take from the statistics, to pass over rows without a look, must be so. */
function expectTrue(statistics: Statistics, values: readonly ColumnValue[]): boolean {
  const nulls = values.filter((value) => value === null).length;
  expect(Number(statistics.null_count)).toBe(nulls);
  const [min, max] = [plainBound(statistics.min_value), plainBound(statistics.max_value)];
  expect(min === undefined).toBe(max === undefined);
  if (min === undefined) return false;
  for (const value of values) {
    if (value === null) continue;
    const outside = before(comparable(value), min) || before(max, comparable(value));
    expect(outside, `${String(value)} lies outside`).toBe(false);
  }
  // A zero has two signs, and some readers tell them apart.
  if (typeof min === 'number' && min === 0 && values.some((value) => Object.is(value, -0))) {
    expect(Object.is(min, -0)).toBe(true);
  }
  return true;
}

function statisticsOf(footer: FileMetaData, column: number): Statistics | undefined {
  return footer.row_groups[0]?.columns[column]?.meta_data?.statistics;
}

interface Case {
  readonly schema: ParquetSchema;
  readonly texts: readonly string[];
}

/** Flat columns, so that a column of the schema is a column of the format. */
const cases = fc
  .record({ seed: fc.nat(), rowSeeds: fc.array(fc.nat(), { minLength: 1, maxLength: 30 }) })
  .map(({ seed, rowSeeds }): Case => {
    const columns = randomColumns(choicesFrom(seededRandom(seed)), 8).filter(({ type }) =>
      SCALARS.includes(type),
    );
    const texts = rowSeeds.map((row) => randomRow(choicesFrom(seededRandom(row)), columns));
    return { schema: createSchema('random', columns), texts };
  });

describe('the statistics of a Parquet file', () => {
  it('count the nulls of scalar columns, and bound their values', async () => {
    let bounded = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ schema, texts }) => {
        const columns = schema.columns.slice(0, -1);
        const encoder = parquetEncoder({
          schema: { name: 'random', columns },
          compression: 'none',
        });
        const footer = footerOf(await encodeTexts(encoder, texts));
        const rows = texts.map((text) => expectedRow(schema, text));
        for (const column of columns.keys()) {
          const statistics = statisticsOf(footer, column);
          if (statistics === undefined) throw new Error(`column ${column} has no statistics`);
          const values = rows.map((row) => row[column] as ColumnValue);
          if (expectTrue(statistics, values)) bounded += 1;
        }
      }),
      runs,
    );
    expect(bounded).toBeGreaterThan(runs.numRuns);
  });

  it('give the lowest and the highest value of every type', async () => {
    const columns = SCALARS.map((type) => ({ name: type, path: [type], type }));
    const texts = [
      '{"utf8":"b","timestamp":"2025-01-01T00:00:00Z","boolean":true,"double":-1.5,"int64":-7}',
      '{"utf8":"a","timestamp":"1969-01-01T00:00:00Z","boolean":false,"double":2,"int64":9}',
      '{"utf8":"é","timestamp":null,"boolean":null,"double":null,"int64":null}',
      '{}',
    ];
    const encoder = parquetEncoder({ schema: { name: 'scalars', columns } });
    const footer = footerOf(await encodeTexts(encoder, texts));
    const found = columns.map((_, column) => {
      const statistics = statisticsOf(footer, column);
      return [plainBound(statistics?.min_value), plainBound(statistics?.max_value)];
    });
    expect(found).toEqual([
      [Buffer.from('a'), Buffer.from('é')],
      [Date.UTC(1969, 0), Date.UTC(2025, 0)],
      [false, true],
      [-1.5, 2],
      [-7n, 9n],
    ]);
  });
});
