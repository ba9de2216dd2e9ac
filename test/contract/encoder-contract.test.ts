import { describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { encoderContract } from '../../src/entries/testing.js';
import {
  readGzipLines,
  readLines,
  readZstdLines,
  readZstdLinesOfNode,
} from '../support/jsonl-readers.js';
import { wasmZstdJsonlEncoder } from '../support/wasm-zstd-encoder.js';
import { WRONG_ENCODERS } from '../support/wrong-encoders.js';

const ENCODERS = [
  { name: 'plain', create: () => jsonlEncoder({ compression: 'none' }), read: readLines },
  { name: 'gzip', create: () => jsonlEncoder(), read: readGzipLines },
  { name: 'zstd', create: () => jsonlEncoder({ compression: 'zstd' }), read: readZstdLines },
  { name: 'zstd by WebAssembly', create: wasmZstdJsonlEncoder, read: readZstdLines },
];

describe.each(ENCODERS)('jsonlEncoder, $name', ({ create, read }) => {
  for (const { name, skip, run } of encoderContract({ create, read })) it.skipIf(skip)(name, run);
});

describe.skipIf(readZstdLinesOfNode === null)('jsonlEncoder, zstd read by Node.js', () => {
  const read = readZstdLinesOfNode ?? readLines;
  for (const { name, run } of encoderContract({ create: wasmZstdJsonlEncoder, read }))
    it(name, run);
});

describe('encoderContract', () => {
  it.each(WRONG_ENCODERS)('catches an encoder that $fault', async ({ caught, create, read }) => {
    const cases = encoderContract({ create, read: read ?? readLines });
    const named = cases.find(({ name }) => name === caught);
    expect(named).toBeDefined();
    await expect(named?.run()).rejects.toThrow();
  });

  it('has a wrong encoder for every case', () => {
    const caught = new Set(WRONG_ENCODERS.map((wrong) => wrong.caught));
    const names = encoderContract({ create: jsonlEncoder, read: readLines }).map(
      ({ name }) => name,
    );
    expect(names.filter((name) => !caught.has(name))).toEqual([]);
  });

  it('skips the text of rows only for an encoder that does not keep it', () => {
    const skipped = (verbatim: boolean): string[] =>
      encoderContract({ create: jsonlEncoder, read: readLines, supports: { verbatim } })
        .filter(({ skip }) => skip)
        .map(({ name }) => name);
    expect(skipped(true)).toEqual([]);
    expect(skipped(false)).toEqual(['the text of a row comes back as it was']);
  });
});
