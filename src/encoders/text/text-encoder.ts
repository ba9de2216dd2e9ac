import type { Encoder, Json, ObjectEncoder } from '../../interfaces/index.js';
import { COMPRESSION_TRAITS } from '../compression/compressor.js';
import { createCompressor } from '../compression/create-compressor.js';
import type { CompressionChoice } from '../compression/read-compression.js';
import { requireZstd } from '../compression/zstd.js';
import { TextObject } from './text-object.js';
import type { TextWriter } from './text-object.js';

/** A format whose objects are text that may be compressed. */
export interface TextFormat {
  readonly format: string;
  /** Of objects that are not compressed, with its dot. */
  readonly extension: string;
  /** Of objects that are not compressed. */
  readonly contentType: string;
  /** What else may not change within an export. */
  readonly identity?: Readonly<Record<string, Json>>;
  /** Begins the text of one object. */
  readonly open: () => TextWriter;
}

/**
 * An encoder for a format of text.
 * @throws ConfigurationError `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export function textEncoder(text: TextFormat, { compression, level }: CompressionChoice): Encoder {
  if (compression === 'zstd') requireZstd();
  const traits = COMPRESSION_TRAITS[compression];
  return Object.freeze({
    format: text.format,
    compression,
    extension: `${text.extension}${traits.suffix}`,
    contentType: traits.contentType ?? text.contentType,
    identity: Object.freeze({ format: text.format, compression, ...text.identity }),
    open: async (): Promise<ObjectEncoder> =>
      new TextObject(text.open(), await createCompressor(compression, level)),
  });
}
