import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

import type { Awaitable } from '../../../interfaces/index.js';
import { createZstdBlockCompressor } from '../../compression/zstd.js';
import { snappyCompress } from './snappy.js';

/** How pages are compressed. */
export const PARQUET_COMPRESSIONS = ['none', 'gzip', 'snappy', 'zstd'] as const;

/** See {@link PARQUET_COMPRESSIONS}. */
export type ParquetCompression = (typeof PARQUET_COMPRESSIONS)[number];

/** Numbers of the codecs in the format. */
export const CODEC_IDS: Readonly<Record<ParquetCompression, number>> = {
  none: 0,
  snappy: 1,
  gzip: 2,
  zstd: 6,
};

/** Compresses one page. The answer belongs to the caller; the input may be reused once it is there. */
export type CompressPage = (page: Uint8Array) => Awaitable<Uint8Array>;

const gzip = promisify<Uint8Array, zlib.ZlibOptions, Uint8Array>(zlib.gzip);

/** What compresses the pages of a file. */
export async function createPageCompressor(
  compression: ParquetCompression,
  level: number,
): Promise<CompressPage> {
  if (compression === 'none') return (page) => new Uint8Array(page);
  if (compression === 'snappy') return snappyCompress;
  if (compression === 'gzip') return (page) => gzip(page, { level });
  return createZstdBlockCompressor(level);
}
