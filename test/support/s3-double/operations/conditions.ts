import type { BucketState, StoredVersion } from '../bucket-state.js';
import type { Behaviour, Exchange } from '../exchange.js';
import { notImplemented, Refusal } from '../refusal.js';

/** Refuses a write whose If-Match or If-None-Match does not hold for the key now. */
export function checkWriteConditions(exchange: Exchange, bucket: BucketState): void {
  const { headers, target } = exchange;
  const { behaviour } = exchange.world;
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  if (behaviour.conditionalWrites === 'ignored') return;
  if (behaviour.conditionalWrites === 'not-implemented') throw conditionNotImplemented();
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw conditionNotImplemented();
  const current = bucket.current(target.key ?? '');
  if (ifNoneMatch !== undefined) return checkAbsent(ifNoneMatch, current);
  if (ifMatch === '*') throw conditionNotImplemented();
  if (current === null) throw new Refusal('NoSuchKey', 'The specified key does not exist.');
  if (!matchesEtag(ifMatch ?? '', current, behaviour)) throw preconditionFailed('If-Match');
}

/** Refuses a deletion whose If-Match does not hold. A missing key is deleted already. */
export function checkDeleteCondition(exchange: Exchange, current: StoredVersion | null): void {
  const ifMatch = exchange.headers['if-match'];
  if (ifMatch === undefined) return;
  if (current === null || ifMatch === '*') return;
  if (matchesEtag(ifMatch, current, exchange.world.behaviour)) return;
  throw preconditionFailed('If-Match');
}

/** Whether a reader has the object already. Refuses a reader who wants another one. */
export function isNotModified(exchange: Exchange, object: StoredVersion): boolean {
  const { headers } = exchange;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !matchesAny(ifMatch, object)) throw preconditionFailed('If-Match');
  const ifNoneMatch = headers['if-none-match'];
  return ifNoneMatch !== undefined && matchesAny(ifNoneMatch, object);
}

function checkAbsent(ifNoneMatch: string, current: StoredVersion | null): void {
  if (ifNoneMatch !== '*') throw conditionNotImplemented();
  if (current !== null) throw preconditionFailed('If-None-Match');
}

function matchesEtag(claimed: string, object: StoredVersion, behaviour: Behaviour): boolean {
  if (behaviour.etags === 'unquoted-if-match') return claimed === object.etag;
  return unquote(claimed) === object.etag;
}

function matchesAny(list: string, object: StoredVersion): boolean {
  return list
    .split(',')
    .map((each) => unquote(each.trim()))
    .some((each) => each === '*' || each === object.etag);
}

/** An ETag without its quotes. */
export function unquote(etag: string): string {
  return /^"(.*)"$/.exec(etag)?.[1] ?? etag;
}

function preconditionFailed(condition: string): Refusal {
  return new Refusal(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { fields: { Condition: condition } },
  );
}

function conditionNotImplemented(): Refusal {
  return notImplemented('the functionality that a condition of the request implies');
}
