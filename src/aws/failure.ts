import { messageOf } from '../util/message.js';
import { type AssumeRoleFailure, isAssumeRoleFailure } from './assume-role.js';
import type { S3Operation } from './iam-actions.js';

/** What a failed request means for us. */
export type FailureKind =
  | 'object-missing'
  | 'bucket-missing'
  | 'upload-missing'
  | 'precondition-failed'
  | 'conflict'
  | 'not-implemented'
  | 'access-denied'
  | 'role-refused'
  | 'credentials'
  | 'key-management'
  | 'clock-skew'
  | 'wrong-region'
  | 'full'
  | 'checksum-required'
  | 'damaged'
  | 'throttled'
  | 'timeout'
  | 'unavailable'
  | 'not-s3'
  | 'refused';

const KIND_OF_CODE: Readonly<Record<string, FailureKind>> = {
  NoSuchKey: 'object-missing',
  NoSuchBucket: 'bucket-missing',
  NoSuchUpload: 'upload-missing',
  PreconditionFailed: 'precondition-failed',
  ConditionalRequestConflict: 'conflict',
  OperationAborted: 'conflict',
  NotImplemented: 'not-implemented',
  AccessDenied: 'access-denied',
  AllAccessDisabled: 'access-denied',
  AccountProblem: 'access-denied',
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  InvalidToken: 'credentials',
  TokenRefreshRequired: 'credentials',
  CredentialsProviderError: 'credentials',
  RequestTimeTooSkewed: 'clock-skew',
  PermanentRedirect: 'wrong-region',
  TemporaryRedirect: 'wrong-region',
  AuthorizationHeaderMalformed: 'wrong-region',
  IllegalLocationConstraintException: 'wrong-region',
  QuotaExceeded: 'full',
  InsufficientStorage: 'full',
  XMinioStorageFull: 'full',
  BadDigest: 'damaged',
  XAmzContentSHA256Mismatch: 'damaged',
  IncompleteBody: 'damaged',
  SlowDown: 'throttled',
  TooManyRequests: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  RequestLimitExceeded: 'throttled',
  BandwidthLimitExceeded: 'throttled',
  RequestTimeout: 'timeout',
  TimeoutError: 'timeout',
  InternalError: 'unavailable',
  ServiceUnavailable: 'unavailable',
  ERR_INVALID_URL: 'not-s3',
  EndpointError: 'not-s3',
};

const KIND_OF_STATUS: Readonly<Record<number, FailureKind>> = {
  301: 'wrong-region',
  307: 'wrong-region',
  403: 'access-denied',
  404: 'object-missing',
  408: 'timeout',
  409: 'conflict',
  412: 'precondition-failed',
  429: 'throttled',
  501: 'not-implemented',
  507: 'full',
};

const RETRYABLE: ReadonlySet<FailureKind> = new Set([
  'conflict',
  'clock-skew',
  'damaged',
  'throttled',
  'timeout',
  'unavailable',
]);

/** The SDK says so in a plain error, before any request. */
const NO_REGION = /^Region (?:is missing|not accepted)/;

const EXPIRED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
]);

/** The members of the SDK's errors that are read here. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  readonly Code?: string;
  readonly code?: string;
}

export interface FailureFacts {
  readonly operation: S3Operation;
  readonly kind: FailureKind;
  /** The server's code, or the name of what failed on this side. */
  readonly code: string;
  /** `null` when there was no answer. */
  readonly status: number | null;
  /** Where the bucket really is, when the server says so. */
  readonly bucketRegion?: string | undefined;
  readonly cause: unknown;
}

/** A request that failed, in our words. Never leaves the adapters: they make their own errors of it. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly operation: S3Operation;
  readonly kind: FailureKind;
  readonly code: string;
  readonly status: number | null;
  readonly bucketRegion: string | undefined;

  constructor(facts: FailureFacts) {
    super(facts.code, { cause: facts.cause });
    this.operation = facts.operation;
    this.kind = facts.kind;
    this.code = facts.code;
    this.status = facts.status;
    this.bucketRegion = facts.bucketRegion;
  }

  /** Whether the same request can succeed a little later. */
  get isRetryable(): boolean {
    return RETRYABLE.has(this.kind);
  }

  /**
   * Whether to try again after this many attempts. Credentials that expired under way are asked for anew by the
   * second one; should that give the same ones, it was in vain.
   */
  isWorthAnother(attempts: number): boolean {
    const isExpired = EXPIRED.has(this.code) || isRefusedHead(this);
    return this.isRetryable || (attempts === 1 && this.kind === 'credentials' && isExpired);
  }
}

