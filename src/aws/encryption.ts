import type { PutObjectCommandInput } from '@aws-sdk/client-s3';

import type { OptionReader } from '../options/index.js';

/** How the service encrypts objects at rest. */
export type S3Encryption =
  | { readonly type: 'sse-s3' }
  | {
      readonly type: 'sse-kms';
      /**
       * ARN, id or alias of the key.
       * @defaultValue the key of AWS for S3
       */
      readonly keyId?: string | undefined;
      /**
       * Whether to use an S3 Bucket Key, which asks KMS less often.
       * @defaultValue false
       */
      readonly bucketKey?: boolean | undefined;
    };

/** Members of a request that say how to encrypt what it writes; none when the bucket decides. */
export type EncryptionInput = Pick<
  PutObjectCommandInput,
  'ServerSideEncryption' | 'SSEKMSKeyId' | 'BucketKeyEnabled'
>;

const SSE_C_REASON =
  "cannot be 'sse-c': the key would have to be at hand for every later run and reader, and most buckets refuse it; use 'sse-kms'";

/** Reads the option `encryption`, which may be left out. */
export function readEncryption(reader: OptionReader): EncryptionInput {
  if (!reader.has('encryption')) return {};
  return reader.group('encryption', (group): EncryptionInput => {
    const type = group.string('type');
    if (type === 'sse-s3') return { ServerSideEncryption: 'AES256' };
    const keyId = group.has('keyId') ? group.string('keyId') : undefined;
    const bucketKey = group.boolean('bucketKey', false);
    if (type === 'sse-c') reader.problem('encryption.type', SSE_C_REASON);
    else if (type !== 'sse-kms' && type !== '')
      reader.problem('encryption.type', "must be one of 'sse-s3', 'sse-kms'");
    return {
      ServerSideEncryption: 'aws:kms',
      ...(keyId === undefined ? {} : { SSEKMSKeyId: keyId }),
      ...(bucketKey ? { BucketKeyEnabled: true } : {}),
    };
  });
}
