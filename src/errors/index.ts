/**
 * Errors of the library. Codes are stable and covered by semantic versioning; messages are not.
 * No error ever holds a row, a secret or a signed URL.
 */

/** Every code that an {@link ExportError} can carry. */
export type ErrorCode =
  | 'OPTION_INVALID'
  | 'CAPABILITY_MISSING'
  | 'SOURCE_UNAVAILABLE'
  | 'SOURCE_RATE_LIMITED'
  | 'SOURCE_UNAUTHORIZED'
  | 'SOURCE_FORBIDDEN'
  | 'SOURCE_QUERY_INVALID'
  | 'SOURCE_CURSOR_INVALID'
  | 'SOURCE_PROTOCOL'
  | 'SOURCE_BEHIND'
  | 'SOURCE_EXPIRED'
  | 'SOURCE_RENAMED'
  | 'RESULT_TRUNCATED'
  | 'SINK_UNAVAILABLE'
  | 'SINK_UNAUTHORIZED'
  | 'SINK_FULL'
  | 'SINK_MISCONFIGURED'
  | 'SINK_PROTOCOL'
  | 'OBJECT_EXISTS'
  | 'OBJECT_CORRUPT'
  | 'KEY_INVALID'
  | 'WRITABLE_FAILED'
  | 'ROW_INVALID'
  | 'ROW_UNENCODABLE'
  | 'ROW_UNPLACEABLE'
  | 'ROW_COUNT_MISMATCH'
  | 'TRANSFORM_FAILED'
  | 'ATTACHMENT_FAILED'
  | 'WORKER_FAILED'
  | 'CHECKPOINT_CONFLICT'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_VERSION'
  | 'CHECKPOINT_MISSING'
  | 'CHECKPOINT_UNAVAILABLE'
  | 'CHECKPOINT_TOO_LARGE'
  | 'FINGERPRINT_CHANGED'
  | 'COMMIT_UNRESOLVED'
  | 'MANIFEST_MISSING'
  | 'LEASE_LOST'
  | 'LIMIT_EXCEEDED'
  | 'EXPORTER_BUSY'
  | 'EXPORTER_CLOSED'
  | 'PLAN_NEEDED'
  | 'PLAN_INVALID'
  | 'MARK_UNKNOWN'
  | 'PROOF_UNFIT'
  | 'SEND_TOO_LATE'
  | 'RECEIPT_CORRUPT'
  | 'POLICY_BUSY'
  | 'POLICY_CLOSED';

export interface ExportErrorOptions {
  /** What to do about it: one sentence, added to the message. */
  readonly remedy?: string | undefined;
  /** Whether running again later, unchanged, can succeed. Already retried inside, within its budget. */
  readonly retryable?: boolean | undefined;
  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Facts for programs: names, counts, keys, statuses. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('tracehaul.error');

/** Base of all errors thrown on purpose. Broken invariants are `AssertionError`; aborts are `signal.reason`. */
export class ExportError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly remedy: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ExportErrorOptions = {}) {
    const text = options.remedy === undefined ? message : `${message} ${options.remedy}`;
    super(text, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.remedy = options.remedy;
    this.details = Object.freeze({ ...options.details });
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for errors of any copy of this package in the process. */
  static isInstance(value: unknown): value is ExportError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** Wrong options or a missing capability. Thrown by factories. Fix the code. */
export class ConfigurationError extends ExportError {}
/** The source could not be read. */
export class SourceError extends ExportError {}
/** The sink could not be read or written. */
export class SinkError extends ExportError {}
/** A row could not be placed, transformed or encoded. */
export class EncodeError extends ExportError {}
/** The durable record of progress could not be read, understood or saved. */
export class CheckpointError extends ExportError {}
/** The exporter refuses to go on, or may not. */
export class RunError extends ExportError {}
/** The retention policy refuses to delete, or may not. */
export class RetentionError extends ExportError {}

/** True when `error` is an {@link ExportError}, and has `code` when one is given. */
export function isExportError(error: unknown): error is ExportError;
export function isExportError<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is ExportError & { readonly code: Code };
export function isExportError(error: unknown, code?: ErrorCode): error is ExportError {
  return ExportError.isInstance(error) && (code === undefined || error.code === code);
}

/** A broken invariant: a bug in this library or in an adapter, never bad input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws {@link AssertionError} unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