/** A web page in place of an answer, with a status of success. */
export class PageAnswer extends Error {
  override readonly name = 'HtmlPage';
  readonly $metadata = { httpStatusCode: 200 };
}

/** True for a failure of this kind. */
export function isFailure(error: unknown, ...kinds: readonly FailureKind[]): error is S3Failure {
  return error instanceof S3Failure && (kinds.length === 0 || kinds.includes(error.kind));
}

/** A success that S3 cannot have given. */
export function notS3(operation: S3Operation, problem: string): S3Failure {
  return new S3Failure({ operation, kind: 'not-s3', code: problem, status: 200, cause: undefined });
}

/** Reads what the SDK threw. */
export function readFailure(error: unknown, operation: S3Operation): S3Failure {
  if (error instanceof S3Failure) return error;
  if (isAssumeRoleFailure(error)) return roleFailure(error, operation);
  const thrown = error as SdkError;
  const status = thrown?.$metadata?.httpStatusCode ?? null;
  const code = codeOf(thrown);
  const headers = thrown?.$response?.headers ?? {};
  return new S3Failure({
    operation,
    kind: kindOf(thrown, { operation, code, status, headers }),
    code,
    status,
    bucketRegion: headers['x-amz-bucket-region'],
    cause: withoutExchange(thrown),
  });
}

/**
 * What was thrown, without the request and the answer that the SDK hangs onto it: their headers hold the session
 * token and the signature.
 */
function withoutExchange(thrown: SdkError): Error {
  const { $metadata, stack } = thrown;
  const error = new Error(messageOf(thrown));
  error.name = codeOf(thrown);
  if (stack !== undefined) error.stack = stack;
  return Object.assign(error, $metadata === undefined ? {} : { $metadata });
}

/** A role that STS refused; when STS could not be asked, a failure like any other. */
function roleFailure(error: AssumeRoleFailure, operation: S3Operation): S3Failure {
  const { kind, code, status, isRetryable } = readFailure(error.cause, operation);
  const told = isRetryable ? kind : 'role-refused';
  return new S3Failure({ operation, kind: told, code, status, cause: withoutExchange(error) });
}

/** Codes of network errors say more than their names; a server's code stands in the name. */
function codeOf(error: SdkError): string {
  if (typeof error?.Code === 'string') return error.Code;
  if (error?.$metadata?.httpStatusCode === undefined && typeof error?.code === 'string')
    return error.code;
  return error instanceof Error && error.name !== '' ? error.name : 'Error';
}

function kindOf(
  error: SdkError,
  answer: {
    readonly operation: S3Operation;
    readonly code: string;
    readonly status: number | null;
    readonly headers: Readonly<Record<string, string>>;
  },
): FailureKind {
  const { code, status, headers } = answer;
  if (error instanceof PageAnswer) return 'not-s3';
  const isPage = /^text\/html/i.test(headers['content-type'] ?? '');
  if (isPage && (status === null || status < 400 || status === 404)) return 'not-s3';
  const message = error?.message ?? '';
  if (code.startsWith('KMS.') || (status === 403 && /\bkms:/i.test(message)))
    return 'key-management';
  if (code === 'InvalidRequest' && /content-md5|checksum/i.test(message))
    return 'checksum-required';
  const known = KIND_OF_CODE[code] ?? (status === null ? undefined : KIND_OF_STATUS[status]);
  if (known !== undefined) return known;
  if (isRefusedHead(answer)) return 'credentials';
  if (status === null && NO_REGION.test(message)) return 'wrong-region';
  if (status === null) return isParsing(error) ? 'not-s3' : 'unavailable';
  if (status < 400) return isError200(error) ? 'unavailable' : 'not-s3';
  return status >= 500 ? 'unavailable' : 'refused';
}

/** How a session that is over looks to a HEAD: its answer has no body, and so no code. */
function isRefusedHead(answer: Pick<FailureFacts, 'operation' | 'status'>): boolean {
  return answer.operation === 'HeadObject' && answer.status === 400;
}

/** The SDK could not read the answer: it was no XML. */
function isParsing(error: unknown): boolean {
  return error instanceof SyntaxError;
}

/** A success by its status whose body is an error with a code of S3. */
function isError200(error: SdkError): boolean {
  return typeof error.Code === 'string';
}
