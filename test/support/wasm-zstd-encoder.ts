import { createWasmZstdCompressor } from '../../src/encoders/compression/zstd.js';
import { lineWriter } from '../../src/encoders/jsonl/jsonl-encoder.js';
import { TextObject } from '../../src/encoders/text/text-object.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { Encoder } from '../../src/interfaces/index.js';

/** JSON Lines in zstd as a Node.js without zstd writes it. */
export function wasmZstdJsonlEncoder(): Encoder {
  return {
    ...jsonlEncoder({ compression: 'zstd' }),
    open: async () => new TextObject(lineWriter, await createWasmZstdCompressor(1)),
  };
}
