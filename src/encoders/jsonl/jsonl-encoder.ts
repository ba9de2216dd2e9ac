import type { Encoder, ObjectEncoder } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import { COMPRESSIONS, COMPRESSION_TRAITS } from '../compression/compressor.js';
import type { Compression } from '../compression/compressor.js';
import { createCompressor } from '../compression/create-compressor.js';
import { requireZstd } from '../compression/zstd.js';
import { JsonlObject } from './jsonl-object.js';

export interface JsonlEncoderOptions {
  /**
   * How objects are compressed. `gzip` (`.jsonl.gz`) is read by every warehouse and by `zcat`; `zstd`
   * (`.jsonl.zst`) is smaller and several times quicker, and on Node.js before 22.15 needs the package
   * `@foxglove/wasm-zstd`; `none` (`.jsonl`) writes plain text. It is part of an export's fingerprint.
   * @defaultValue `'gzip'`
   */
  readonly compression?: Compression | undefined;
  /**
   * How hard to compress: 1 to 9 for gzip, 1 to 19 for zstd; not allowed with `none`. May change between runs.
   * @defaultValue 6 for gzip, 3 for zstd
   */
  readonly level?: number | undefined;
}

interface ResolvedOptions {
  readonly compression: Compression;
  readonly level: number;
}

/**
 * Encodes rows as JSON Lines: the text of each row as the source wrote it, and a newline after it. Number
 * spelling, key order and duplicate keys stay; only line breaks between tokens become spaces.
 *
 * gzip, and zstd where Node.js has it, work on other threads; otherwise the work is cut into slices that
 * hold the event loop a few milliseconds each. Memory does not grow with the object.
 * @throws ConfigurationError `OPTION_INVALID`, or `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export function jsonlEncoder(options: JsonlEncoderOptions = {}): Encoder {
  const { compression, level } = readOptions('jsonlEncoder', options, readJsonlOptions);
  if (compression === 'zstd') requireZstd();
  const traits = COMPRESSION_TRAITS[compression];
  return Object.freeze({
    format: 'jsonl',
    compression,
    extension: `.jsonl${traits.suffix}`,
    contentType: traits.contentType ?? 'application/x-ndjson',
    identity: Object.freeze({ format: 'jsonl', compression }),
    open: async (): Promise<ObjectEncoder> =>
      new JsonlObject(await createCompressor(compression, level)),
  });
}

function readJsonlOptions(reader: OptionReader): ResolvedOptions {
  const compression = reader.oneOf('compression', COMPRESSIONS, 'gzip');
  const { min, max, fallback } = COMPRESSION_TRAITS[compression].level;
  if (compression === 'none' && reader.has('level')) {
    reader.problem('level', "has no meaning with `compression: 'none'`");
    return { compression, level: fallback };
  }
  return { compression, level: reader.number('level', fallback, { min, max }) };
}
