import { CheckpointError } from '../errors/index.js';

const SEGMENT = /^[A-Za-z0-9_-]+$/;
const KEY_MAX_CHARACTERS = 200;

/** True for segments of `[A-Za-z0-9_-]` divided by `/`, 200 characters at most. */
export function isDocumentKey(key: string): boolean {
  return (
    key.length <= KEY_MAX_CHARACTERS && key.split('/').every((segment) => SEGMENT.test(segment))
  );
}

/** Refuses what is no key of a cursor store. */
export function checkDocumentKey(key: string): void {
  if (isDocumentKey(key)) return;
  throw new CheckpointError('KEY_INVALID', `${JSON.stringify(key)} is not a document key.`, {
    remedy: 'Use segments of letters, digits, "_" and "-" divided by "/", 200 characters at most.',
  });
}
