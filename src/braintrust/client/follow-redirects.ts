import { SourceError } from '../../errors/index.js';

const REDIRECTS_MAX = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/u;

/** What carries an HTTP request: the global `fetch`, or a host's own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a request is sent that changes something. */
export type WriteMethod = 'POST' | 'DELETE';

export interface ApiRequest {
  readonly url: URL;
  /** Posted; a request without it is a GET, unless it is a `write`. */
  readonly body: string | undefined;
  /** The method of a request that changes something: it is never sent again to where a redirect points. */
  readonly write?: WriteMethod | undefined;
  /** Sent everywhere with the body. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent to the origin of `url` only, and never again once a redirect has left it. */
  readonly privateHeaders: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface FollowedResponse {
  readonly response: Response;
  /** Headers of the first answer: the one that came from `url` itself. */
  readonly firstHeaders: Headers;
  readonly redirected: boolean;
}

interface Hop {
  readonly url: URL;
  readonly method: 'GET' | WriteMethod;
  readonly trusted: boolean;
}

/**
 * Sends, and follows at most five redirects as browsers do: 301, 302 and 303 go on as GET without body, 307 and
 * 308 repeat the request. Never from https to http, except to this machine. Of a request that changes something only
 * a 303 is followed, which says that it was carried out and where its answer is: another redirect would repeat it
 * at a place that nobody has judged, or take what a GET finds there for its answer.
 * @throws SourceError `SOURCE_PROTOCOL` for a redirect that cannot or may not be followed.
 */
export async function sendFollowing(fetch: Fetch, request: ApiRequest): Promise<FollowedResponse> {
  const method = request.write ?? (request.body === undefined ? 'GET' : 'POST');
  let hop: Hop = { url: request.url, method, trusted: true };
  let firstHeaders: Headers | undefined;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await send(fetch, request, hop);
    firstHeaders ??= response.headers;
    if (!REDIRECTS.has(response.status))
      return { response, firstHeaders, redirected: redirects > 0 };
    await response.body?.cancel();
    if (request.write !== undefined && redirects === 0 && response.status !== 303)
      throw redirectError(`HTTP ${response.status}, a redirect, to a request that changes data`);
    hop = nextHop(hop, response);
  }
  throw redirectError(`more than ${REDIRECTS_MAX} redirects`);
}

async function send(fetch: Fetch, request: ApiRequest, hop: Hop): Promise<Response> {
  const writing = hop.method !== 'GET';
  return await fetch(hop.url.href, {
    method: hop.method,
    headers: {
      ...(writing ? request.headers : {}),
      ...(hop.trusted ? request.privateHeaders : {}),
    },
    redirect: 'manual',
    signal: request.signal,
    ...(writing && request.body !== undefined ? { body: request.body } : {}),
  });
}

function nextHop(hop: Hop, response: Response): Hop {
  const url = targetOf(hop, response);
  const repeats = response.status === 307 || response.status === 308;
  const insecure = hop.url.protocol === 'https:' && url.protocol === 'http:';
  if (insecure && !LOOPBACK.test(url.hostname))
    throw redirectError(`a redirect from https to http at ${url.host}`);
  return {
    url,
    method: repeats ? hop.method : 'GET',
    trusted: hop.trusted && url.origin === hop.url.origin,
  };
}

function targetOf(hop: Hop, response: Response): URL {
  const location = response.headers.get('location');
  if (location === null) throw redirectError('a redirect without a target');
  const url = URL.canParse(location, hop.url.href) ? new URL(location, hop.url) : null;
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username !== '')
    throw redirectError('a redirect to something that is no plain http or https URL');
  return url;
}

/** Targets may be signed, so at most their host is named. */
function redirectError(what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust answered with ${what}.`, {
    remedy: 'Check `apiUrl` and what stands between here and there.',
  });
}
