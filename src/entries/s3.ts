export { assumeRole } from '../s3/assume-role.js';
export type { AssumeRoleOptions } from '../s3/assume-role-options.js';
export type { AwsCredentialProvider, AwsCredentials } from '../s3/aws-credentials.js';
export { exportExternalId, type ExportExternalIdOptions } from '../s3/external-id.js';
export {
  iamPolicy,
  type CursorStorePolicyOptions,
  type IamPolicyOptions,
  type PolicyEncryption,
} from '../s3/iam-policy.js';
export type {
  AwsPartition,
  PolicyCondition,
  PolicyDocument,
  PolicyPrincipal,
  PolicyStatement,
  TrustStatement,
} from '../s3/policy-document.js';
export { trustPolicy, type TrustPolicyOptions } from '../s3/trust-policy.js';
