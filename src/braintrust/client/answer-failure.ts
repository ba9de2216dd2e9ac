import { SourceError } from '../../errors/index.js';
import type { ErrorCode, ExportErrorOptions } from '../../errors/index.js';
import { serviceMessage } from './service-message.js';

/** Why one attempt failed, and what may be done about it. Never leaves the client. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly error: SourceError;
  /** Asking the same again may work. */
  readonly again: boolean;
  /** Asking for fewer rows may work. */
  readonly smallerPage: boolean;
  /** For the `retry` event: an error code or an HTTP status. */
  readonly reason: string;

  constructor(error: SourceError, means: AttemptMeans) {
    super(error.message);
    this.error = error;
    this.again = means.again ?? false;
    this.smallerPage = means.smallerPage ?? false;
    this.reason = means.reason ?? error.code;
  }
}

export interface AttemptMeans {
  readonly again?: boolean;
  readonly smallerPage?: boolean;
  readonly reason?: string;
}

/** An answer with a status other than 200. */
export interface RefusedAnswer {
  readonly status: number;
  /** The beginning of its body. */
  readonly text: string;
  readonly contentType: string;
  /** Parsed `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  /** Whether it came from behind a redirect, so from an object store. */
  readonly redirected: boolean;
}

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** The service's answers to a query that takes too long or is too large. */
const SMALLER_PAGE: ReadonlySet<number> = new Set([408, 500, 504]);
const OBJECT_ACCESS = /missing read access to (project|experiment|dataset) id ([^\s,]+)/iu;

/** What an answer other than 200 means. */
export function failureOfAnswer(answer: RefusedAnswer): AttemptFailure {
  const { status } = answer;
  const reason = `HTTP ${status}`;
  if (answer.redirected)
    return new AttemptFailure(redirectedError(answer), { again: true, reason });
  if (status === 403 && isPage(answer))
    return new AttemptFailure(proxyError(answer), { again: true, reason });
  return new AttemptFailure(errorOfAnswer(answer), {
    again: AGAIN.has(status),
    smallerPage: SMALLER_PAGE.has(status),
    reason,
  });
}

/** Whether a body is a web page: from a proxy, a gateway or a log-in form, not from the API. */
export function isPage(answer: { readonly text: string; readonly contentType: string }): boolean {
  return /^\s*</u.test(answer.text) || answer.contentType.includes('html');
}

interface Verdict {
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
  readonly retryable?: boolean;
}

function errorOfAnswer(answer: RefusedAnswer): SourceError {
  const [, noun = '', objectId] = OBJECT_ACCESS.exec(answer.text) ?? [];
  if (objectId === undefined) return sourceError(verdictOf(answer), answer);
  const object = { noun: noun.toLowerCase(), objectId };
  return sourceError(verdictOf(answer, object), answer, { [`${object.noun}Id`]: objectId });
}

interface NamedObject {
  readonly noun: string;
  readonly objectId: string;
}

function verdictOf(answer: RefusedAnswer, object?: NamedObject): Verdict {
  const { status } = answer;
  if (status === 401) return VERDICTS.unauthorized;
  if (object !== undefined) return forbiddenObject(object);
  if (status === 403) return VERDICTS.forbidden;
  if (status === 404) return isPage(answer) ? VERDICTS.notApi : VERDICTS.notFound;
  if (status === 429) return VERDICTS.rateLimited;
  if (status === 400 || status === 413 || status === 422) return VERDICTS.invalid;
  if (status === 501) return VERDICTS.unsupported;
  if (status >= 500 || AGAIN.has(status)) return VERDICTS.unavailable;
  return VERDICTS.unexpected;
}

const VERDICTS = {
  unauthorized: {
    code: 'SOURCE_UNAUTHORIZED',
    what: 'Braintrust refused the API key',
    remedy: 'Check `apiKey`, and that it belongs to this `apiUrl` (US, EU and self-hosted differ).',
  },
  forbidden: {
    code: 'SOURCE_FORBIDDEN',
    what: 'Braintrust refused access',
    remedy: 'Give the key read access to the project, and check `organization`.',
  },
  notFound: {
    code: 'SOURCE_FORBIDDEN',
    what: 'Braintrust found no such thing',
    remedy: 'Check the project ids and `apiUrl`.',
  },
  notApi: {
    code: 'SOURCE_PROTOCOL',
    what: 'There is no Braintrust API at `apiUrl`',
    remedy: 'Check `apiUrl`: it is the URL of the data plane, not of the web application.',
  },
  rateLimited: {
    code: 'SOURCE_RATE_LIMITED',
    what: 'Braintrust allows no more queries for now',
    remedy: 'Run again later, or lower `requestsPerMinute`: the limit counts all users of the API.',
    retryable: true,
  },
  invalid: {
    code: 'SOURCE_QUERY_INVALID',
    what: 'Braintrust refused the query',
    remedy: 'Correct the query, or the filter or columns that became part of it.',
  },
  unsupported: {
    code: 'SOURCE_QUERY_INVALID',
    what: 'This data plane cannot answer the query',
    remedy: 'Leave out what it names, or update the data plane.',
  },
  unavailable: {
    code: 'SOURCE_UNAVAILABLE',
    what: 'Braintrust could not answer',
    remedy: 'Run again later.',
    retryable: true,
  },
  unexpected: {
    code: 'SOURCE_PROTOCOL',
    what: 'Braintrust gave an answer that a query never gets',
    remedy: 'Check `apiUrl` and what stands between here and there.',
  },
} as const satisfies Record<string, Verdict>;

function forbiddenObject({ noun, objectId }: NamedObject): Verdict {
  return {
    code: 'SOURCE_FORBIDDEN',
    what: `The ${noun} ${objectId} does not exist or may not be read`,
    remedy: `Check the ${noun} id and the rights of the key.`,
  };
}

function proxyError(answer: RefusedAnswer): SourceError {
  const verdict: Verdict = {
    code: 'SOURCE_UNAVAILABLE',
    what: 'A proxy or firewall in front of Braintrust answered with a web page',
    remedy: 'Run again later; if it stays, allow this host through it.',
    retryable: true,
  };
  return sourceError(verdict, { ...answer, text: '' });
}

/** Whatever an object store says is no word of the API: the next query gets a fresh link. */
function redirectedError(answer: RefusedAnswer): SourceError {
  const verdict: Verdict = {
    code: 'SOURCE_UNAVAILABLE',
    what: 'The storage that a large answer was redirected to refused it',
    remedy: 'Run again later; if it stays, allow this host to reach that storage.',
    retryable: true,
  };
  return sourceError(verdict, { ...answer, text: '' });
}

function sourceError(
  verdict: Verdict,
  answer: RefusedAnswer,
  details: Readonly<Record<string, unknown>> = {},
): SourceError {
  const said = isPage(answer) ? '' : serviceMessage(answer.text);
  const message = `${verdict.what} (HTTP ${answer.status})${said === '' ? '.' : `: ${said}`}`;
  const options: ExportErrorOptions = {
    remedy: verdict.remedy,
    retryable: verdict.retryable ?? false,
    retryAfterMs: answer.retryAfterMs,
    details: { status: answer.status, ...details },
  };
  return new SourceError(verdict.code, message, options);
}
