import type { OptionReader } from '../../options/index.js';
import { COMPRESSIONS, COMPRESSION_TRAITS } from './compressor.js';
import type { Compression } from './compressor.js';

/** A compression, and how hard it tries. */
export interface CompressionChoice {
  readonly compression: Compression;
  readonly level: number;
}

/** Reads the options `compression` and `level`, and notes their problems. */
export function readCompression(reader: OptionReader): CompressionChoice {
  const compression = reader.oneOf('compression', COMPRESSIONS, 'gzip');
  const { min, max, fallback } = COMPRESSION_TRAITS[compression].level;
  if (compression === 'none' && reader.has('level')) {
    reader.problem('level', "has no meaning with `compression: 'none'`");
    return { compression, level: fallback };
  }
  return { compression, level: reader.number('level', fallback, { min, max }) };
}
