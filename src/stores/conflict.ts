import { CheckpointError } from '../errors/index.js';

/** The error of a save or delete whose revision is not the current one. */
export function conflictError(
  key: string,
  revisions: { readonly expected: string | null; readonly current: string | null },
): CheckpointError {
  const { expected, current } = revisions;
  const wanted = expected === null ? 'not to exist' : `to be at revision ${expected}`;
  const found = current === null ? 'does not exist' : `is at revision ${current}`;
  return new CheckpointError(
    'CHECKPOINT_CONFLICT',
    `The document "${key}" was expected ${wanted}, but ${found}.`,
    {
      remedy: 'Another worker saved it first. Load it again and decide anew.',
      details: { key, expected, current },
    },
  );
}
