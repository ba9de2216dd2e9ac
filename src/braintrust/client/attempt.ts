import { SourceError } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { readBody, readTextStart } from './answer-body.js';
import { AttemptFailure, failureOfAnswer, isPage } from './answer-failure.js';
import { ByteLimitError } from './byte-buffer.js';
import type { ClientSettings } from './client-options.js';
import type { QueryParameters } from './query-parameters.js';
import { sendFollowing } from './follow-redirects.js';
import type { FollowedResponse, WriteMethod } from './follow-redirects.js';
import { dateOf, readQueryAnswer } from '../query/query-answer.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { parquetRows } from '../parquet/parquet-rows.js';
import { retryAfterMs } from './retry-delay.js';

const REFUSAL_MAX_BYTES = 64 * 1024;

export interface AttemptOptions {
  readonly settings: Readonly<ClientSettings>;
  readonly key: string;
  readonly signal: AbortSignal;
}

/** A call that changes something. */
export interface WriteCall {
  readonly method: WriteMethod;
  /** Begins with a slash, behind the URL of the data plane. */
  readonly path: string;
  readonly body?: Json | undefined;
}

/** What is asked of the API. */
export interface ApiCall {
  /** Path, and parameters of a GET, behind the URL of the data plane. */
  readonly path: string;
  /** The method of a call that changes something. */
  readonly write?: WriteMethod | undefined;
  /** The JSON body of a POST; a call without it is a GET, unless it is a `write`. */
  readonly body?: Json | undefined;
  /** Media type of the answer. @defaultValue 'application/json' */
  readonly accept?: string | undefined;
}

/** The parsed answer to a call that is no query. */
export interface ApiAnswer {
  readonly value: unknown;
  /** The plane's clock when it answered, in whole seconds; `null` when the answer had no `Date`. */
  readonly planeNow: Date | null;
  /** Size of the answer once decompressed. */
  readonly bytes: number;
}

/** The answer to a query in Parquet, as it came. */
export interface ParquetAnswer {
  readonly content: Uint8Array;
  /** Rows that its footer says. */
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Sends one query once and reads its answer.
 * @throws AttemptFailure that says whether trying again, or asking for less, may help.
 */
export async function requestQuery(
  query: Json,
  parameters: QueryParameters,
  options: AttemptOptions,
): Promise<QueryAnswer> {
  const body = queryBody(query, parameters);
  const sentAt = options.settings.runtime.now();
  const answer = await request({ path: '/btql', body }, options, readQueryAnswer);
  return { ...answer, sentAt };
}

/**
 * Sends one query once and reads its answer in Parquet.
 * @throws AttemptFailure that says whether trying again may help.
 */
export async function requestParquet(
  query: Json,
  parameters: QueryParameters,
  options: AttemptOptions,
): Promise<ParquetAnswer> {
  const body = { ...queryBody(query, parameters), fmt: 'parquet' };
  return await request({ path: '/btql', body, accept: '*/*' }, options, (content) => ({
    content,
    rows: parquetRows(content),
    bytes: content.length,
  }));
}

/**
 * Sends one call that is no query once and reads its answer.
 * @throws AttemptFailure that says whether trying again may help.
 */
export async function requestCall(call: ApiCall, options: AttemptOptions): Promise<ApiAnswer> {
  return await request(call, options, readApiAnswer);
}

/**
 * Sends one call that changes something once and reads its answer.
 * @throws AttemptFailure, whose `again` and `smallerPage` mean nothing here: the outcome may be unknown.
 */
export async function requestWrite(call: WriteCall, options: AttemptOptions): Promise<ApiAnswer> {
  const { method, path, body } = call;
  return await request({ write: method, path, body }, options, readApiAnswer);
}

type ReadBytes<T> = (body: Uint8Array, headers: Headers, receivedAt: Date) => Promise<T> | T;

async function request<T>(call: ApiCall, options: AttemptOptions, read: ReadBytes<T>): Promise<T> {
  const { settings, signal } = options;
  try {
    const followed = await send(call, options);
    if (followed.response.status !== 200) throw await refusalOf(call, followed, signal);
    const body = await readBody(followed.response, { maxBytes: settings.maxAnswerBytes, signal });
    const receivedAt = settings.runtime.now();
    return await readAnswer(body, followed, async (headers) => read(body, headers, receivedAt));
  } catch (error) {
    signal.throwIfAborted();
    throw failureOfThrown(error, settings);
  }
}

function queryBody(
  query: Json,
  { tzOffset, auditLog, version }: QueryParameters,
): Readonly<Record<string, Json>> {
  return {
    query,
    fmt: 'json',
    brainstore_realtime: true,
    query_source: 'tracehaul',
    ...(tzOffset === undefined ? {} : { tz_offset: tzOffset }),
    ...(auditLog === undefined ? {} : { audit_log: auditLog }),
    ...(version === undefined ? {} : { version }),
  };
}

async function send(call: ApiCall, options: AttemptOptions): Promise<FollowedResponse> {
  const { settings, key, signal } = options;
  const base = settings.apiUrl.href.replace(/\/+$/u, '');
  return await sendFollowing(settings.fetch, {
    url: new URL(base + call.path),
    body: call.body === undefined ? undefined : JSON.stringify(call.body),
    write: call.write,
    headers: {
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      accept: call.accept ?? 'application/json',
    },
    privateHeaders: {
      authorization: `Bearer ${key}`,
      ...(settings.organization === undefined ? {} : { 'x-bt-org-name': settings.organization }),
    },
    signal,
  });
}

function readApiAnswer(body: Uint8Array, headers: Headers): ApiAnswer {
  return { value: parseJson(body), planeNow: dateOf(headers), bytes: body.length };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  } catch {
    // The parser's own message may quote the answer.
    throw new SourceError('SOURCE_PROTOCOL', 'The answer is no JSON text.', {
      remedy: 'Check `apiUrl`: it is the URL of the data plane. Check what stands before it, too.',
      details: { offset: body.length },
    });
  }
}

async function refusalOf(
  call: ApiCall,
  followed: FollowedResponse,
  signal: AbortSignal,
): Promise<AttemptFailure> {
  const { response, redirected } = followed;
  return failureOfAnswer({
    toWrite: call.write !== undefined,
    status: response.status,
    text: await readTextStart(response, { maxBytes: REFUSAL_MAX_BYTES, signal }),
    contentType: response.headers.get('content-type') ?? '',
    retryAfterMs: retryAfterMs(response.headers),
    redirected,
  });
}

async function readAnswer<T>(
  body: Buffer,
  followed: FollowedResponse,
  read: (headers: Headers) => Promise<T>,
): Promise<T> {
  try {
    return await read(followed.firstHeaders);
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
