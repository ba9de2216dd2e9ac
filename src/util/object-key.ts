import { SinkError } from '../errors/index.js';

/** S3 allows 1,024 bytes of UTF-8; some room is left for a sink's prefix. */
const KEY_MAX_BYTES = 900;
/** Most file systems allow 255 bytes for one name. */
const SEGMENT_MAX_BYTES = 255;
const CONTROL = /[\p{Cc}\\]/u;

/** Says what is wrong with an object key, or `null`. Keys that pass can never leave a sink's root. */
export function objectKeyProblem(key: string): string | null {
  if (key === '') return 'it is empty';
  if (CONTROL.test(key)) return 'it holds a control character or a backslash';
  if (!key.isWellFormed()) return 'it holds a lone surrogate';
  if (Buffer.byteLength(key) > KEY_MAX_BYTES) return `it is over ${KEY_MAX_BYTES} bytes`;
  for (const segment of key.split('/')) {
    if (segment === '' || segment === '.' || segment === '..')
      return `it has the segment ${JSON.stringify(segment)}`;
    if (Buffer.byteLength(segment) > SEGMENT_MAX_BYTES)
      return `a segment is over ${SEGMENT_MAX_BYTES} bytes`;
  }
  return null;
}

/** Refuses a key that is not safe in every sink. */
export function checkObjectKey(key: string): void {
  const problem = objectKeyProblem(key);
  if (problem === null) return;
  throw new SinkError('KEY_INVALID', `The key ${JSON.stringify(key)} cannot be used: ${problem}.`, {
    remedy: 'Give keys of plain segments divided by "/".',
  });
}
