import zstd from '@foxglove/wasm-zstd';
import { describe, expect, it } from 'vitest';

import {
  createWasmZstdBlockCompressor,
  createZstdBlockCompressor,
} from '../../../src/encoders/compression/zstd.js';

const MEBIBYTE = 1024 * 1024;

describe.each([
  ['as this Node.js does it', createZstdBlockCompressor],
  ['by WebAssembly', createWasmZstdBlockCompressor],
])('a compressor of zstd blocks, %s', (_, create) => {
  it.each([0, 1, 1000, MEBIBYTE, 2 * MEBIBYTE, 2 * MEBIBYTE + 1, 5 * MEBIBYTE])(
    'gives %i bytes back',
    async (size) => {
      const block = Buffer.alloc(size, 'some text, some more; ');
      const compress = await create(1);
      const compressed = await compress(block);
      expect(Buffer.compare(zstd.decompress(compressed, size), block)).toBe(0);
      expect(compressed.length).toBeLessThan(100 + size / 20);
    },
  );
});

it('WebAssembly gives other work turns while it compresses a large block', async () => {
  const compress = await createWasmZstdBlockCompressor(1);
  let turns = 0;
  const count = (): void => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  await compress(Buffer.alloc(8 * MEBIBYTE, 'words '));
  clearImmediate(timer);
  expect(turns).toBeGreaterThanOrEqual(7);
});
