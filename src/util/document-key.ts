import { CheckpointError } from '../errors/index.js';

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const KEY_MAX_CHARACTERS = 200;

/** Refuses a cursor store key that is not segments of `[A-Za-z0-9_-]` divided by `/`. */
export function checkDocumentKey(key: string): void {
  const valid =
    key.length <= KEY_MAX_CHARACTERS && key.split('/').every((segment) => SEGMENT.test(segment));
  if (valid) return;
  throw new CheckpointError('KEY_INVALID', `${JSON.stringify(key)} is not a document key.`, {
    remedy: 'Use segments of letters, digits, "_" and "-" divided by "/", 200 characters at most.',
  });
}
