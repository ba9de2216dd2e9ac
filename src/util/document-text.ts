import { CheckpointError, assert } from '../errors/index.js';
import type { Json } from '../interfaces/index.js';

/** Largest document that every cursor store takes. */
const DOCUMENT_MAX_BYTES = 256 * 1024;

/** The JSON text of a document, no larger than every store can hold. */
export function documentText(key: string, document: Json): string {
  const text = JSON.stringify(document) as string | undefined;
  assert(text !== undefined, `The document "${key}" is not JSON`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= DOCUMENT_MAX_BYTES) return text;
  throw new CheckpointError(
    'CHECKPOINT_TOO_LARGE',
    `The document "${key}" has ${bytes} bytes; a cursor store takes ${DOCUMENT_MAX_BYTES} at most.`,
    { remedy: 'Keep less in it: fewer partitions or shorter keys.', details: { key, bytes } },
  );
}
