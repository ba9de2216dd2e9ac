import { CheckpointError, ConfigurationError } from '../../errors/index.js';
import { isFileError, type FileError } from '../../util/durable-files.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space; the next run carries on.',
  EDQUOT: 'Raise the quota; the next run carries on.',
  EROFS: 'Mount it so that it can be written.',
  EACCES: 'Let this user read and write the folder.',
  EPERM: 'Let this user write the folder, on a file system with hard links.',
  ELOOP: 'Nothing below the root may be a symbolic link.',
  ENOTDIR: 'A file has the name that a folder needs; remove it or use another root.',
  ENAMETOOLONG: 'Use a shorter root or shorter keys.',
};

/** Wraps an error of the file system, once. Everything else, reasons of aborts included, passes unchanged. */
export function storeError(error: unknown, action: string): unknown {
  return isFileError(error) ? fromFileError(error, action) : error;
}

function fromFileError(error: FileError, action: string): Error {
  const message = `The file cursor store could not ${action}: ${error.code}.`;
  const context = { cause: error, details: { fileCode: error.code, syscall: error.syscall } };
  const isLinkMissing =
    error.syscall === 'link' && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(error.code);
  if (isLinkMissing) {
    return new ConfigurationError('CAPABILITY_MISSING', message, {
      ...context,
      remedy: 'Put the root on a local file system that has hard links and allows them.',
    });
  }
  const remedy = REMEDIES[error.code];
  const retryable = remedy === undefined;
  return new CheckpointError('CHECKPOINT_UNAVAILABLE', message, { ...context, remedy, retryable });
}

export function corruptError(
  place: { readonly key: string; readonly file: string },
  problem: string,
): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_CORRUPT',
    `The document "${place.key}" cannot be read: the file ${place.file} ${problem}.`,
    {
      remedy:
        'Restore that file from a backup; or, while no worker runs, remove it: the revision before it then counts, and what was done since may be done again.',
      details: { ...place },
    },
  );
}
