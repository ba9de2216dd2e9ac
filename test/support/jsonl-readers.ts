import assert from 'node:assert/strict';
import * as zlib from 'node:zlib';

import zstd from '@foxglove/wasm-zstd';

/** Lines of plain JSON Lines; an object that does not end with a newline is cut off. */
export function readLines(object: Uint8Array): readonly string[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(object);
  if (text === '') return [];
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  return text.slice(0, -1).split('\n');
}

export function readGzipLines(object: Uint8Array): readonly string[] {
  return readLines(zlib.gunzipSync(object));
}

/** Room for what an object of a test may hold. */
const SIZE_MAX = 32 * 1024 * 1024;

/** Reads all frames of an object with WebAssembly. */
export function readZstdLines(object: Uint8Array): readonly string[] {
  assert.ok(object.length > 0, 'not even an empty frame');
  return readLines(zstd.decompress(object, SIZE_MAX));
}

/** Reads all frames of an object with Node.js, where it can. */
export const readZstdLinesOfNode: ((object: Uint8Array) => readonly string[]) | null = (() => {
  const { zstdDecompressSync } = zlib as {
    readonly zstdDecompressSync?: (object: Uint8Array) => Uint8Array;
  };
  if (zstdDecompressSync === undefined) return null;
  return (object) => readLines(zstdDecompressSync(object));
})();
