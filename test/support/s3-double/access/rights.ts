import type { ObjectAttributes } from '../bucket-state.js';
import type { Exchange } from '../exchange.js';
import type { Attempt } from './permissions.js';

/** This request's principal trying that action on the request's bucket and key. */
export function attemptOf(exchange: Exchange, action: string): Attempt {
  const { principal, target } = exchange;
  return { principal, action, bucket: target.bucket, key: target.key };
}

/** Tags and ACLs need rights of their own. */
export function requireAttributeRights(exchange: Exchange, attributes: ObjectAttributes): void {
  const { permissions } = exchange.world;
  if (Object.keys(attributes.tags).length > 0) {
    permissions.require(attemptOf(exchange, 's3:PutObjectTagging'));
  }
  if (attributes.acl !== null) permissions.require(attemptOf(exchange, 's3:PutObjectAcl'));
}
