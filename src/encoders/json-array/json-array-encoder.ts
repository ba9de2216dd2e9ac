import type { Encoder } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { Compression } from '../compression/compressor.js';
import { readCompression } from '../compression/read-compression.js';
import { textEncoder } from '../text/text-encoder.js';
import type { TextFormat } from '../text/text-encoder.js';
import { arrayWriter } from './array-writer.js';

export interface JsonArrayEncoderOptions {
  /**
   * How objects are compressed: `gzip` (`.json.gz`), `zstd` (`.json.zst`), which on Node.js before 22.15 needs the
   * package `@foxglove/wasm-zstd`, or `none` (`.json`). It is part of an export's fingerprint.
   * @defaultValue `'gzip'`
   */
  readonly compression?: Compression | undefined;
  /**
   * How hard to compress: 1 to 9 for gzip, 1 to 19 for zstd; not allowed with `none`. May change between runs.
   * @defaultValue 6 for gzip, 3 for zstd
   */
  readonly level?: number | undefined;
}

/**
 * Encodes the rows of each object as one JSON array, a row on each line, spelt as the source wrote it: number
 * spelling, key order and duplicate keys stay. For programs that parse whole files; most of them hold such a file
 * in memory, so keep `object.maxBytes` small or take JSON Lines.
 *
 * Written as it comes: memory does not grow with the object. Whole only once it is finished, as any array.
 * @throws ConfigurationError `OPTION_INVALID`, or `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export function jsonArrayEncoder(options: JsonArrayEncoderOptions = {}): Encoder {
  const choice = readOptions('jsonArrayEncoder', options, readCompression);
  return textEncoder(JSON_ARRAY, choice);
}

const JSON_ARRAY: TextFormat = {
  format: 'json-array',
  extension: '.json',
  contentType: 'application/json',
  open: arrayWriter,
};
