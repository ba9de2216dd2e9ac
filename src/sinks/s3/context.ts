import type { LimitFunction } from 'p-limit';

import type { S3Connection } from '../../aws/connection.js';
import { checkObjectKey } from '../../util/object-key.js';
import type { S3Checksum } from '../../aws/checksum.js';
import type { ObjectSettings } from './object-options.js';

/** What all operations of one sink share. */
export interface SinkContext {
  readonly connection: S3Connection;
  readonly objects: ObjectSettings;
  readonly checksum: S3Checksum;
  /** Smallest part, in bytes. */
  readonly partBytes: number;
  /** Parts under way at a time, over all objects of the sink. */
  readonly parts: LimitFunction;
}

/** Where an object is, as every request about it says. */
export interface ObjectInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
  readonly Key: string;
}

/**
 * The place of a key in the bucket.
 * @throws SinkError `KEY_INVALID`
 */
export function objectInput({ connection }: SinkContext, key: string): ObjectInput {
  checkObjectKey(key);
  return { ...connection.input, Key: connection.bucket.prefix + key };
}
