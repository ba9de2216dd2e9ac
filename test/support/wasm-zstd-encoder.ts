import { createWasmZstdCompressor } from '../../src/encoders/compression/zstd.js';
import { JsonlObject } from '../../src/encoders/jsonl/jsonl-object.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { Encoder } from '../../src/interfaces/index.js';

/** JSON Lines in zstd as a Node.js without zstd writes it. */
export function wasmZstdJsonlEncoder(): Encoder {
  return {
    ...jsonlEncoder({ compression: 'zstd' }),
    open: async () => new JsonlObject(await createWasmZstdCompressor(1)),
  };
}
