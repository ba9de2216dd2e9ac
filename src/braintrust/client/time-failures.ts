import { SourceError } from '../../errors/index.js';
import { AttemptFailure } from './answer-failure.js';

/** One request took too long. */
export function requestTimeoutFailure(ms: number): AttemptFailure {
  const error = new SourceError('SOURCE_UNAVAILABLE', `Braintrust did not answer in ${ms} ms.`, {
    remedy: 'Run again later, or raise `requestTimeoutMs`.',
    retryable: true,
  });
  return new AttemptFailure(error, { again: true, smallerPage: true, reason: 'timeout' });
}

/** One query took too long, with all its attempts, of which `last` is the last that failed. */
export function totalTimeoutError(ms: number, last: AttemptFailure | undefined): SourceError {
  const code =
    last?.error.code === 'SOURCE_RATE_LIMITED' ? 'SOURCE_RATE_LIMITED' : 'SOURCE_UNAVAILABLE';
  return new SourceError(code, `The query was not answered in ${ms} ms, retries included.`, {
    remedy: 'Run again later, or raise `totalTimeoutMs`.',
    retryable: true,
    retryAfterMs: last?.error.retryAfterMs,
    cause: last?.error,
  });
}
