import { createBucket, deleteBucket, headBucket, putBucketVersioning } from './buckets.js';
import { completeUpload } from './complete-upload.js';
import { deleteObject, deleteObjects } from './delete-objects.js';
import type { Handler } from '../exchange.js';
import { listObjects, listVersions } from './list-objects.js';
import { listParts, listUploads } from './list-uploads.js';
import { abortUpload, createUpload, uploadPart } from './multipart.js';
import { putObject } from './objects.js';
import { getObject, getObjectTagging, headObject } from './read-objects.js';
import { notImplemented } from '../refusal.js';
import type { Target } from '../server/target.js';

/** One operation of S3: how a request for it looks, and what it does. */
export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly scope: 'bucket' | 'object';
  /** Query parameters that make a request this operation. */
  readonly marks: readonly string[];
  /** Query parameters that it also takes. */
  readonly query: readonly string[];
  /** Headers of AWS that it takes; one that ends in `-` stands for all that begin so. */
  readonly headers: readonly string[];
  /** The IAM action that is needed at all; null when the handler asks for more exact ones. */
  readonly action: string | null;
  /** Whether x-amz-checksum-* is about the body. */
  readonly bodyChecksums: boolean;
  readonly handle: Handler;
}

const COMMON_HEADERS = [
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-user-agent',
  'x-amz-expected-bucket-owner',
];
const COMMON_QUERY = [
  'x-id',
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'X-Amz-Content-Sha256',
];
const BODY_HEADERS = [
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
];
const ATTRIBUTE_HEADERS = [
  'x-amz-meta-',
  'x-amz-storage-class',
  'x-amz-tagging',
  'x-amz-acl',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
];
const CHECKSUM_KIND_HEADERS = ['x-amz-checksum-algorithm', 'x-amz-checksum-type'];
const CONDITIONS = ['if-match', 'if-none-match'];
/** Headers of HTTP that change what a request does, where an operation takes them. */
const HTTP_HEADERS: ReadonlySet<string> = new Set([
  ...CONDITIONS,
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
]);

type Shape = Pick<Operation, 'name' | 'handle'> & Partial<Operation>;

function operation(method: string, scope: Operation['scope'], shape: Shape): Operation {
  const defaults = { marks: [], query: [], headers: [], action: null, bodyChecksums: true };
  return { ...defaults, method, scope, ...shape };
}

