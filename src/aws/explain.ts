import type { FailureKind, S3Failure } from './failure.js';
import { IAM_ACTIONS, KMS_ACTIONS } from './iam-actions.js';

type Remedy = (failure: S3Failure, bucket: string) => string | undefined;

const NOBODY_THERE: readonly string[] = ['ENOTFOUND', 'ECONNREFUSED'];

const REMEDIES: Readonly<Partial<Record<FailureKind, Remedy>>> = {
  'access-denied': ({ operation }, bucket) =>
    `Allow ${IAM_ACTIONS[operation].join(' and ')} on the bucket "${bucket}" in the policy of these credentials, and see that neither a bucket policy nor a wrong \`expectedBucketOwner\` denies it; iamPolicy() gives the whole policy.`,
  'role-refused': (failure) => roleRemedy(failure),
  credentials: ({ code }) => credentialsRemedy(code),
  'key-management': () =>
    `Allow ${KMS_ACTIONS.join(' and ')} on the KMS key, in the policy of these credentials and in that of the key; see that the key exists in the region of the bucket and is enabled.`,
  'bucket-missing': (_, bucket) =>
    `Create the bucket "${bucket}", or correct \`bucket\`; the next run carries on.`,
  'wrong-region': ({ bucketRegion }) =>
    bucketRegion === undefined
      ? 'Set `clientConfig.region` to the region of the bucket.'
      : `Set \`clientConfig.region\` to '${bucketRegion}'.`,
  'clock-skew': () => 'Set the clock of this machine: it is more than 15 minutes off.',
  full: () => 'Raise the quota or free space; the next run carries on.',
  'checksum-required': () =>
    "Give `checksum: 'md5'`: this bucket wants a Content-MD5 with each object, as with Object Lock.",
  'not-implemented': () => 'This service lacks it; see the table of services in the guide to S3.',
  'not-s3': () =>
    'What answers there is no S3: correct `clientConfig.endpoint`, and see that no proxy answers in its place.',
  unavailable: ({ code }) =>
    NOBODY_THERE.includes(code)
      ? 'Nobody answers there: see that `clientConfig.endpoint` or the region is right, and that this machine reaches it.'
      : undefined,
  damaged: () =>
    'The bytes changed on their way; see what stands between this machine and the service.',
};

/** What a person can do about a failure, or `undefined` when waiting is all there is to do. */
export function remedyOf(failure: S3Failure, bucket: string): string | undefined {
  return REMEDIES[failure.kind]?.(failure, bucket);
}

/** A failure in short: the server's code and status, without its text. */
export function describeFailure(failure: S3Failure): string {
  const status = failure.status === null ? 'no answer' : `status ${failure.status}`;
  return `${failure.operation} failed with ${failure.code} (${status})`;
}

function roleRemedy(failure: S3Failure): string {
  if (/AccessDenied/i.test(failure.code))
    return 'Let the trust policy of the role name these credentials and exactly this external id (trustPolicy() gives it), and allow these credentials sts:AssumeRole on the role.';
  return 'Correct the options of assumeRole(): STS refused the request.';
}

function credentialsRemedy(code: string): string {
  switch (code) {
    case 'InvalidAccessKeyId':
      return 'There is no such access key id at this endpoint; correct the credentials.';
    case 'SignatureDoesNotMatch':
      return 'The secret access key is wrong; correct the credentials.';
    case 'CredentialsProviderError':
      return 'Give credentials: `clientConfig.credentials`, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.';
    default:
      return 'The session token is over or wrong: give a provider that renews it, such as assumeRole(), instead of fixed credentials.';
  }
}
