import { createHash } from 'node:crypto';

import { SinkError } from '../errors/index.js';
import type { ManifestCompanion } from './manifest.js';

/** The same bytes of a row index; ends in `OBJECT_CORRUPT` when they are not those that the manifest names. */
export async function* verifiedBytes(
  stream: AsyncIterable<Uint8Array>,
  companion: ManifestCompanion,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === companion.sha256) return;
  throw new SinkError('OBJECT_CORRUPT', `The row index ${companion.key} is not what was written.`, {
    remedy: 'Restore the object from a copy, or call reset() to begin the export again.',
    details: { key: companion.key },
  });
}