const OPERATIONS: readonly Operation[] = [
  operation('HEAD', 'bucket', { name: 'HeadBucket', action: 's3:ListBucket', handle: headBucket }),
  operation('PUT', 'bucket', {
    name: 'CreateBucket',
    action: 's3:CreateBucket',
    headers: [...BODY_HEADERS, 'x-amz-bucket-object-lock-enabled'],
    handle: createBucket,
  }),
  operation('PUT', 'bucket', {
    name: 'PutBucketVersioning',
    marks: ['versioning'],
    action: 's3:PutBucketVersioning',
    headers: BODY_HEADERS,
    handle: putBucketVersioning,
  }),
  operation('DELETE', 'bucket', {
    name: 'DeleteBucket',
    action: 's3:DeleteBucket',
    handle: deleteBucket,
  }),
  operation('GET', 'bucket', {
    name: 'ListObjectsV2',
    marks: ['list-type'],
    query: [
      'prefix',
      'delimiter',
      'start-after',
      'continuation-token',
      'max-keys',
      'encoding-type',
    ],
    handle: listObjects,
  }),
  operation('GET', 'bucket', {
    name: 'ListObjectVersions',
    marks: ['versions'],
    query: ['prefix', 'key-marker', 'max-keys', 'encoding-type'],
    action: 's3:ListBucketVersions',
    handle: listVersions,
  }),
  operation('GET', 'bucket', {
    name: 'ListMultipartUploads',
    marks: ['uploads'],
    query: ['prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
    handle: listUploads,
  }),
  operation('POST', 'bucket', {
    name: 'DeleteObjects',
    marks: ['delete'],
    headers: BODY_HEADERS,
    handle: deleteObjects,
  }),
  operation('PUT', 'object', {
    name: 'PutObject',
    headers: [...BODY_HEADERS, ...ATTRIBUTE_HEADERS, ...CONDITIONS],
    action: 's3:PutObject',
    handle: putObject,
  }),
  operation('GET', 'object', {
    name: 'GetObject',
    query: ['versionId'],
    headers: ['x-amz-checksum-mode', ...CONDITIONS],
    action: 's3:GetObject',
    handle: getObject,
  }),
  operation('HEAD', 'object', {
    name: 'HeadObject',
    query: ['versionId'],
    headers: ['x-amz-checksum-mode', ...CONDITIONS],
    action: 's3:GetObject',
    handle: headObject,
  }),
  operation('DELETE', 'object', {
    name: 'DeleteObject',
    query: ['versionId'],
    headers: ['if-match'],
    handle: deleteObject,
  }),
  operation('GET', 'object', {
    name: 'GetObjectTagging',
    marks: ['tagging'],
    query: ['versionId'],
    action: 's3:GetObjectTagging',
    handle: getObjectTagging,
  }),
  operation('POST', 'object', {
    name: 'CreateMultipartUpload',
    marks: ['uploads'],
    headers: [...ATTRIBUTE_HEADERS, ...CHECKSUM_KIND_HEADERS],
    action: 's3:PutObject',
    bodyChecksums: false,
    handle: createUpload,
  }),
  operation('PUT', 'object', {
    name: 'UploadPart',
    marks: ['partNumber', 'uploadId'],
    headers: BODY_HEADERS,
    action: 's3:PutObject',
    handle: uploadPart,
  }),
  operation('GET', 'object', {
    name: 'ListParts',
    marks: ['uploadId'],
    query: ['part-number-marker', 'max-parts'],
    action: 's3:ListMultipartUploadParts',
    handle: listParts,
  }),
  operation('POST', 'object', {
    name: 'CompleteMultipartUpload',
    marks: ['uploadId'],
    headers: [...BODY_HEADERS, 'x-amz-checksum-type', ...CONDITIONS],
    action: 's3:PutObject',
    bodyChecksums: false,
    handle: completeUpload,
  }),
  operation('DELETE', 'object', {
    name: 'AbortMultipartUpload',
    marks: ['uploadId'],
    action: 's3:AbortMultipartUpload',
    handle: abortUpload,
  }),
];

/** The operation that a request asks for, or null. */
export function findOperation(target: Target): Operation | null {
  const scope = target.key === null ? 'bucket' : 'object';
  const names = new Set(target.query.map(([name]) => name));
  const matching = OPERATIONS.filter(
    (each) =>
      each.method === target.method &&
      each.scope === scope &&
      each.marks.every((mark) => names.has(mark)),
  );
  const [best] = matching.sort((left, right) => right.marks.length - left.marks.length);
  return target.bucket === null ? null : (best ?? null);
}

/** Refuses what the operation would have to do something about and does not know. */
export function refuseUnknown(
  operation: Operation,
  target: Target,
  headers: Readonly<Record<string, string>>,
): void {
  const known = new Set([...COMMON_QUERY, ...operation.marks, ...operation.query]);
  for (const [name] of target.query) {
    const isHeader = name.toLowerCase() in headers && name.toLowerCase().startsWith('x-amz-');
    if (!known.has(name) && !isHeader) {
      throw notImplemented(`the parameter ${name} of ${operation.name}`);
    }
  }
  for (const name of Object.keys(headers)) {
    if (isBehaviour(name) && !takes(operation, name)) {
      throw notImplemented(`the header ${name} of ${operation.name}`);
    }
  }
}

function isBehaviour(name: string): boolean {
  return name.startsWith('x-amz-') || HTTP_HEADERS.has(name);
}

function takes(operation: Operation, name: string): boolean {
  return [...COMMON_HEADERS, ...operation.headers].some((each) =>
    each.endsWith('-') ? name.startsWith(each) : name === each,
  );
}
