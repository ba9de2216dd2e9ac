import type { S3Checksum } from '../../aws/checksum.js';
import type { S3Connection } from '../../aws/connection.js';
import type { EncryptionInput } from '../../aws/encryption.js';

/** What all operations of one store share. */
export interface StoreContext {
  readonly connection: S3Connection;
  readonly checksum: S3Checksum;
  readonly encryption: EncryptionInput;
}

/** Where an object is, as every request about it says. */
export interface ObjectInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
  readonly Key: string;
}

const SUFFIX = '.json';

/** Name of a document's object below the store's prefix. */
export function documentName(key: string): string {
  return key + SUFFIX;
}

/** The key of the document whose object has this name, or `null` when the name is no document's. */
export function keyOfName(name: string): string | null {
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : null;
}

/** The place of a name in the bucket. */
export function objectInput({ connection }: StoreContext, name: string): ObjectInput {
  return { ...connection.input, Key: connection.bucket.prefix + name };
}
