import { createGzip } from 'node:zlib';

import type { Compression, Compressor } from './compressor.js';
import { StreamCompressor } from './stream-compressor.js';
import { createZstdCompressor } from './zstd.js';

/**
 * A compressor for one object, or `null` when nothing is compressed.
 * @throws ConfigurationError `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export async function createCompressor(
  compression: Compression,
  level: number,
): Promise<Compressor | null> {
  if (compression === 'none') return null;
  if (compression === 'zstd') return createZstdCompressor(level);
  // Its header carries no name and no time, so equal input gives equal bytes.
  return new StreamCompressor((options) => createGzip({ ...options, level }));
}
