import { ConfigurationError, SinkError } from '../../errors/index.js';
import { isFileError, type FileError } from '../../util/durable-files.js';

/** Wraps an error of the file system, once. Everything else, reasons of aborts included, passes unchanged. */
export function sinkError(error: unknown, action: string): unknown {
  return isFileError(error) ? fromFileError(error, action) : error;
}

function fromFileError(error: FileError, action: string): Error {
  const message = `The file sink could not ${action}: ${error.code}.`;
  const context = { cause: error, details: { fileCode: error.code, syscall: error.syscall } };
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new SinkError('SINK_FULL', message, {
        ...context,
        remedy: 'Free space or raise the quota; the next run carries on.',
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new SinkError('SINK_UNAUTHORIZED', message, {
        ...context,
        remedy: 'Let this user write there, on a mount that is not read-only.',
      });
    case 'EXDEV':
      return new ConfigurationError('CAPABILITY_MISSING', message, {
        ...context,
        remedy: 'The folder _staging and the data must be on one mount.',
      });
    case 'ELOOP':
      return new SinkError('KEY_INVALID', message, {
        ...context,
        remedy: 'Nothing below the root may be a symbolic link.',
      });
    case 'ENAMETOOLONG':
      return new SinkError('KEY_INVALID', message, {
        ...context,
        remedy: 'The path is too long for the file system; use a shorter root or shorter keys.',
      });
    case 'ENOTDIR':
      return new SinkError('OBJECT_EXISTS', message, {
        ...context,
        remedy: 'A file has the name that a folder needs; keys may not begin with another key.',
      });
    default:
      return new SinkError('SINK_UNAVAILABLE', message, { ...context, retryable: true });
  }
}

export function objectExists(key: string): SinkError {
  return new SinkError('OBJECT_EXISTS', `Another file has the name of the object "${key}".`, {
    remedy: 'Find out who writes there; objects are never replaced.',
    details: { key },
  });
}

export function objectCorrupt(key: string, sizes: { found: number; expected: number }): SinkError {
  return new SinkError(
    'OBJECT_CORRUPT',
    `The staged file of "${key}" has ${sizes.found} bytes instead of ${sizes.expected}.`,
    {
      remedy: 'The disk lost data or somebody changed it; nothing was made visible.',
      details: { key, ...sizes },
    },
  );
}

export function folderVanished(key: string): SinkError {
  return new SinkError('SINK_UNAVAILABLE', `The folder of "${key}" was removed meanwhile.`, {
    retryable: true,
    details: { key },
  });
}

export function linksMissing(cause: unknown): ConfigurationError {
  return new ConfigurationError(
    'CAPABILITY_MISSING',
    'The file system of the file sink has no hard links, or forbids them.',
    { remedy: 'Put the root on a local file system such as ext4, xfs, btrfs or APFS.', cause },
  );
}

export function mountsDiffer(staging: string): ConfigurationError {
  return new ConfigurationError(
    'CAPABILITY_MISSING',
    `The staging folder ${staging} is on another mount than the data.`,
    { remedy: 'Remove the mount: objects become visible by a hard link out of that folder.' },
  );
}
