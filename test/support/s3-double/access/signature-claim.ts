import type { SignedScope } from './canonical-request.js';
import { Refusal } from '../refusal.js';
import { queryValue, type Target } from '../server/target.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const EXPIRES_MAX_SECONDS = 7 * 86_400;

/** What a request says of its own signature; nothing of it is proved. */
export interface SignatureClaim {
  readonly scope: SignedScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly time: string;
  readonly token: string | null;
  readonly payloadHash: string | null;
  /** How long a presigned request holds; null for one that is signed in its headers. */
  readonly expiresSeconds: number | null;
}

/** Whether the signature is in the query. */
function isPresigned(target: Target): boolean {
  return queryValue(target, 'X-Amz-Algorithm') !== null;
}

/** Reads the signature of a request. Refuses requests without one. */
export function readClaim(target: Target): SignatureClaim {
  const authorization = target.headers['authorization'];
  if (isPresigned(target)) {
    if (authorization === undefined) return readQueryClaim(target);
    throw new Refusal('InvalidArgument', 'Only one auth mechanism allowed');
  }
  if (authorization === undefined) throw new Refusal('AccessDenied', 'Access Denied');
  return readHeaderClaim(target, authorization);
}

/** The access key id that a request claims, or null. For the log: never refuses. */
export function claimedAccessKeyId(target: Target): string | null {
  const query = queryValue(target, 'X-Amz-Credential');
  const header = /Credential=([^/,]+)/.exec(target.headers['authorization'] ?? '')?.[1];
  return query?.split('/')[0] ?? header ?? null;
}

function readHeaderClaim(target: Target, authorization: string): SignatureClaim {
  if (!authorization.startsWith('AWS4-')) {
    throw new Refusal('InvalidArgument', 'Unsupported Authorization Type');
  }
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const [, credential, signedHeaders, signature] = match ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw malformed('The authorization header is malformed.');
  }
  const time = target.headers['x-amz-date'] ?? '';
  return {
    scope: readScope(credential, time),
    signedHeaders: signedHeaders.split(';'),
    signature,
    time,
    token: target.headers['x-amz-security-token'] ?? null,
    payloadHash: target.headers['x-amz-content-sha256'] ?? null,
    expiresSeconds: null,
  };
}

function readQueryClaim(target: Target): SignatureClaim {
  const value = (name: string): string => {
    const text = queryValue(target, name);
    if (text !== null && text !== '') return text;
    throw malformedQuery('Query-string authentication requires all of its X-Amz parameters.');
  };
  if (value('X-Amz-Algorithm') !== ALGORITHM) throw malformedQuery('X-Amz-Algorithm is unknown.');
  const expires = value('X-Amz-Expires');
  if (!/^\d{1,9}$/.test(expires) || Number(expires) > EXPIRES_MAX_SECONDS) {
    throw malformedQuery('X-Amz-Expires must be a number of seconds of at most a week.');
  }
  const time = value('X-Amz-Date');
  return {
    scope: readScope(value('X-Amz-Credential'), time),
    signedHeaders: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    time,
    token: queryValue(target, 'X-Amz-Security-Token'),
    payloadHash: queryValue(target, 'X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD',
    expiresSeconds: Number(expires),
  };
}

function readScope(credential: string, time: string): SignedScope {
  const [accessKeyId, day, region, service, end, ...rest] = credential.split('/');
  const complete = accessKeyId && day && region && service && end === 'aws4_request';
  if (!complete || rest.length > 0) throw malformed('The Credential is mal-formed.');
  if (day !== time.slice(0, 8))
    throw malformed('Invalid credential date: it is not the request’s.');
  return { accessKeyId, day, region, service };
}

function malformed(message: string): Refusal {
  return new Refusal('AuthorizationHeaderMalformed', message);
}

function malformedQuery(message: string): Refusal {
  return new Refusal('AuthorizationQueryParametersError', message);
}
