import type { Accounts, Principal } from './access/accounts.js';
import type { Body } from './body/body.js';
import type { BucketState } from './bucket-state.js';
import type { Permissions } from './access/permissions.js';
import { notImplemented, Refusal } from './refusal.js';
import { queryValue, type Target } from './server/target.js';
import type { S3DoubleOptions } from './types.js';

/** Options with their defaults. */
export type Behaviour = Required<
  Pick<
    S3DoubleOptions,
    | 'region'
    | 'now'
    | 'minPartBytes'
    | 'equalParts'
    | 'conditionalWrites'
    | 'checksums'
    | 'hideMissing'
    | 'etags'
    | 'repeatedComplete'
  >
>;

/** Everything that the server knows. */
export interface World {
  readonly behaviour: Behaviour;
  readonly accounts: Accounts;
  readonly permissions: Permissions;
  readonly buckets: Map<string, BucketState>;
}

/** A proved request whose body arrived whole. */
export interface Exchange {
  readonly world: World;
  readonly target: Target;
  /** The request's headers, and what a presigned query says in their place. */
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Principal;
  readonly body: Body;
}

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | readonly Buffer[];
}

/** Does what one operation does, at once and as a whole. Throws a `Refusal` before any effect. */
export type Handler = (exchange: Exchange) => Answer;

export function xmlAnswer(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

export function emptyAnswer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, headers, body: '' };
}

/** A query parameter, or null. */
export function parameter(exchange: Exchange, name: string): string | null {
  return queryValue(exchange.target, name);
}

/** A query parameter that is a whole number, at most `most`. */
export function countParameter(exchange: Exchange, name: string, most: number): number {
  const text = parameter(exchange, name);
  if (text === null) return most;
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31) return Math.min(most, Number(text));
  throw new Refusal('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
    fields: { ArgumentName: name, ArgumentValue: text },
  });
}

/** Whether keys are to be percent-encoded in the answer. */
export function wantsUrlEncoding(exchange: Exchange): boolean {
  const encoding = parameter(exchange, 'encoding-type');
  if (encoding === null || encoding === 'url') return encoding === 'url';
  throw new Refusal('InvalidArgument', 'Invalid Encoding Method specified in Request', {
    fields: { ArgumentName: 'encoding-type', ArgumentValue: encoding },
  });
}

/** The bucket of the request, which must be here and belong to whom the client expects. */
export function bucketOf(exchange: Exchange): BucketState {
  const { world, target } = exchange;
  const bucket = world.buckets.get(target.bucket ?? '');
  if (bucket === undefined) {
    throw new Refusal('NoSuchBucket', 'The specified bucket does not exist', {
      fields: { BucketName: target.bucket ?? '' },
    });
  }
  return bucket;
}

/** The key of a request about an object. */
export function keyOf(exchange: Exchange): string {
  const { key } = exchange.target;
  if (key === null) throw notImplemented('an object without a key');
  return key;
}

/** Instant of this request on the server's clock. */
export function timeOf(exchange: Exchange): Date {
  return exchange.world.behaviour.now();
}
