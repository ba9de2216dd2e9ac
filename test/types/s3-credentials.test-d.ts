import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { fromEnv, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { describe, expectTypeOf, it } from 'vitest';

import type { AssumeRoleOptions, AwsCredentialProvider, AwsCredentials } from 'tracehaul/s3';

describe('credentials', () => {
  it('are taken by the clients of the AWS SDK', () => {
    type Taken = NonNullable<S3ClientConfig['credentials']>;
    expectTypeOf<AwsCredentialProvider>().toExtend<Taken>();
    expectTypeOf<AwsCredentials>().toExtend<Taken>();
  });

  it('are taken from the AWS SDK, as the base of a role', () => {
    type Base = NonNullable<AssumeRoleOptions['credentials']>;
    expectTypeOf<NonNullable<S3ClientConfig['credentials']>>().toExtend<Base>();
    expectTypeOf<ReturnType<typeof fromEnv>>().toExtend<Base>();
    expectTypeOf<ReturnType<typeof fromNodeProviderChain>>().toExtend<Base>();
    expectTypeOf<string>().not.toExtend<Base>();
  });
});
