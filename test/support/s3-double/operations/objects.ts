import { createHash, randomBytes } from 'node:crypto';

import { type BucketState, newId, type StoredVersion } from '../bucket-state.js';
import { checkWriteConditions } from './conditions.js';
import { type Answer, bucketOf, emptyAnswer, type Exchange, keyOf, timeOf } from '../exchange.js';
import { attemptOf, requireAttributeRights } from '../access/rights.js';
import { encryptionHeaders, PLAIN_ATTRIBUTES, readAttributes } from './object-attributes.js';
import { Refusal } from '../refusal.js';
import type { Body } from '../body/body.js';
import type { ObjectChecksum, ObjectEncryption } from '../types.js';

/** PutObject. */
export function putObject(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange);
  const attributes = readAttributes(exchange.headers, bucket);
  requireAttributeRights(exchange, attributes);
  exchange.world.permissions.requireKey(
    attemptOf(exchange, 'kms:GenerateDataKey'),
    attributes.encryption,
  );
  requireBodyDigest(exchange.body, bucket, 'Object');
  requireRoom(bucket, exchange.body.size);
  checkWriteConditions(exchange, bucket);
  const { body } = exchange;
  const version = bucket.add({
    key: keyOf(exchange),
    isMarker: false,
    chunks: body.chunks,
    size: body.size,
    etag: etagOf(body.md5, attributes.encryption),
    lastModified: timeOf(exchange),
    attributes,
    checksum: body.checksum === null ? null : { ...body.checksum, type: 'FULL_OBJECT' },
  });
  return emptyAnswer(200, {
    etag: `"${version.etag}"`,
    ...encryptionHeaders(attributes.encryption),
    ...checksumHeaders(version.checksum),
    ...versionHeaders(bucket, version),
  });
}

/** An object that a test puts behind the server's back. */
export function plantObject(bucket: BucketState, planted: PlantedObject): void {
  const md5 = createHash('md5').update(planted.bytes).digest();
  bucket.add({
    key: planted.key,
    isMarker: false,
    chunks: [planted.bytes],
    size: planted.bytes.length,
    etag: md5.toString('hex'),
    lastModified: planted.at,
    attributes: PLAIN_ATTRIBUTES,
    checksum: null,
  });
}

export interface PlantedObject {
  readonly key: string;
  readonly bytes: Buffer;
  readonly at: Date;
}

/** The MD5, but for objects under KMS something new each time. */
export function etagOf(md5: Buffer, encryption: ObjectEncryption): string {
  return (encryption.algorithm === 'aws:kms' ? randomBytes(16) : md5).toString('hex');
}

/** Refuses a body without a digest where the bucket locks objects. */
export function requireBodyDigest(body: Body, bucket: BucketState, what: 'Object' | 'Part'): void {
  if (bucket.settings.objectLock !== true || body.hasContentMd5 || body.checksum !== null) return;
  throw new Refusal(
    'InvalidRequest',
    `Content-MD5 OR x-amz-checksum- HTTP header is required for Put ${what} requests with ` +
      'Object Lock parameters',
  );
}

/** Refuses bytes beyond the bucket's quota. */
export function requireRoom(bucket: BucketState, bytes: number): void {
  const { quotaBytes } = bucket.settings;
  if (quotaBytes === undefined || bucket.storedBytes() + bytes <= quotaBytes) return;
  throw new Refusal('QuotaExceeded', 'The quota of the bucket is exceeded.');
}

export function checksumHeaders(checksum: ObjectChecksum | null): Record<string, string> {
  if (checksum === null) return {};
  return {
    [`x-amz-checksum-${checksum.algorithm.toLowerCase()}`]: checksum.value,
    'x-amz-checksum-type': checksum.type,
  };
}

export function versionHeaders(
  bucket: BucketState,
  version: StoredVersion,
): Record<string, string> {
  return bucket.isVersioned ? { 'x-amz-version-id': version.versionId } : {};
}

/** A marker that hides a key. */
export function deletionMarker(key: string, at: Date): Omit<StoredVersion, 'versionId'> {
  return {
    key,
    isMarker: true,
    chunks: [],
    size: 0,
    etag: newId(),
    lastModified: at,
    attributes: PLAIN_ATTRIBUTES,
    checksum: null,
  };
}
