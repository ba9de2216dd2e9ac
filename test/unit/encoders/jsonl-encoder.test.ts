import { describe, expect, it } from 'vitest';

import { requirePackage } from '../../../src/encoders/compression/zstd.js';
import { jsonlEncoder } from '../../../src/entries/jsonl.js';
import type { Encoder, ObjectEncoder, RowBatch } from '../../../src/interfaces/index.js';
import { rowBatchFromText } from '../../../src/rows/row-batch.js';
import { splitAnswer } from '../../../src/rows/answer.js';
import { readGzipLines } from '../../support/jsonl-readers.js';
import { textBatch } from '../../support/rows.js';
import { wasmZstdJsonlEncoder } from '../../support/wasm-zstd-encoder.js';

async function encode(encoder: Encoder, ...batches: readonly RowBatch[]): Promise<Buffer> {
  const object = await encoder.open();
  const chunks: Uint8Array[] = [];
  for (const batch of batches) chunks.push(...(await object.write(batch)));
  chunks.push(...(await object.finish()));
  return Buffer.concat(chunks);
}

const plain = jsonlEncoder({ compression: 'none' });

describe('jsonlEncoder', () => {
  it.each([
    [undefined, 'gzip', '.jsonl.gz', 'application/gzip'],
    ['none', 'none', '.jsonl', 'application/x-ndjson'],
    ['gzip', 'gzip', '.jsonl.gz', 'application/gzip'],
    ['zstd', 'zstd', '.jsonl.zst', 'application/zstd'],
  ] as const)('with compression %s is %s, %s, %s', (...[compression, ...expected]) => {
    const encoder = jsonlEncoder({ compression });
    expect([encoder.compression, encoder.extension, encoder.contentType]).toEqual(expected);
    expect(encoder.identity).toEqual({ format: 'jsonl', compression: encoder.compression });
  });

  it('does not count the level as part of the fingerprint', () => {
    const levels = [1, 9].map((level) => jsonlEncoder({ compression: 'gzip', level }).identity);
    expect(levels[0]).toEqual(levels[1]);
  });

  it.each<[unknown, RegExp]>([
    [{ compression: 'snappy' }, /`compression` must be one of 'none', 'gzip', 'zstd'/],
    [{ compression: 'gzip', level: 10 }, /`level` must be a whole number from 1 to 9, not 10/],
    [{ compression: 'zstd', level: 20 }, /from 1 to 19/],
    [{ compression: 'zstd', level: 0 }, /from 1 to 19/],
    [{ compression: 'none', level: 1 }, /`level` has no meaning/],
    [{ compresion: 'gzip' }, /`compresion` is not an option/],
    [null, /must be an object/],
  ])('refuses the options %j', (options, message) => {
    expect(() => jsonlEncoder(options as object)).toThrow(message);
  });

  it('names the command that installs a missing package', () => {
    expect(() => requirePackage('no-such-package-for-zstd')).toThrow(
      expect.objectContaining({
        code: 'CAPABILITY_MISSING',
        message: expect.stringContaining('npm install no-such-package-for-zstd') as string,
      }),
    );
  });

  it('writes rows as they were, one per line', async () => {
    const answer = Buffer.from('{"data":[{"a":1.0},{"b" : 2} ,\n {"c":[]}],"cursor":null}');
    const bytes = await encode(plain, splitAnswer(answer).rows);
    expect(bytes.toString()).toBe('{"a":1.0}\n{"b" : 2}\n{"c":[]}\n');
  });

  it('turns line breaks between tokens into spaces and changes nothing else', async () => {
    const batch = textBatch('{"a":\n1,\r\n"b":"\\n\\r"}', '{"c":2\n}');
    const bytes = await encode(plain, batch);
    expect(bytes.toString()).toBe('{"a": 1,  "b":"\\n\\r"}\n{"c":2 }\n');
  });

  it('copies rows that lie one byte apart, far apart, or in no buffer of their own', async () => {
    const text = '{"n":0},{"n":1},  {"n":2}{"n":3},{"n":4}';
    const bounds = Uint32Array.of(0, 7, 8, 15, 18, 25, 25, 32, 33, 40);
    const batch = rowBatchFromText(Buffer.from(`xx${text}`).subarray(2), bounds);
    expect((await encode(plain, batch)).toString()).toBe(
      '{"n":0}\n{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n',
    );
    const picked = batch.select([0, 1, 4]);
    expect((await encode(plain, picked)).toString()).toBe('{"n":0}\n{"n":1}\n{"n":4}\n');
  });

  it('gives chunks of bounded size, whatever the size of the batch', async () => {
    const object = await plain.open();
    const row = `{"x":"${'y'.repeat(999)}"}`;
    const chunks = await object.write(textBatch(...Array.from({ length: 5000 }, () => row)));
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(1024 * 1024);
    expect(Buffer.concat([...chunks]).toString()).toBe(`${row}\n`.repeat(5000));
  });

  it('refuses a text with a line break inside of a string, and names the row', async () => {
    const object = await plain.open();
    const lying = batchThatLies('{"a":1}', '{"a":"\n"}');
    await expect(async () => object.write(lying)).rejects.toMatchObject({
      code: 'ROW_UNENCODABLE',
      details: { rowIndex: 1 },
    });
    expect(object.rowCount).toBe(0);
  });

  it('writes a gzip header without time or name', async () => {
    const bytes = await encode(jsonlEncoder(), textBatch('{}'));
    expect([...bytes.subarray(0, 8)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
  });

  it('compresses harder at a higher level', async () => {
    const words = Array.from({ length: 30_000 }, (_, n) => `w${(n ** 3 * 31) % 10_007}`).join(' ');
    for (const [compression, low, high] of [
      ['gzip', 1, 9],
      ['zstd', 1, 12],
    ] as const) {
      const sizes = [low, high].map(async (level) => {
        const encoder = jsonlEncoder({ compression, level });
        return (await encode(encoder, textBatch(`{"text":"${words}"}`))).length;
      });
      const [lowSize = 0, highSize = 0] = await Promise.all(sizes);
      expect(highSize).toBeLessThan(lowSize * 0.95);
    }
  });

  it('makes one gzip member of many writes', async () => {
    const batches = Array.from({ length: 50 }, (_, n) => textBatch(`{"n":${n}}`));
    const bytes = await encode(jsonlEncoder(), ...batches);
    expect(readGzipLines(bytes)).toHaveLength(50);
    expect(bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]), 1)).toBe(-1);
  });

  it.each([
    ['gzip', () => jsonlEncoder()],
    ['zstd', () => jsonlEncoder({ compression: 'zstd' })],
    ['zstd by WebAssembly', wasmZstdJsonlEncoder],
  ])('says with %s how much it holds back, in the size it will have', async (_, create) => {
    const object = await create().open();
    let [given, seen] = [0, 0];
    for (let page = 0; page < 40; page += 1) {
      const texts = Array.from(
        { length: 100 },
        (_, n) => `{"n":${page * n},"x":"${'ab '.repeat(300)}"}`,
      );
      given += sizeOf(await object.write(textBatch(...texts)));
      seen = Math.max(seen, object.pendingBytes);
      expect(object.pendingBytes).toBeLessThan(1024 * 1024);
    }
    expect(seen).toBeGreaterThan(0);
    expect(given).toBeGreaterThan(0);
    await object.finish();
    expect(object.pendingBytes).toBe(0);
  });

  it('lets other work run between the frames that it compresses itself', async () => {
    const object = await wasmZstdJsonlEncoder().open();
    const row = `{"x":"${'some text '.repeat(1000)}"}`;
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await object.write(textBatch(...Array.from({ length: 1200 }, () => row)));
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  it.each([
    ['gzip', () => jsonlEncoder()],
    ['zstd by WebAssembly', wasmZstdJsonlEncoder],
  ])('with %s ends a write that an abort overtakes, and stays aborted', async (_, create) => {
    const object: ObjectEncoder = await create().open();
    const row = `{"x":"${'some text '.repeat(1000)}"}`;
    const write = object.write(textBatch(...Array.from({ length: 1200 }, () => row)));
    object.abort();
    await expect(write).rejects.toThrow();
    expect(object.rowCount).toBe(0);
    await expect(async () => object.write(textBatch('{}'))).rejects.toThrow(/after/);
  });
});

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** A batch of somebody else's making, which claims to hold JSON. */
function batchThatLies(...texts: readonly string[]): RowBatch {
  const bounds = textBatch(...texts.map((text) => `{"":"${'x'.repeat(text.length - 7)}"}`)).text()
    .bounds;
  const base = textBatch(...texts.map(() => '{}'));
  return Object.create(base, {
    length: { value: texts.length },
    text: { value: () => ({ bytes: Buffer.from(texts.join(',')), bounds }) },
  }) as RowBatch;
}
