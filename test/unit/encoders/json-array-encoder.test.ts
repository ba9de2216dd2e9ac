import { describe, expect, it } from 'vitest';

import { jsonArrayEncoder } from '../../../src/entries/json.js';
import { encodeTexts } from '../../support/parquet/encode.js';
import { textBatch } from '../../support/rows.js';

const plain = jsonArrayEncoder({ compression: 'none' });

describe('jsonArrayEncoder', () => {
  it.each([
    [undefined, 'gzip', '.json.gz', 'application/gzip'],
    ['none', 'none', '.json', 'application/json'],
    ['zstd', 'zstd', '.json.zst', 'application/zstd'],
  ] as const)('with compression %s is %s, %s, %s', (...[compression, ...expected]) => {
    const encoder = jsonArrayEncoder({ compression });
    expect([encoder.compression, encoder.extension, encoder.contentType]).toEqual(expected);
    expect(encoder.identity).toEqual({ format: 'json-array', compression: encoder.compression });
  });

  it.each([
    [[], '[]\n'],
    [['{}'], '[\n{}\n]\n'],
    [
      ['{"a":1.0}', '{"b" : 2,\n"b":3}', '{"c":[]}'],
      '[\n{"a":1.0},\n{"b" : 2,\n"b":3},\n{"c":[]}\n]\n',
    ],
  ])('writes %j as it was, a row on each line', async (texts, expected) => {
    for (const rowsPerWrite of [1, 2, 1000]) {
      expect(Buffer.from(await encodeTexts(plain, texts, rowsPerWrite)).toString()).toBe(expected);
    }
  });

  it('gives chunks of bounded size, whatever the size of the batch', async () => {
    const object = await plain.open();
    const row = `{"x":"${'y'.repeat(999)}"}`;
    const chunks = await object.write(textBatch(...Array.from({ length: 5000 }, () => row)));
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(1_050_000);
    expect(chunks.length).toBeLessThan(10);
  });

  it('refuses text of another making that is no JSON, for it would spoil the array', async () => {
    const object = await plain.open();
    const lying = Object.create(textBatch('{}', '{}'), {
      text: {
        value: () => ({ bytes: Buffer.from('{},{"a":}'), bounds: Uint32Array.of(0, 2, 3, 9) }),
      },
    }) as ReturnType<typeof textBatch>;
    await expect(async () => object.write(lying)).rejects.toMatchObject({
      code: 'ROW_UNENCODABLE',
      details: { rowIndex: 1 },
    });
    expect(Buffer.concat([...(await object.finish())]).toString()).toBe('[]\n');
  });

  it.each<[unknown, RegExp]>([
    [{ compression: 'snappy' }, /`compression` must be one of/],
    [{ compression: 'none', level: 1 }, /`level` has no meaning/],
    [{ indent: 2 }, /`indent` is not an option/],
  ])('refuses the options %j', (options, message) => {
    expect(() => jsonArrayEncoder(options as object)).toThrow(message);
  });
});
