import { describe, expect, it } from 'vitest';

import { parquetEncoder } from '../../../src/entries/parquet.js';
import type { ObjectEncoder } from '../../../src/interfaces/index.js';
import { textBatch } from '../../support/rows.js';

describe('parquetEncoder', () => {
  it('names its files, and what of them may not change', () => {
    const { format, extension, contentType, compression, identity } = parquetEncoder();
    expect([format, extension, contentType, compression]).toEqual([
      'parquet',
      '.parquet',
      'application/vnd.apache.parquet',
      'zstd',
    ]);
    expect(identity).toEqual({ format: 'parquet', compression: 'zstd', schema: 'spans' });
  });

  it('lets columns be added and the level be changed within one export', () => {
    const { identity } = parquetEncoder({ promote: ['metadata.model'], level: 3 });
    expect(identity).toEqual(parquetEncoder().identity);
  });

  it('does not let the kind of a column change within one export', () => {
    const identities = [{}, { scores: 'map' }, { metrics: 'map' }, { schema: 'dataset' }] as const;
    const texts = identities.map((options) => JSON.stringify(parquetEncoder(options).identity));
    expect(new Set(texts).size).toBe(identities.length);
  });

  it.each<[unknown, RegExp]>([
    [{ compression: 'lz4' }, /`compression` must be one of 'none', 'gzip', 'snappy', 'zstd'/],
    [{ level: 4 }, /`level` must be a whole number from 1 to 3, not 4/],
    [{ compression: 'gzip', level: 10 }, /`level` must be a whole number from 1 to 9, not 10/],
    [{ compression: 'snappy', level: 1 }, /`level` has no meaning with `compression: 'snappy'`/],
    [{ compression: 'none', level: 1 }, /`level` has no meaning/],
    [{ drift: 'coerce' }, /`drift` must be one of 'evolve', 'freeze'/],
    [{ scores: 'struct' }, /`scores` must be one of 'json', 'map'/],
    [
      { schema: 'views' },
      /`schema` must be one of 'spans', 'experiment', 'dataset', 'traces', or \{/,
    ],
    [{ schema: 7 }, /`schema` must be one of/],
    [{ schema: { columns: [] } }, /`schema.name` must be a non-empty string/],
    [{ schema: { name: 'x', columns: 'id' } }, /`schema.columns` must be an array, not a string/],
    [{ schema: { name: 'x', column: [] } }, /`schema.column` is not an option/],
    [{ schema: { name: 'x', columns: [] }, scores: 'map' }, /`scores` has no meaning/],
    [{ promote: 'metadata.model' }, /`promote` must be an array, not a string/],
    [{ promote: [7] }, /`promote\[0\]` must be a path or \{ path, type, name \}, not a number/],
    [{ promote: ['a.b', 'metadata..model'] }, /`promote\[1\]` has no path .* "metadata..model"/],
    [{ promote: [{ path: 'a.b', type: 'uuid' }] }, /`promote\[0\]` has an unknown type; there are/],
    [{ promote: [{ path: 'a.b' }] }, /`promote\[0\]` has an unknown type/],
    [{ promote: [{ path: 'a.b', type: 'utf8', as: 'c' }] }, /`promote\[0\]` has `as`, but only/],
    [{ promote: [{ path: 'a.b', type: 'utf8', name: '' }] }, /must have a name/],
    [{ promote: [{ path: [], type: 'utf8' }] }, /`promote\[0\]` has no path/],
    [{ promote: [{ path: ['\ud800'], type: 'utf8' }] }, /`promote\[0\]` has no path/],
    [{ promote: ['a.b', 'a_b'] }, /`promote` gives two columns the name "a_b"/],
    [{ promote: [{ path: 'a.b', type: 'utf8', name: 'ID' }] }, /gives two columns the name "ID"/],
    [{ promote: [{ path: 'a.b', type: 'json', name: '_extra' }] }, /two columns the name "_extra"/],
    [{ promote: ['metrics.start'] }, /makes "metrics_start" of the same path as "metric_start"/],
    [{ promot: [] }, /`promot` is not an option/],
    [null, /must be an object/],
  ])('refuses the options %j', (options, message) => {
    expect(() => parquetEncoder(options as object)).toThrow(message);
  });

  it('names every problem of the columns at once', () => {
    const promote = ['a..b', { path: 'a.b', type: 'uuid' }, 'id'] as readonly string[];
    expect(() => parquetEncoder({ promote })).toThrow(
      /promote\[0\].*promote\[1\].*gives two columns the name "id"/,
    );
  });
});

describe('a frozen schema', () => {
  const open = async (): Promise<ObjectEncoder> =>
    parquetEncoder({
      drift: 'freeze',
      schema: {
        name: 'narrow',
        columns: [
          { path: 'id', type: 'utf8' },
          { path: 'count', type: 'int64' },
          { path: 'metadata', type: 'json' },
          { path: 'metadata.model', type: 'utf8' },
        ],
      },
    }).open();

  it.each([
    ['a member without a column', '{"id":"b","new":1}', { member: 'new' }],
    ['a value of another type', '{"id":"b","count":1.5}', { column: 'count' }],
    ['a lone surrogate in a string', String.raw`{"id":"\ud800"}`, { column: 'id' }],
    ['another type deep inside', '{"metadata":{"model":1}}', { column: 'metadata_model' }],
  ])('refuses %s, names it, and stays as it was', async (_, bad, details) => {
    const object = await open();
    const good = '{"id":"a","count":7,"metadata":{"model":"m"}}';
    const written = object.write(textBatch(good, good, bad));
    await expect(written).rejects.toMatchObject({
      code: 'ROW_UNENCODABLE',
      details: { rowIndex: 2, ...details },
    });
    expect(object.rowCount).toBe(0);
    const bytes = [...(await object.write(textBatch(good))), ...(await object.finish())];
    const alone = await open();
    const expected = [...(await alone.write(textBatch(good))), ...(await alone.finish())];
    expect(Buffer.concat(bytes)).toEqual(Buffer.concat(expected));
  });

  it('tells no value of the row', async () => {
    const object = await open();
    const error: unknown = await Promise.resolve(
      object.write(textBatch('{"id":{"secret":"hunter2"}}')),
    ).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(Error);
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('hunter2');
  });
});

describe('a Parquet object in the making', () => {
  const row = `{"id":"a","input":"${'some text '.repeat(1000)}"}`;
  const big = (): ReturnType<typeof textBatch> =>
    textBatch(...Array.from({ length: 1200 }, () => row));

  it('lets other work run while it encodes', async () => {
    const object = await parquetEncoder().open();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await object.write(big());
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(30);
  });

  it('ends a write that an abort overtakes, and stays aborted', async () => {
    const object = await parquetEncoder().open();
    const write = object.write(big());
    object.abort();
    await expect(write).rejects.toThrow(/aborted/);
    expect(object.rowCount).toBe(0);
    expect(object.pendingBytes).toBe(0);
    await expect(async () => object.write(textBatch('{}'))).rejects.toThrow(/after/);
  });

  it('gives bytes out as row groups fill, and says how much it holds back', async () => {
    const object = await parquetEncoder({ compression: 'none' }).open();
    const first = await object.write(big());
    expect(first).toEqual([]);
    expect(object.pendingBytes).toBeGreaterThan(1024 * 1024);
    const second = await object.write(big());
    const given = second.reduce((sum, chunk) => sum + chunk.length, 0);
    expect(given).toBeGreaterThan(15 * 1024 * 1024);
    expect(object.pendingBytes).toBeLessThan(12 * 1024 * 1024);
  });
});
