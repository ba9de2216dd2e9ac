import { SourceError } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { readBody, readTextStart } from './answer-body.js';
import { AttemptFailure, failureOfAnswer, isPage } from './answer-failure.js';
import { ByteLimitError } from './byte-buffer.js';
import type { ClientSettings } from './client-options.js';
import type { QueryParameters } from './query-parameters.js';
import { postFollowing } from './follow-redirects.js';
import type { FollowedResponse } from './follow-redirects.js';
import { readQueryAnswer } from '../query/query-answer.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { retryAfterMs } from './retry-delay.js';

const REFUSAL_MAX_BYTES = 64 * 1024;

export interface AttemptOptions {
  readonly settings: Readonly<ClientSettings>;
  readonly parameters: QueryParameters;
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * Sends one query once and reads its answer.
 * @throws AttemptFailure that says whether trying again, or asking for less, may help.
 */
export async function requestQuery(query: Json, options: AttemptOptions): Promise<QueryAnswer> {
  const { settings, signal } = options;
  try {
    const followed = await post(query, options);
    if (followed.response.status !== 200) throw await refusalOf(followed, signal);
    const body = await readBody(followed.response, { maxBytes: settings.maxAnswerBytes, signal });
    return await readAnswer(body, followed, settings.runtime.now());
  } catch (error) {
    signal.throwIfAborted();
    throw failureOfThrown(error, settings);
  }
}

async function post(query: Json, options: AttemptOptions): Promise<FollowedResponse> {
  const { settings, parameters, key, signal } = options;
  const base = settings.apiUrl.href.replace(/\/+$/u, '');
  return await postFollowing(settings.fetch, {
    url: new URL(`${base}/btql`),
    body: JSON.stringify({
      query,
      fmt: 'json',
      brainstore_realtime: true,
      query_source: 'tracehaul',
      tz_offset: parameters.tzOffset,
      audit_log: parameters.auditLog,
      version: parameters.version,
    }),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    privateHeaders: {
      authorization: `Bearer ${key}`,
      ...(settings.organization === undefined ? {} : { 'x-bt-org-name': settings.organization }),
    },
    signal,
  });
}

async function refusalOf(followed: FollowedResponse, signal: AbortSignal): Promise<AttemptFailure> {
  const { response, redirected } = followed;
  return failureOfAnswer({
    status: response.status,
    text: await readTextStart(response, { maxBytes: REFUSAL_MAX_BYTES, signal }),
    contentType: response.headers.get('content-type') ?? '',
    retryAfterMs: retryAfterMs(response.headers),
    redirected,
  });
}

async function readAnswer(
  body: Buffer,
  followed: FollowedResponse,
  receivedAt: Date,
): Promise<QueryAnswer> {
  try {
    return await readQueryAnswer(body, followed.firstHeaders, receivedAt);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const contentType = followed.response.headers.get('content-type') ?? '';
    const text = body.toString('utf8', 0, 256);
    if (isPage({ text, contentType })) throw new AttemptFailure(pageError(), {});
    // The scanner stops at the end of what there is: the rest did not arrive.
    const cutOff = error.details['offset'] === body.length;
    throw new AttemptFailure(error, { again: cutOff, reason: 'cut off' });
  }
}

function pageError(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'The answer is a web page, not data.', {
    remedy: 'Check `apiUrl`: it is the URL of the data plane. Check what stands before it, too.',
  });
}

function failureOfThrown(error: unknown, settings: Readonly<ClientSettings>): AttemptFailure {
  if (error instanceof AttemptFailure) return error;
  if (error instanceof SourceError) return new AttemptFailure(error, {});
  if (error instanceof ByteLimitError)
    return new AttemptFailure(tooLargeError(error), { smallerPage: true });
  return new AttemptFailure(networkError(error, settings), { again: true, reason: 'network' });
}

function tooLargeError(error: ByteLimitError): SourceError {
  const message = `The answer has more than ${error.maxBytes} bytes.`;
  return new SourceError('LIMIT_EXCEEDED', message, { remedy: 'Raise `maxAnswerBytes`.' });
}

function networkError(error: unknown, settings: Readonly<ClientSettings>): SourceError {
  const code = networkCode(error);
  const message = `No whole answer came from ${settings.apiUrl.origin}${code === '' ? '' : `: ${code}`}.`;
  return new SourceError('SOURCE_UNAVAILABLE', message, {
    remedy: 'Check `apiUrl` and the network, or run again later.',
    retryable: true,
    cause: error,
  });
}

/** Such as `ECONNREFUSED`. Messages of network errors may hold addresses; codes do not. */
function networkCode(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') return code;
  }
  return '';
}
