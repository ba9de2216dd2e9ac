import { gunzipSync } from 'node:zlib';

import zstd from '@foxglove/wasm-zstd';
import { describe, expect, it } from 'vitest';

import { csvEncoder } from '../../src/entries/csv.js';
import { jsonArrayEncoder } from '../../src/entries/json.js';
import { encoderContract } from '../../src/entries/testing.js';
import { duckDbCsvReader } from '../support/csv/duckdb-csv.js';
import { parseCsv } from '../support/csv/parse-csv.js';
import type { CsvLine } from '../support/csv/parse-csv.js';
import { readJsonArray } from '../support/json-array-reader.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = await temporaryFolder();
const SIZE_MAX = 64 * 1024 * 1024;

const UNPACKED = {
  none: (object: Uint8Array): Uint8Array => object,
  gzip: (object: Uint8Array): Uint8Array => gunzipSync(object),
  zstd: (object: Uint8Array): Uint8Array => zstd.decompress(object, SIZE_MAX),
} as const;
const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;

/** The rows of a file whose only column is `_extra`. */
function rowsInExtra([names, ...lines]: readonly CsvLine[]): readonly string[] {
  expect(names).toEqual(['_extra']);
  return lines.map(([extra]) => (extra == null || extra === '' ? '{}' : extra));
}

describe.each(COMPRESSIONS)('csvEncoder, %s', (compression) => {
  const create = () => csvEncoder({ compression, columns: [] });
  const read = (object: Uint8Array) => rowsInExtra(parseCsv(UNPACKED[compression](object)));
  for (const { name, run } of encoderContract({ create, read })) it(name, run);
});

/** Rows put together again from cells that are JSON, and from `_extra`. */
function rowsOfCells([names = [], ...lines]: readonly CsvLine[]): readonly string[] {
  return lines.map((line) => {
    const members = line.slice(0, -1).flatMap((cell, index) => {
      return cell === null ? [] : [`${JSON.stringify(names[index])}:${cell}`];
    });
    const extra = line.at(-1)?.slice(1, -1) ?? '';
    return `{${[...members, ...(extra === '' ? [] : [extra])].join(',')}}`;
  });
}

describe.each(['spans', 'first-rows'] as const)('csvEncoder, columns of %s as JSON', (columns) => {
  const create = () =>
    csvEncoder({ compression: 'none', values: 'json', delimiter: ';', bom: true, columns });
  const read = (object: Uint8Array) => {
    expect([...object.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const [names = [], ...lines] = parseCsv(object.subarray(3), ';');
    // A copy of a value inside of another member is no member.
    const copies = names.map((name) => /^(span_name|span_type|metric_.*)$/.test(name ?? ''));
    const ownCells = (line: CsvLine): CsvLine => line.filter((_, index) => copies[index] !== true);
    return rowsOfCells([names, ...lines].map(ownCells));
  };
  const supports = { verbatim: false };
  for (const { name, skip, run } of encoderContract({ create, read, supports })) {
    it.skipIf(skip)(name, run);
  }
});

describe('csvEncoder, read by DuckDB', () => {
  const readLines = duckDbCsvReader(folder);
  const create = () => csvEncoder({ compression: 'none', columns: ['nothing'] });
  const read = async (object: Uint8Array) => {
    const [names, ...lines] = await readLines(object, 2);
    expect(names).toEqual(['nothing', '_extra']);
    return lines.map(([, extra]) => extra ?? '{}');
  };
  for (const { name, run } of encoderContract({ create, read })) it(name, run);
});

describe.each(COMPRESSIONS)('jsonArrayEncoder, %s', (compression) => {
  const create = () => jsonArrayEncoder({ compression });
  const read = (object: Uint8Array) => readJsonArray(UNPACKED[compression](object));
  for (const { name, run } of encoderContract({ create, read })) it(name, run);
});

describe('the readers of these tests', () => {
  it.each([
    ['a line without an end', 'a,b\r\n1,2'],
    ['an empty cell at the very end', 'a,b\r\n1,'],
    ['a line feed alone', 'a,b\n1,2\r\n'],
    ['a quote in a bare cell', 'a,b\r\n1"2,3\r\n'],
    ['a quoted cell without an end', 'a,b\r\n"1,2\r\n'],
    ['text behind a closing quote', 'a,b\r\n"1"2,3\r\n'],
    ['lines of different lengths', 'a,b\r\n1\r\n'],
  ])('refuse %s', (_, text) => {
    expect(() => parseCsv(text)).toThrow();
  });

  it('tell an empty cell from an empty string', async () => {
    const text = 'a,b\r\n,""\r\n"x""\r\n,",y\r\n';
    const expected = [
      ['a', 'b'],
      [null, ''],
      ['x"\r\n,', 'y'],
    ];
    expect(parseCsv(text)).toEqual(expected);
    expect(await duckDbCsvReader(folder)(Buffer.from(text), 2)).toEqual(expected);
  });

  it('refuse an array that is cut off', () => {
    expect(() => readJsonArray(Buffer.from('[\n{"a":1},\n{"b":2}'))).toThrow();
  });
});
