import type { IncomingMessage } from 'node:http';

import { receiveBody } from '../body/body.js';
import { planBody } from '../body/body-plan.js';
import { OWNER_ACCOUNT } from '../access/accounts.js';
import type { Answer, Exchange, World } from '../exchange.js';
import { type Operation, refuseUnknown } from '../operations/operations.js';
import { notImplemented, Refusal } from '../refusal.js';
import { attemptOf } from '../access/rights.js';
import { authenticate } from '../access/signature.js';
import type { Target } from './target.js';

const AUTHENTICATION_PARAMETERS: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-signedheaders',
  'x-amz-signature',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

/** A request for an operation, on its way in. */
export interface IncomingRequest {
  readonly message: IncomingMessage;
  readonly target: Target;
  /** Null when no operation looks like this. */
  readonly operation: Operation | null;
  readonly onProgress: (wireBytes: number) => void;
}

/** A proved request, ready to take effect. */
export interface ReadyRequest {
  readonly exchange: Exchange;
  /** Takes effect, now and as a whole. Throws a `Refusal` before any effect. */
  readonly effect: () => Answer;
}

/** Proves who asks, reads the body and proves that too. Rejects with a `Refusal`; nothing has any effect yet. */
export async function prepareRequest(
  world: World,
  incoming: IncomingRequest,
): Promise<ReadyRequest> {
  const { target, operation, message } = incoming;
  const authentication = authenticate(target, {
    accounts: world.accounts,
    regions: signingRegions(world, target),
    service: 's3',
    now: world.behaviour.now(),
  });
  const headers = authentication.presigned ? withHoisted(target) : target.headers;
  if (operation === null) throw notImplemented(`${target.method} with these parameters`);
  refuseUnknown(operation, target, headers);
  refuseElsewhere(world, target);
  const { payloadHash, presigned, principal, signing } = authentication;
  const checksums = operation.bodyChecksums;
  const plan = planBody({ headers, payloadHash, presigned, checksums });
  const body = await receiveBody(message, { plan, signing, onProgress: incoming.onProgress });
  const exchange = asUnderstood({ world, target, headers, principal, body });
  const effect = (): Answer => {
    refuseOtherOwner(exchange);
    if (operation.action !== null) {
      world.permissions.require(attemptOf(exchange, operation.action));
    }
    return operation.handle(exchange);
  };
  return { exchange, effect };
}

const CHECKSUM_HEADER = /^x-amz-(checksum-|sdk-checksum-)/;

/** What an older service takes from a request: it has checked the body, and forgets by what. */
function asUnderstood(exchange: Exchange): Exchange {
  if (exchange.world.behaviour.checksums === 'supported') return exchange;
  const headers = Object.entries(exchange.headers).filter(([name]) => !CHECKSUM_HEADER.test(name));
  return {
    ...exchange,
    headers: Object.fromEntries(headers),
    body: { ...exchange.body, checksum: null },
  };
}

/** The bucket's own region comes first: it is what a wrong signature is told. */
function signingRegions(world: World, target: Target): readonly string[] {
  const elsewhere = world.buckets.get(target.bucket ?? '')?.settings.region;
  const { region } = world.behaviour;
  return elsewhere === undefined ? [region] : [elsewhere, region];
}

function refuseElsewhere(world: World, target: Target): void {
  const bucket = world.buckets.get(target.bucket ?? '');
  const region = bucket?.settings.region ?? world.behaviour.region;
  if (bucket === undefined || region === world.behaviour.region) return;
  throw new Refusal(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. ' +
      'Please send all future requests to this endpoint.',
    {
      headers: { 'x-amz-bucket-region': region },
      fields: { Endpoint: `s3.${region}.amazonaws.com`, Bucket: bucket.name },
    },
  );
}

function refuseOtherOwner(exchange: Exchange): void {
  const expected = exchange.headers['x-amz-expected-bucket-owner'];
  const bucket = exchange.world.buckets.get(exchange.target.bucket ?? '');
  if (expected === undefined || bucket === undefined) return;
  if (expected === (bucket.settings.owner ?? OWNER_ACCOUNT)) return;
  throw new Refusal('AccessDenied', 'Access Denied');
}

/** A presigned request has headers of AWS in its query; they count as if they were headers. */
function withHoisted(target: Target): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { ...target.headers };
  for (const [name, value] of target.query) {
    const lower = name.toLowerCase();
    if (lower.startsWith('x-amz-') && !AUTHENTICATION_PARAMETERS.has(lower)) headers[lower] = value;
  }
  return headers;
}
