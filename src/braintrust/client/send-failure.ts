import { SourceError } from '../../errors/index.js';
import { AttemptFailure } from './answer-failure.js';

/**
 * What is known of a call that changes something and has failed: `refused`, nothing was done; `unknown`, it may have
 * been done, or may be done later.
 */
export type SendOutcome = 'refused' | 'unknown';

/**
 * The error of a failed call, with `details.outcome`.
 * @param isSent whether it may have reached anybody.
 */
export function errorOfSend(thrown: unknown, isSent: boolean): unknown {
  const refused = !isSent || (thrown instanceof AttemptFailure && thrown.refused);
  const error = thrown instanceof AttemptFailure ? thrown.error : thrown;
  if (!(error instanceof SourceError)) return error;
  return withOutcome(error, refused ? 'refused' : 'unknown');
}

function withOutcome(error: SourceError, outcome: SendOutcome): SourceError {
  const { code, message, remedy, retryable, retryAfterMs, details, cause } = error;
  // The constructor adds the remedy to the message.
  const text = remedy === undefined ? message : message.slice(0, -remedy.length - 1);
  return new SourceError(code, text, {
    remedy,
    retryable,
    retryAfterMs,
    details: { ...details, outcome },
    cause,
  });
}
