import { SourceError } from '../../errors/index.js';
import type { ExportErrorOptions } from '../../errors/index.js';
import { serviceMessage } from './service-message.js';
import { QUERY_VERDICTS, WRITE_VERDICTS } from './verdicts.js';
import type { Verdict } from './verdicts.js';

/** Why one attempt failed, and what may be done about it. Never leaves the client. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly error: SourceError;
  /** Asking the same again may work. */
  readonly again: boolean;
  /** Asking for fewer rows may work. */
  readonly smallerPage: boolean;
  /** The service has said that it did nothing. */
  readonly refused: boolean;
  /** For the `retry` event: an error code or an HTTP status. */
  readonly reason: string;

  constructor(error: SourceError, means: AttemptMeans) {
    super(error.message);
    this.error = error;
    this.again = means.again ?? false;
    this.smallerPage = means.smallerPage ?? false;
    this.refused = means.refused ?? false;
    this.reason = means.reason ?? error.code;
  }
}

export interface AttemptMeans {
  readonly again?: boolean;
  readonly smallerPage?: boolean;
  readonly refused?: boolean;
  readonly reason?: string;
}

/** An answer with a status other than 200. */
export interface RefusedAnswer {
  readonly status: number;
  /** Whether it answers a call that changes something. */
  readonly toWrite: boolean;
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
/** Given before a request is looked at, whoever gives them. */
const NOTHING_DONE: ReadonlySet<number> = new Set([401, 413, 429]);
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
    refused: isRefusal(answer),
    reason,
  });
}

/**
 * Whether an answer from the origin itself says that nothing was done. A 408 does not, nor does the page of a proxy:
 * that may stand in the way of the answer only.
 */
function isRefusal(answer: RefusedAnswer): boolean {
  const { status } = answer;
  if (NOTHING_DONE.has(status)) return true;
  return status >= 400 && status < 500 && status !== 408 && !isPage(answer);
}

/** Whether a body is a web page: from a proxy, a gateway or a log-in form, not from the API. */
export function isPage(answer: { readonly text: string; readonly contentType: string }): boolean {
  return /^\s*</u.test(answer.text) || answer.contentType.includes('html');
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
  const verdicts = answer.toWrite ? WRITE_VERDICTS : QUERY_VERDICTS;
  if (status === 401) return verdicts.unauthorized;
  if (object !== undefined) return forbiddenObject(object);
  if (status === 403) return verdicts.forbidden;
  if (status === 404) return isPage(answer) ? verdicts.notApi : verdicts.notFound;
  if (status === 429) return verdicts.rateLimited;
  if (status === 400 || status === 422) return verdicts.invalid;
  if (status === 413) return verdicts.tooLarge;
  if (status === 501) return verdicts.unsupported;
  if (status >= 500 || AGAIN.has(status)) return verdicts.unavailable;
  return verdicts.unexpected;
}

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
