import { CheckpointError, ConfigurationError } from '../../errors/index.js';
import { describeFailure, remedyOf } from '../../aws/explain.js';
import { S3Failure } from '../../aws/failure.js';
import type { StoreContext } from './context.js';

/**
 * The error for a request that failed. Everything else, reasons of aborts included, passes unchanged.
 * @param action - completes "The S3 cursor store could not ...".
 */
export function storeError(error: unknown, action: string, context: StoreContext): unknown {
  if (!(error instanceof S3Failure)) return error;
  const { bucket } = context.connection.bucket;
  const { code, status, operation, kind, isRetryable, cause } = error;
  const message = `The S3 cursor store could not ${action}: ${describeFailure(error)}.`;
  const details = { bucket, operation, s3Code: code, status };
  const remedy = remedyOf(error, bucket);
  if (kind === 'not-implemented')
    return new ConfigurationError('CAPABILITY_MISSING', message, { remedy, details, cause });
  const facts = { remedy, details, cause, retryable: isRetryable };
  return new CheckpointError('CHECKPOINT_UNAVAILABLE', message, facts);
}

/** @param fault - what the service did, completing "...: it". */
export function lacksConditionalWrites(
  { connection }: StoreContext,
  fault: string,
  cause?: unknown,
): ConfigurationError {
  const { bucket } = connection.bucket;
  return new ConfigurationError(
    'CAPABILITY_MISSING',
    `The service of the bucket "${bucket}" has no conditional writes for the S3 cursor store: ${fault}.`,
    {
      remedy:
        'Keep the checkpoints in another cursor store. If never two processes run one export at a time, `singleWriter: true` does without; should two run after all, or a write that was given up arrive late, checkpoints are overwritten unseen, and rows are exported twice or left out.',
      details: { bucket },
      cause,
    },
  );
}

export function corruptError(objectKey: string, problem: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_CORRUPT',
    `A document of the S3 cursor store cannot be read: the object "${objectKey}" ${problem}.`,
    {
      remedy:
        'Restore that object from an earlier version, in a versioned bucket, or from a backup; what was done since then may be done again.',
      details: { objectKey },
    },
  );
}

export function refusedForNothing(key: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_UNAVAILABLE',
    `The service refused to save "${key}" as if it had changed, but then it had not.`,
    { remedy: 'Load it again and decide anew.', retryable: true, details: { key } },
  );
}

export function endlessRace(name: string): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_UNAVAILABLE',
    `Others kept replacing "${name}" while the S3 cursor store tried conditional writes on it.`,
    { remedy: 'Run again.', retryable: true },
  );
}

export function tooManyDocuments(prefix: string, most: number): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_TOO_LARGE',
    `More than ${most} documents of the S3 cursor store begin with "${prefix}".`,
    { remedy: 'List a longer prefix.', details: { prefix } },
  );
}
