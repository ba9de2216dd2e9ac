import { AssertionError } from 'node:assert/strict';

import { type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { assumeRole, type S3CursorStoreOptions } from 'tracehaul/s3';

import {
  type BucketSettings,
  type S3Double,
  type S3DoubleOptions,
  startS3Double,
} from '../support/s3-double/index.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  freshStore,
  type PlacedStore,
  singleWriterCases,
  storeCases,
} from '../support/s3-stores.js';

const doubles: S3Double[] = [];

async function startDouble(options: S3DoubleOptions = {}): Promise<S3Double> {
  const double = await startS3Double(options);
  doubles.push(double);
  return double;
}

let double: S3Double;
let gateway: S3Double;
let forgetful: S3Double;
let buckets = 0;

beforeAll(async () => {
  double = await startDouble();
  double.addKmsKey('checkpoints');
  gateway = await startDouble({ etags: 'unquoted-if-match' });
  forgetful = await startDouble({ conditionalWrites: 'ignored' });
});

afterAll(async () => {
  for (const each of doubles) await each.close();
});

function storeOn(
  server: S3Double,
  options: Partial<S3CursorStoreOptions> = {},
  settings: BucketSettings = {},
): Promise<PlacedStore> {
  buckets += 1;
  const { name } = server.createBucket(`bucket-${buckets}`, settings);
  return freshStore({ ...server, endpoint: server.url }, { bucket: name, ...options });
}

/** A store whose role may use nothing but objects below its prefix. */
function storeOfRole(): Promise<PlacedStore> {
  const roleArn = 'arn:aws:iam::111122223333:role/exporter';
  double.addRole({ arn: roleArn, trusts: [double.credentials.accessKeyId] });
  const config = clientConfigOf({ ...double, endpoint: double.url });
  const credentials = assumeRole({
    roleArn,
    endpoint: double.url,
    region: double.region,
    credentials: { ...double.credentials },
  });
  for (const action of [
    's3:DeleteObject',
    's3:AbortMultipartUpload',
    's3:ListBucketMultipartUploads',
  ])
    double.deny({ action, accessKeyId: roleArn });
  return storeOn(double, { clientConfig: { ...config, credentials }, prefix: 'team/cursors' });
}

const ADAPTERS = {
  'a bucket': storeCases(() => storeOn(double)),
  'an odd prefix': storeCases(() => storeOn(double, { prefix: 'team a/über' })),
  'a service whose ETags have no quotes': storeCases(() => storeOn(gateway)),
  'a versioned bucket': storeCases(() => storeOn(double, {}, { versioned: true })),
  'a locked bucket, with Content-MD5': storeCases(() =>
    storeOn(double, { checksum: 'md5' }, { objectLock: true }),
  ),
  'a bucket whose ETags are no digests': storeCases(() =>
    storeOn(double, { encryption: { type: 'sse-kms', keyId: 'checkpoints' } }),
  ),
  'a role that may delete nothing': storeCases(storeOfRole),
  'a service without conditional writes, with a single writer': singleWriterCases(() =>
    storeOn(forgetful, { singleWriter: true }),
  ),
};

describe.each(Object.entries(ADAPTERS))('s3CursorStore on %s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

describe('a single writer on a service without conditional writes', () => {
  const given = new Set(singleWriterCases(() => storeOn(forgetful)).map(({ name }) => name));
  const lost = storeCases(() => storeOn(forgetful, { singleWriter: true })).filter(
    ({ name }) => !given.has(name),
  );

  it.each(lost)('breaks this rule, and no other: $name', async ({ run }) => {
    expect(lost).toHaveLength(4);
    await expect(run()).rejects.toThrow();
  });
});

/** A client that leaves out what the service should compare, once the store trusts it. */
function clientWithoutPreconditions(): S3Client {
  const client = new S3Client(clientConfigOf({ ...double, endpoint: double.url }));
  client.middlewareStack.add(
    (next) => (args) => {
      const { IfMatch: _match, IfNoneMatch: _none, ...input } = args.input as PutObjectCommandInput;
      const isTrial = input.Key?.endsWith('probes/conditional-write') === true;
      return next(isTrial ? args : { ...args, input: input as typeof args.input });
    },
    { step: 'initialize' },
  );
  return client;
}

describe('the contract', () => {
  const caught = [
    'a save under a stale revision changes nothing',
    'a document that must not exist is created once',
    'of creations at the same time one wins',
    'of saves over one revision at the same time one wins',
    'increments by five workers are all counted',
    'a deleted document is null, and can be created again',
    'a delete under a stale revision changes nothing',
  ];
  const cases = storeCases(() =>
    storeOn(double, { client: clientWithoutPreconditions(), clientConfig: undefined }),
  ).filter(({ name }) => caught.includes(name));

  it.each(cases)('catches a store whose preconditions get lost: $name', async ({ run }) => {
    expect(cases.map(({ name }) => name)).toEqual(caught);
    await expect(run()).rejects.toBeInstanceOf(AssertionError);
  });
});
