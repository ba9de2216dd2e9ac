export { assumeRole } from '../aws/assume-role.js';
export type { AssumeRoleOptions } from '../aws/assume-role-options.js';
export type { AwsCredentialProvider, AwsCredentials } from '../aws/aws-credentials.js';
export { exportExternalId, type ExportExternalIdOptions } from '../aws/external-id.js';
export {
  iamPolicy,
  type CursorStorePolicyOptions,
  type IamPolicyOptions,
  type PolicyEncryption,
} from '../aws/iam-policy.js';
export type {
  AwsPartition,
  PolicyCondition,
  PolicyDocument,
  PolicyPrincipal,
  PolicyStatement,
  TrustStatement,
} from '../aws/policy-document.js';
export { trustPolicy, type TrustPolicyOptions } from '../aws/trust-policy.js';
export type { S3BucketOptions } from '../aws/bucket-options.js';
export type { S3Checksum } from '../aws/checksum.js';
export type { S3Encryption } from '../aws/encryption.js';
export type { S3ObjectOptions } from '../sinks/s3/object-options.js';
export { s3Upload, type S3UploadOptions } from '../sinks/s3/s3-upload.js';
export { s3Sink, type S3SinkOptions } from '../sinks/s3/s3-sink.js';
export { s3CursorStore, type S3CursorStoreOptions } from '../stores/s3/s3-cursor-store.js';
