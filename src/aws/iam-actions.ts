/** An operation of S3 by the name that AWS gives it. */
export type S3Operation =
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts'
  | 'ListMultipartUploads'
  | 'PutObject'
  | 'GetObject'
  | 'HeadObject'
  | 'ListObjectsV2'
  | 'DeleteObject';

/**
 * The IAM actions that each operation needs. Reading an object that is not there needs `s3:ListBucket` too:
 * without it S3 answers 403, which could mean anything, and not 404.
 */
export const IAM_ACTIONS: Readonly<Record<S3Operation, readonly string[]>> = Object.freeze({
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  ListParts: ['s3:ListMultipartUploadParts'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  PutObject: ['s3:PutObject'],
  GetObject: ['s3:GetObject', 's3:ListBucket'],
  HeadObject: ['s3:GetObject', 's3:ListBucket'],
  ListObjectsV2: ['s3:ListBucket'],
  DeleteObject: ['s3:DeleteObject'],
});

/** What objects under a KMS key need of the key: the first to write, both to complete an upload, the second to read. */
export const KMS_ACTIONS: readonly string[] = Object.freeze(['kms:GenerateDataKey', 'kms:Decrypt']);

/** Actions that are allowed on a bucket; all others of {@link IAM_ACTIONS} are on its objects. */
const BUCKET_ACTIONS: readonly string[] = ['s3:ListBucket', 's3:ListBucketMultipartUploads'];

/** The actions on objects that the operations need, each once, in the order of the operations. */
export function objectActions(operations: readonly S3Operation[]): readonly string[] {
  const actions = new Set(operations.flatMap((operation) => IAM_ACTIONS[operation]));
  return [...actions].filter((action) => !BUCKET_ACTIONS.includes(action));
}
