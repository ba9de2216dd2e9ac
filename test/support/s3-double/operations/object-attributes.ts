import type { BucketState, ObjectAttributes } from '../bucket-state.js';
import { keyArn } from '../access/permissions.js';
import { notImplemented, Refusal } from '../refusal.js';
import type { ObjectEncryption } from '../types.js';

type Headers = Readonly<Record<string, string>>;

const METADATA_PREFIX = 'x-amz-meta-';
const METADATA_BYTES_MAX = 2048;
const TAGS_MAX = 10;
const TAG_KEY_MAX = 128;
const TAG_VALUE_MAX = 256;
const OWNER_ACL = 'bucket-owner-full-control';

const STANDARD_HEADERS = ['cache-control', 'content-disposition', 'content-language', 'expires'];
const STORAGE_CLASSES: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'GLACIER_IR',
  'DEEP_ARCHIVE',
]);
const ACLS: ReadonlySet<string> = new Set([
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  OWNER_ACL,
]);

/** What an object has when nobody says anything. */
export const PLAIN_ATTRIBUTES: ObjectAttributes = {
  contentType: 'binary/octet-stream',
  standardHeaders: {},
  metadata: {},
  storageClass: 'STANDARD',
  tags: {},
  acl: null,
  encryption: { algorithm: 'AES256', keyId: null },
};

/** Reads what a new object shall be like. Refuses what the bucket does not take. */
export function readAttributes(headers: Headers, bucket: BucketState): ObjectAttributes {
  return {
    contentType: headers['content-type'] ?? PLAIN_ATTRIBUTES.contentType,
    standardHeaders: readStandardHeaders(headers),
    metadata: readMetadata(headers),
    storageClass: readStorageClass(headers),
    tags: readTags(headers['x-amz-tagging']),
    acl: readAcl(headers['x-amz-acl'], bucket),
    encryption: readEncryption(headers, bucket),
  };
}

/** Headers that tell how an object is encrypted. */
export function encryptionHeaders(encryption: ObjectEncryption): Record<string, string> {
  const { algorithm, keyId } = encryption;
  const headers: Record<string, string> = { 'x-amz-server-side-encryption': algorithm };
  if (algorithm === 'aws:kms') {
    headers['x-amz-server-side-encryption-aws-kms-key-id'] = keyArn(keyId ?? 'aws/s3');
  }
  return headers;
}

/** Headers that give an object's attributes back. */
export function attributeHeaders(attributes: ObjectAttributes): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': attributes.contentType,
    ...attributes.standardHeaders,
    ...encryptionHeaders(attributes.encryption),
  };
  for (const [name, value] of Object.entries(attributes.metadata)) {
    headers[METADATA_PREFIX + name] = value;
  }
  if (attributes.storageClass !== 'STANDARD') {
    headers['x-amz-storage-class'] = attributes.storageClass;
  }
  const tags = Object.keys(attributes.tags).length;
  if (tags > 0) headers['x-amz-tagging-count'] = String(tags);
  return headers;
}

function readStandardHeaders(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of STANDARD_HEADERS) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  // aws-chunked is how the body travelled, not what the object is.
  const encodings = (headers['content-encoding'] ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  if (encodings.length > 0) kept['content-encoding'] = encodings.join(',');
  return kept;
}

function readMetadata(headers: Headers): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const short = name.slice(METADATA_PREFIX.length);
    metadata[short] = value;
    bytes += Buffer.byteLength(short) + Buffer.byteLength(value);
  }
  if (bytes <= METADATA_BYTES_MAX) return metadata;
  throw new Refusal(
    'MetadataTooLarge',
    'Your metadata headers exceed the maximum allowed metadata size',
    { fields: { Size: String(bytes), MaxSizeAllowed: String(METADATA_BYTES_MAX) } },
  );
}

function readStorageClass(headers: Headers): string {
  const storageClass = headers['x-amz-storage-class'] ?? 'STANDARD';
  if (STORAGE_CLASSES.has(storageClass)) return storageClass;
  throw new Refusal('InvalidStorageClass', 'The storage class you specified is not valid', {
    fields: { StorageClassRequested: storageClass },
  });
}

function readTags(text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  const pairs = [...new URLSearchParams(text)];
  const tags = Object.fromEntries(pairs);
  const isLegal = pairs.every(
    ([name, value]) => name !== '' && name.length <= TAG_KEY_MAX && value.length <= TAG_VALUE_MAX,
  );
  if (isLegal && pairs.length === Object.keys(tags).length && pairs.length <= TAGS_MAX) {
    return tags;
  }
  throw new Refusal(
    'InvalidTag',
    "The header 'x-amz-tagging' must hold at most 10 tags with names of their own, each within its length.",
  );
}

function readAcl(acl: string | undefined, bucket: BucketState): string | null {
  if (acl === undefined) return null;
  if (!ACLS.has(acl)) {
    throw new Refusal('InvalidArgument', 'The canned ACL is not known.', {
      fields: { ArgumentName: 'x-amz-acl', ArgumentValue: acl },
    });
  }
  if (acl === OWNER_ACL || bucket.settings.acls === true) return acl;
  throw new Refusal('AccessControlListNotSupported', 'The bucket does not allow ACLs');
}

function readEncryption(headers: Headers, bucket: BucketState): ObjectEncryption {
  const algorithm = headers['x-amz-server-side-encryption'];
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'] ?? null;
  const bucketKey = headers['x-amz-server-side-encryption-bucket-key-enabled'] ?? 'false';
  if (bucketKey !== 'true' && bucketKey !== 'false')
    throw new Refusal('InvalidArgument', 'The bucket key header is neither true nor false');
  const required = bucket.settings.requiredEncryption;
  if (required !== undefined && algorithm !== required) {
    throw new Refusal('AccessDenied', 'Access Denied by an explicit deny in the bucket policy');
  }
  if (algorithm === 'aws:kms') return { algorithm, keyId };
  if (keyId !== null) {
    throw new Refusal(
      'InvalidArgument',
      'Server Side Encryption with AWS KMS managed key requires HTTP header ' +
        'x-amz-server-side-encryption : aws:kms',
    );
  }
  if (algorithm === undefined || algorithm === 'AES256') return PLAIN_ATTRIBUTES.encryption;
  if (algorithm === 'aws:kms:dsse') throw notImplemented(algorithm);
  throw new Refusal('InvalidArgument', 'The encryption method specified is not supported', {
    fields: { ArgumentName: 'x-amz-server-side-encryption', ArgumentValue: algorithm },
  });
}
