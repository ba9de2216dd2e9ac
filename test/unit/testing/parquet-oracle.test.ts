import { describe, expect, it } from 'vitest';

import { createSchema } from '../../../src/encoders/parquet/schema.js';
import type { ColumnType } from '../../../src/encoders/parquet/schema.js';
import { expectSame, firstDifference } from '../../support/parquet/expect-same.js';
import { expectedRow } from '../../support/parquet/expected-row.js';
import type { ColumnValue } from '../../support/parquet/expected-row.js';
import { writeReference } from '../../support/parquet/reference-writer.js';

/** What a single column `value` and `_extra` hold for a value with this text. */
function expectedOf(type: ColumnType, text: string): readonly ColumnValue[] {
  const schema = createSchema('one', [{ name: 'value', path: ['value'], type }]);
  return expectedRow(schema, `{"value":${text}}`);
}

type Example = readonly [type: ColumnType, text: string, value: Exclude<ColumnValue, null>];

const FITTING: readonly Example[] = [
  ['utf8', '""', ''],
  ['utf8', '"__proto__"', '__proto__'],
  ['utf8', '"\ufeffmark"', '\ufeffmark'],
  ['utf8', String.raw`"\u0041\ud83d\ude00\u0000"`, 'A😀\u0000'],
  ['json', '[ 1.0, {"a":1,"a":2} ]', '[ 1.0, {"a":1,"a":2} ]'],
  ['json', String.raw`"\ud800"`, String.raw`"\ud800"`],
  ['timestamp', '"2025-03-09T12:00:00Z"', Date.UTC(2025, 2, 9, 12)],
  ['timestamp', '"2025-03-09T12:00:00.1230000+05:30"', Date.UTC(2025, 2, 9, 6, 30, 0, 123)],
  ['timestamp', '"1969-12-31T23:59:59.999Z"', -1],
  ['boolean', 'false', false],
  ['double', '-0.0', -0],
  ['double', '1E+05', 100_000],
  ['double', '0.30000000000000004', 0.1 + 0.2],
  ['double', '18446744073709551616', 2 ** 64],
  ['double', '1e23', 1e23],
  ['double', '1.00000000000000000000', 1],
  ['int64', '-9223372036854775808', -(2n ** 63n)],
  ['int64', '9007199254740993', 9_007_199_254_740_993n],
  ['utf8-list', '[ "a" , null, "" ]', ['a', null, '']],
  ['utf8-list', '[]', []],
  [
    'double-map',
    '{"b":1,"__proto__":2,"a":null}',
    [
      ['__proto__', 2],
      ['a', null],
      ['b', 1],
    ],
  ],
  ['double-map', '{}', []],
];

const OTHERS: readonly (readonly [type: ColumnType, text: string])[] = [
  ['utf8', '1'],
  ['utf8', String.raw`"\ud800"`],
  ['timestamp', '"2025-03-09T12:00:00"'],
  ['timestamp', '"2025-02-29T12:00:00Z"'],
  ['timestamp', '"2025-03-09T12:00:00.0001Z"'],
  ['timestamp', '"2025-03-09T12:00:00.9999999999999999999999999Z"'],
  ['timestamp', '1741521600'],
  ['boolean', '"true"'],
  ['double', '1e309'],
  ['double', '1e-400'],
  ['double', '9007199254740993'],
  ['double', '0.123456789012345678'],
  ['int64', '1.0'],
  ['int64', '1e3'],
  ['int64', '-0'],
  ['int64', '9223372036854775808'],
  ['utf8-list', '["a",1]'],
  ['utf8-list', String.raw`["\udc00"]`],
  ['double-map', '{"a":"1"}'],
  ['double-map', String.raw`{"a":1,"\u0061":2}`],
];

describe('the values that a row asks for', () => {
  for (const [type, text, value] of FITTING) {
    it(`hold ${text} in a column of ${type}`, () => {
      expect(expectedOf(type, text)).toEqual([value, null]);
    });
  }

  for (const [type, text] of OTHERS) {
    it(`leave ${text} to _extra when the column is ${type}`, () => {
      expect(expectedOf(type, text)).toEqual([null, `{"value":${text}}`]);
    });
  }

  it('hold null for JSON null and for no member', () => {
    expect(expectedOf('json', 'null')).toEqual([null, null]);
    expect(expectedRow(createSchema('one', []), '{ }')).toEqual([null]);
  });

  it('copy what lies deeper, and take out what lies at the top', () => {
    const schema = createSchema('two', [
      { name: 'model', path: ['metadata', 'model'], type: 'utf8' },
      { name: 'input', path: ['input'], type: 'json' },
    ]);
    const text = String.raw`{"input":[1],"metadata":{"model":"x","model":"y"},"\u0069nput": 2 }`;
    expect(expectedRow(schema, text)).toEqual([
      'y',
      '2',
      '{"input":[1],"metadata":{"model":"x","model":"y"}}',
    ]);
  });
});

describe('the comparison with a file', () => {
  const schema = createSchema(
    'all',
    FITTING.map(([type], at) => ({ name: `c${at}`, path: [`c${at}`], type })),
  );
  const members = FITTING.map(([, text], at) => `"c${at}":${text}`);
  const texts = [`{${members.join(',')}}`, '{}'];

  it('holds for a file of the rows', async () => {
    await expectSame({ schema, texts }, writeReference(schema, texts));
  });

  for (const [at, [type, text]] of FITTING.entries()) {
    it(`fails when the file lacks ${text} in its column of ${type}`, async () => {
      const lacking = [`{${members.toSpliced(at, 1).join(',')}}`, '{}'];
      const file = writeReference(schema, lacking);
      await expect(expectSame({ schema, texts }, file)).rejects.toThrow(`column "c${at}"`);
    });
  }

  it('fails when rows changed places, are missing, or a column has another name', async () => {
    const reversed = writeReference(schema, texts.toReversed());
    await expect(expectSame({ schema, texts }, reversed)).rejects.toThrow('row 0');
    const short = writeReference(schema, texts.slice(1));
    await expect(expectSame({ schema, texts }, short)).rejects.toThrow('1 rows, not 2');
    const renamed = createSchema('all', [{ name: 'other', path: ['c0'], type: 'utf8' }]);
    const file = writeReference(renamed, ['{}']);
    const expected = createSchema('all', [{ name: 'c0', path: ['c0'], type: 'utf8' }]);
    await expect(expectSame({ schema: expected, texts: ['{}'] }, file)).rejects.toThrow('"other"');
  });

  it('tells zeros, kinds and digits apart', () => {
    const rows = (value: ColumnValue): Parameters<typeof firstDifference>[0] => ({
      names: ['n'],
      rows: [[value]],
    });
    for (const [actual, expected] of [
      [0, -0],
      [1, 1n],
      [null, ''],
      [['a'], ['a', null]],
    ] as const) {
      expect(firstDifference(rows(actual), rows(expected))).not.toBeNull();
      expect(firstDifference(rows(expected), rows(expected))).toBeNull();
    }
  });
});
