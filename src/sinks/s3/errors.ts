import {
  ConfigurationError,
  type ErrorCode,
  type ExportError,
  SinkError,
} from '../../errors/index.js';
import { describeFailure, remedyOf } from '../../aws/explain.js';
import { type FailureKind, S3Failure } from '../../aws/failure.js';

const CODES: Readonly<Record<FailureKind, ErrorCode>> = {
  'object-missing': 'SINK_UNAVAILABLE',
  'upload-missing': 'SINK_UNAVAILABLE',
  'precondition-failed': 'SINK_UNAVAILABLE',
  conflict: 'SINK_UNAVAILABLE',
  damaged: 'SINK_UNAVAILABLE',
  throttled: 'SINK_UNAVAILABLE',
  timeout: 'SINK_UNAVAILABLE',
  unavailable: 'SINK_UNAVAILABLE',
  'access-denied': 'SINK_UNAUTHORIZED',
  'role-refused': 'SINK_UNAUTHORIZED',
  credentials: 'SINK_UNAUTHORIZED',
  'key-management': 'SINK_UNAUTHORIZED',
  full: 'SINK_FULL',
  'bucket-missing': 'SINK_MISCONFIGURED',
  'wrong-region': 'SINK_MISCONFIGURED',
  'clock-skew': 'SINK_MISCONFIGURED',
  'checksum-required': 'SINK_MISCONFIGURED',
  refused: 'SINK_MISCONFIGURED',
  'not-s3': 'SINK_PROTOCOL',
  'not-implemented': 'CAPABILITY_MISSING',
};

/**
 * The error for a request that failed. Everything else, reasons of aborts included, passes unchanged.
 * @param action - completes "The S3 sink could not ...".
 */
export function sinkError(error: unknown, action: string, bucket: string): unknown {
  if (!(error instanceof S3Failure)) return error;
  const { code, status, operation, kind, isRetryable } = error;
  const message = `The S3 sink could not ${action}: ${describeFailure(error)}.`;
  const context = {
    remedy: remedyOf(error, bucket),
    retryable: isRetryable,
    details: { bucket, operation, s3Code: code, status },
    cause: error.cause,
  };
  if (kind === 'not-implemented')
    return new ConfigurationError('CAPABILITY_MISSING', message, context);
  return new SinkError(CODES[kind], message, context);
}

export function objectExists(key: string): SinkError {
  return new SinkError('OBJECT_EXISTS', `Another object has the key "${key}".`, {
    remedy: 'Find out who writes there; objects are never replaced.',
    details: { key },
  });
}

export function uploadChanged(key: string, problem: string): SinkError {
  return new SinkError(
    'OBJECT_CORRUPT',
    `What was uploaded for "${key}" has changed since it was prepared: ${problem}.`,
    {
      remedy: 'Find out who writes into unfinished uploads; nothing was made visible.',
      details: { key },
    },
  );
}

export function objectChanged(key: string, problem: string): SinkError {
  return new SinkError('OBJECT_CORRUPT', `"${key}" ${problem}.`, {
    remedy: 'Somebody changed it: objects never change once visible.',
    details: { key },
  });
}

export function foreignToken(): SinkError {
  return new SinkError('OBJECT_CORRUPT', 'A prepared object has a token of another sink.', {
    remedy: 'Use the sink that prepared it, or restore the checkpoint.',
  });
}

export function keyWithoutOwner(key: string): ExportError {
  return new SinkError(
    'KEY_INVALID',
    `The key "${key}" does not tell its export and commit: unfinished uploads could not be found by it.`,
    {
      remedy: 'Name files {exportId}.….{nonce}.…, as datePartitionedKeys() does.',
      details: { key },
    },
  );
}

export function tooManyParts(key: string, parts: number): SinkError {
  return new SinkError('SINK_MISCONFIGURED', `"${key}" would have more than ${parts} parts.`, {
    remedy: 'Lower `object.maxBytes` of the exporter, or raise `partBytes` of the sink.',
    details: { key, parts },
  });
}
