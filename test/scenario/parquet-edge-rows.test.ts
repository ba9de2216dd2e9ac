import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../src/encoders/parquet/parquet-encoder.js';
import { rowSchema } from '../../src/encoders/parquet/row-schemas.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { Column, ColumnType, ParquetSchema } from '../../src/encoders/parquet/schema.js';
import { encodeTexts } from '../support/parquet/encode.js';
import { expectSame } from '../support/parquet/expect-same.js';
import { expectedRow } from '../support/parquet/expected-row.js';
import { writeReference } from '../support/parquet/reference-writer.js';

const SPANS = rowSchema('spans', { scores: 'json', metrics: 'json' });
const MEGABYTE = 1_000_000;

/** Rows of the shapes that the real service gives, with other words and ids in them. */
const recorded = readFileSync(new URL('../fixtures/span-shapes.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

function columnOf(type: ColumnType): Column {
  return { name: `as_${type}`, path: [type], type };
}

async function expectSpans(...texts: readonly string[]): Promise<void> {
  await expectSame({ schema: SPANS, texts }, await encodeTexts(parquetEncoder(), texts));
}

async function expectColumns(columns: readonly Column[], texts: readonly string[]): Promise<void> {
  const schema = createSchema('edge', columns);
  const encoder = parquetEncoder({ schema: { name: 'edge', columns } });
  await expectSame({ schema, texts }, await encodeTexts(encoder, texts));
}

describe('rows as the service gives them', () => {
  for (const compression of ['zstd', 'snappy', 'gzip', 'none'] as const) {
    it(`read back value by value, compressed with ${compression}`, async () => {
      const file = await encodeTexts(parquetEncoder({ compression }), recorded, 7);
      await expectSame({ schema: SPANS, texts: recorded }, file);
      await expectSame(
        { schema: SPANS, texts: recorded },
        writeReference(SPANS, recorded, { compression }),
      );
    });
  }

  it('read back with scores and metrics as maps, and with promoted columns', async () => {
    const promoted: readonly Column[] = [
      { name: 'metadata_model', path: ['metadata', 'model'], type: 'utf8' },
      { name: 'parent', path: ['metadata', 'braintrust.parent'], type: 'utf8' },
      { name: 'calls', path: ['span_attributes', 'exec_counter'], type: 'int64' },
    ];
    const { columns } = rowSchema('spans', { scores: 'map', metrics: 'map' });
    const schema: ParquetSchema = createSchema('spans', [...columns.slice(0, -1), ...promoted]);
    const encoder = parquetEncoder({
      scores: 'map',
      metrics: 'map',
      promote: [
        'metadata.model',
        { path: 'metadata["braintrust.parent"]', type: 'utf8', name: 'parent' },
        { path: ['span_attributes', 'exec_counter'], type: 'int64', name: 'calls' },
      ],
    });
    await expectSame({ schema, texts: recorded }, await encodeTexts(encoder, recorded));
    const models = recorded.map((text) => expectedRow(schema, text)[columns.length - 1]);
    expect(new Set(models).size, 'no row of the fixture has a model').toBeGreaterThan(2);
  });

  it('fill the columns of their schema', () => {
    const rows = recorded.map((text) => expectedRow(SPANS, text));
    const filled = SPANS.columns.filter((_, at) => rows.some((row) => row[at] !== null));
    expect(filled.length).toBeGreaterThan(25);
  });
});

describe('rows that are hard to hold', () => {
  it('keep a value of 20 MB, in a JSON column, in a text column and in _extra', async () => {
    const long = 'words and "quotes" é '.repeat(MEGABYTE);
    const value = JSON.stringify(long);
    await expectSpans(
      `{"id":"before","input":1}`,
      `{"id":${value},"input":{"text":${value}},"unknown":${value}}`,
      `{"id":"after","input":2}`,
    );
  });

  it('keep 100,000 keys in the metadata and at the top', async () => {
    const members = Array.from({ length: 100_000 }, (_, at) => `"key ${at}":${at}`).join(',');
    await expectSpans(`{"metadata":{${members}},${members},"id":"a"}`);
  });

  it('keep nesting 200,000 deep', async () => {
    const deep = 200_000;
    const object = `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`;
    await expectSpans(`{"output":${'['.repeat(deep)}${']'.repeat(deep)},"metadata":${object}}`);
  });

  it('keep duplicate keys, the last in the column and the others in _extra', async () => {
    await expectSpans(
      String.raw`{"id":"a","id":"b","\u0069d":"c","input":[1],"input":{"x":1,"x":2}}`,
      '{"id":"a","id":null,"input":1,"input":null}',
      '{"id":"a","id":7}',
    );
  });

  it('keep NUL, marks of byte order, line separators and lone surrogates', async () => {
    await expectSpans(
      String.raw`{"id":"\u0000","span_id":"a\u0000b","input":"\u0000","tags":["\u0000"]}`,
      '{"id":"\ufeffa","tags":["\ufeff"],"input":"\ufeff","\ufeff":"\u2028\u0085"}',
      String.raw`{"id":"\ud800","root_span_id":"x\udc00y","tags":["\ude00\ud83d"],"input":"\ud800"}`,
      String.raw`{"id":"\ud83d\ude00","span_id":"\uD83D\uDE00","tags":["\u00e9"]}`,
    );
  });

  it('keep numbers as they are written wherever a column would change them', async () => {
    const numbers = [
      '9007199254740993 -9007199254740993 9223372036854775807 9223372036854775808',
      '-9223372036854775808 -9223372036854775809 1e400 -1e-400 1E5 1.0 -0 0.1',
      '123456789012345678901234567890 0.1234567890123456789 -0.0 1e0 5e-324',
    ].flatMap((line) => line.split(' '));
    const texts = numbers.map((text) => `{"double":${text},"int64":${text},"json":${text}}`);
    await expectColumns([columnOf('double'), columnOf('int64'), columnOf('json')], texts);
  });

  it('keep numbers of a million digits', async () => {
    const zeros = '0'.repeat(MEGABYTE);
    const numbers = ['9'.repeat(MEGABYTE), `1.${zeros}`, `1.${zeros}1`, `0.${zeros}1`, `1${zeros}`];
    const texts = numbers.map((text) => `{"double":${text},"int64":${text}}`);
    await expectColumns([columnOf('double'), columnOf('int64')], texts);
  });

  it('take times that milliseconds hold exactly, and leave all others', async () => {
    const times = [
      '00:00:00Z 23:59:59.999Z 24:00:00Z 23:59:60Z 12:00:00.12300000000000000000Z',
      '12:00:00.0000000000000000000000000000001Z 12:00:00.99999999999999999999999999Z',
      '12:00:00.5+14:00 12:00:00.5-00:00 12:00:00+24:00 12:00:00 12:00Z 12:00:00z',
    ]
      .flatMap((line) => line.split(' '))
      .map((time) => JSON.stringify(`2024-02-29T${time}`));
    const texts = [
      ...times,
      String.raw`"2024-02-29T12:00:00\u005a"`,
      '"0000-01-01T00:00:00Z"',
      '0',
    ];
    await expectColumns(
      [columnOf('timestamp')],
      texts.map((text) => `{"timestamp":${text}}`),
    );
  });
});
