import type { Accounts, Principal } from './accounts.js';
import {
  expectedSignature,
  scopeText,
  type SignedScope,
  signingKeyOf,
} from './canonical-request.js';
import { readClaim, type SignatureClaim } from './signature-claim.js';
import { Refusal } from '../refusal.js';
import type { Target } from '../server/target.js';

const SKEW_MAX_MS = 15 * 60_000;

/** What the chunks of a streamed body are signed with. */
export interface ChunkSigning {
  readonly signingKey: Buffer;
  readonly time: string;
  readonly scope: string;
  /** Signature of the headers: the first link of the chain. */
  readonly seed: string;
}

/** A request whose headers were proved to come from that principal. */
export interface Authentication {
  readonly principal: Principal;
  readonly presigned: boolean;
  /** As signed: a hex digest or one of the constants of S3. */
  readonly payloadHash: string;
  readonly signing: ChunkSigning;
}

/** What a signature is checked against. */
export interface SignatureContext {
  readonly accounts: Accounts;
  /** Regions that may be named; the first is what a wrong one is told. */
  readonly regions: readonly string[];
  readonly service: 's3' | 'sts';
  readonly now: Date;
  /** Digest of the body, for services whose requests do not carry one. */
  readonly bodyHash?: string;
}

/** Verifies a version 4 signature in the headers or in the query. Throws a `Refusal`. */
export function authenticate(target: Target, context: SignatureContext): Authentication {
  const claim = readClaim(target);
  checkScope(claim.scope, context);
  const { accessKeyId } = claim.scope;
  const principal = context.accounts.identify({
    accessKeyId,
    token: claim.token,
    now: context.now,
  });
  checkTime(claim, context.now);
  checkSignedHeaders(target, claim);
  const payloadHash = claim.payloadHash ?? context.bodyHash;
  if (payloadHash === undefined) {
    throw new Refusal(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  const signingKey = signingKeyOf(principal.secretAccessKey, claim.scope);
  const expected = expectedSignature({ target, ...claim, payloadHash }, signingKey);
  if (expected !== claim.signature) throw signatureDoesNotMatch();
  const scope = scopeText(claim.scope);
  const signing = { signingKey, time: claim.time, scope, seed: claim.signature };
  return { principal, presigned: claim.expiresSeconds !== null, payloadHash, signing };
}

export function signatureDoesNotMatch(): Refusal {
  return new Refusal(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. ' +
      'Check your key and signing method.',
  );
}

function checkScope(scope: SignedScope, context: SignatureContext): void {
  if (!context.regions.includes(scope.region)) {
    const region = context.regions[0] ?? '';
    throw new Refusal(
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region '${scope.region}' is wrong; ` +
        `expecting '${region}'`,
      { headers: { 'x-amz-bucket-region': region }, fields: { Region: region } },
    );
  }
  if (scope.service === context.service) return;
  throw new Refusal(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; incorrect service "${scope.service}". ` +
      `This endpoint belongs to "${context.service}".`,
  );
}

function checkTime(claim: SignatureClaim, now: Date): void {
  const signed = readTime(claim.time);
  if (claim.expiresSeconds === null) return checkSkew(signed, now);
  if (signed - now.getTime() > SKEW_MAX_MS) {
    throw new Refusal('AccessDenied', 'Request is not yet valid');
  }
  const expires = new Date(signed + claim.expiresSeconds * 1000);
  if (now <= expires) return;
  throw new Refusal('AccessDenied', 'Request has expired', {
    fields: { Expires: expires.toISOString(), ServerTime: now.toISOString() },
  });
}

function checkSkew(signed: number, now: Date): void {
  if (Math.abs(signed - now.getTime()) <= SKEW_MAX_MS) return;
  throw new Refusal(
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      fields: {
        RequestTime: new Date(signed).toISOString(),
        ServerTime: now.toISOString(),
        MaxAllowedSkewMilliseconds: String(SKEW_MAX_MS),
      },
    },
  );
}

function readTime(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) {
    throw new Refusal('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date');
  }
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function checkSignedHeaders(target: Target, claim: SignatureClaim): void {
  const signed = new Set(claim.signedHeaders);
  const unsigned = Object.keys(target.headers).filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (unsigned.length === 0) return;
  throw new Refusal(
    'AccessDenied',
    'There were headers present in the request which were not signed',
    { fields: { HeadersNotSigned: unsigned.join(', ') } },
  );
}
