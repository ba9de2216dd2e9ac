import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { csvEncoder, type CsvEncoderOptions } from '../../src/entries/csv.js';
import { jsonArrayEncoder } from '../../src/entries/json.js';
import type { CsvColumn } from '../../src/encoders/csv/csv-columns.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { duckDbCsvReader } from '../support/csv/duckdb-csv.js';
import { expectedCells } from '../support/csv/expected-cells.js';
import { parseCsv } from '../support/csv/parse-csv.js';
import { readJsonArray } from '../support/json-array-reader.js';
import { encodeTexts } from '../support/parquet/encode.js';
import { trimSpace } from '../support/parquet/json-walk.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = await temporaryFolder();

interface Case {
  readonly columns: readonly CsvColumn[];
  readonly texts: readonly string[];
  readonly values: 'text' | 'json';
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly rowsPerWrite: number;
}

/** Shrinks to fewer columns and fewer rows; what a row holds follows from its seed. */
const cases = fc
  .record({
    seed: fc.nat(),
    columnCount: fc.integer({ min: 0, max: 12 }),
    rowSeeds: fc.array(fc.nat(), { maxLength: 30 }),
    values: fc.constantFrom('text' as const, 'json' as const),
    delimiter: fc.constantFrom(',' as const, ';' as const, '\t' as const, '|' as const),
    rowsPerWrite: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ seed, columnCount, rowSeeds, ...rest }): Case => {
    const columns = randomColumns(choicesFrom(seededRandom(seed)), columnCount);
    const texts = rowSeeds.map((row) => randomRow(choicesFrom(seededRandom(row)), columns));
    return { columns: columns.map(({ name, path }) => ({ name, path })), texts, ...rest };
  });

const runs = {
  seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121),
  numRuns: Number(process.env['EXPORT_RUNS'] ?? 100),
};

function encode({ texts, rowsPerWrite }: Case, options: CsvEncoderOptions): Promise<Uint8Array> {
  return encodeTexts(csvEncoder({ compression: 'none', ...options }), texts, rowsPerWrite);
}

/** With one column only, an empty cell has quotes. */
function expectedLines({ columns, texts, values }: Case): readonly (readonly (string | null)[])[] {
  const lines = texts.map((text) => expectedCells(columns, text, values === 'json'));
  return columns.length > 0 ? lines : lines.map(([extra]) => [extra ?? '']);
}

describe('a CSV file of random rows and columns', () => {
  it('reads back as the rows say', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { columns, values, delimiter } = given;
        const [header, ...lines] = parseCsv(
          await encode(given, { columns, values, delimiter }),
          delimiter,
        );
        expect(header).toEqual([...columns.map(({ name }) => name), '_extra']);
        expect(lines).toEqual(expectedLines(given));
      }),
      runs,
    );
  });

  it('reads back in DuckDB', async () => {
    const read = duckDbCsvReader(folder);
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { columns, values } = given;
        const file = await encode(given, { columns, values });
        const [, ...lines] = await read(file, columns.length + 1);
        expect(lines).toEqual(expectedLines(given));
      }),
      { ...runs, numRuns: Math.ceil(runs.numRuns / 2) },
    );
  });

  it('holds every member of every row, whatever the first rows are', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const file = await encode(given, { columns: 'first-rows', values: 'json' });
        const [header = [], ...lines] = parseCsv(file);
        const found = lines.map((line) => membersOfLine(header, line));
        expect(found).toEqual(given.texts.map((text) => JSON.parse(text) as unknown));
      }),
      runs,
    );
  });

  it('has no cell that a spreadsheet would run, with the guard', async () => {
    const texts = fc.array(
      fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', 'a', '"', ',') }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const rows = values.map((value) => JSON.stringify({ [`${value}x`]: value, b: value }));
        const options = { compression: 'none', columns: 'first-rows', formulaGuard: true } as const;
        const lines = parseCsv(await encodeTexts(csvEncoder(options), rows));
        for (const cell of lines.flat()) expect(cell ?? '').not.toMatch(/^[=+\-@\t\r]/);
      }),
      runs,
    );
  });
});

/** The row that a line of JSON cells says. Duplicate keys: the column has the last. */
function membersOfLine(header: readonly unknown[], line: readonly (string | null)[]): unknown {
  const own = line.slice(0, -1).flatMap((cell, index) => {
    return cell === null ? [] : [[String(header[index]), JSON.parse(cell) as unknown] as const];
  });
  const extra = JSON.parse(line.at(-1) || '{}') as object;
  return Object.fromEntries([...Object.entries(extra), ...own]);
}

describe('a JSON array of random rows', () => {
  it('is valid JSON, and has the text of every row', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ texts, rowsPerWrite }) => {
        const encoder = jsonArrayEncoder({ compression: 'none' });
        const file = await encodeTexts(encoder, texts, rowsPerWrite);
        expect(readJsonArray(file)).toEqual(texts.map(trimSpace));
      }),
      runs,
    );
  });
});
