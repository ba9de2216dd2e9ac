import { Agent } from 'node:http';

import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';

import type { S3SinkOptions } from 'tracehaul/s3';
import { type ContractCase, type SinkContractOptions, sinkContract } from 'tracehaul/testing';

import {
  type BucketSettings,
  type S3Double,
  type S3DoubleOptions,
  startS3Double,
} from '../support/s3-double/index.js';
import { clientConfigOf, freshSink } from '../support/s3-place.js';

type PlacedSink = Awaited<ReturnType<typeof freshSink>>;

const doubles: S3Double[] = [];
let buckets = 0;

/** A double for many cases: started when the first of them runs. */
function lazyDouble(options: S3DoubleOptions = {}): () => Promise<S3Double> {
  let started: Promise<S3Double> | undefined;
  return async () => {
    started ??= startS3Double(options);
    const double = await started;
    if (!doubles.includes(double)) doubles.push(double);
    return double;
  };
}

afterAll(async () => {
  for (const double of doubles) await double.close();
  loopbackAgent.destroy();
});

interface Setting {
  readonly on: () => Promise<S3Double>;
  readonly bucket?: BucketSettings;
  readonly options?: (double: S3Double) => Partial<S3SinkOptions>;
}

async function createSink({ on, bucket, options }: Setting): Promise<PlacedSink> {
  const double = await on();
  buckets += 1;
  const { name } = double.createBucket(`bucket-${buckets}`, bucket);
  const server = { ...double, endpoint: double.url };
  return freshSink(server, { bucket: name, ...options?.(double) });
}

/** A completion has no precondition: two of one key at one moment are kept apart by the nonce in the key. */
const NOT_SUPPORTED = { exclusiveCommit: false } as const;
const FEW_OBJECTS = { ...NOT_SUPPORTED, manyObjects: false } as const;

function casesOn(
  setting: Setting,
  supports: NonNullable<SinkContractOptions['supports']> = FEW_OBJECTS,
): readonly ContractCase[] {
  return sinkContract({
    create: () => createSink(setting),
    reopen: (sink) => sink.again(),
    supports: { ...NOT_SUPPORTED, ...supports },
  });
}

const aws = lazyDouble();
const equalParts = lazyDouble({ equalParts: true });
const forgetfulCompletions = lazyDouble({ repeatedComplete: 'no-such-upload' });
const withoutConditions = lazyDouble({ conditionalWrites: 'not-implemented' });
const withoutChecksums = lazyDouble({ checksums: 'ignored' });
const ignoresConditions = lazyDouble({ conditionalWrites: 'ignored' });

/** Finds `bucket.localhost` where the system does not. */
const loopbackAgent = new Agent({
  keepAlive: true,
  lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
});

const KEY_ID = 'archive-key';

async function withKey(): Promise<S3Double> {
  const double = await aws();
  double.addKmsKey(KEY_ID);
  return double;
}

const ADAPTERS = {
  'a bucket': casesOn({ on: aws }, NOT_SUPPORTED),
  'a folder with an odd name': casesOn({
    on: aws,
    options: () => ({ prefix: "team a/über+50%/'quoted' & <so>" }),
  }),
  'a locked bucket, with Content-MD5': casesOn({
    on: aws,
    bucket: { objectLock: true },
    options: () => ({ checksum: 'md5' }),
  }),
  'a locked bucket, with CRC-32': casesOn({ on: aws, bucket: { objectLock: true } }),
  'a versioned bucket': casesOn({ on: aws, bucket: { versioned: true } }),
  'a bucket whose ETags are no digests': casesOn({
    on: withKey,
    options: () => ({ encryption: { type: 'sse-kms', keyId: KEY_ID } }),
  }),
  'objects with everything that can be said of them': casesOn({
    on: aws,
    options: () => ({
      storageClass: 'STANDARD_IA',
      tags: { 'cost center': 'a+b/c', team: 'übersicht' },
      metadata: { origin: 'a b; c' },
      acl: 'bucket-owner-full-control',
      encryption: { type: 'sse-s3' },
      expectedBucketOwner: '111122223333',
    }),
  }),
  'a service that wants parts of one size': casesOn({ on: equalParts }),
  'a service that forgets completed uploads': casesOn({ on: forgetfulCompletions }),
  'a service without conditional writes': casesOn(
    { on: withoutConditions },
    { ...FEW_OBJECTS, exclusivePut: false },
  ),
  'a service that knows no checksums': casesOn({ on: withoutChecksums }),
  "the host's own client, with its retries and redirects": casesOn({
    on: aws,
    options: (double) => ({
      client: new S3Client({
        ...clientConfigOf({ ...double, endpoint: double.url }),
        maxAttempts: 5,
        followRegionRedirects: true,
      }),
    }),
  }),
  'a bucket that is addressed by its host name': casesOn({
    on: aws,
    options: (double) => ({
      clientConfig: {
        ...clientConfigOf({ ...double, endpoint: double.url.replace('127.0.0.1', 'localhost') }),
        forcePathStyle: false,
        requestHandler: { httpAgent: loopbackAgent },
      },
    }),
  }),
  'one part under way at a time': casesOn({
    on: aws,
    options: () => ({ partsInFlight: 1, partBytes: 5 * 1024 * 1024, maxAttempts: 1 }),
  }),
};

describe.each(Object.entries(ADAPTERS))('s3Sink on %s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

/** The cases that a sink breaks, of those that it is asked to hold. */
async function brokenRules(cases: readonly ContractCase[]): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const { name, skip, run } of cases) {
    if (skip) continue;
    await run().catch(() => broken.push(name));
  }
  return broken;
}

describe('what a service cannot do is seen by the contract', () => {
  it('a service that ignores conditions loses puts, and nothing else', async () => {
    expect(await brokenRules(casesOn({ on: ignoresConditions }))).toEqual([
      'put creates once: equal bytes exist, others are refused',
      'put can hold nothing',
      'of puts of one key at the same time one creates',
      'puts of equal bytes at the same time all succeed',
    ]);
  });

  it('a service without conditions cannot tell puts at the same time apart', async () => {
    const cases = casesOn({ on: withoutConditions });
    expect(await brokenRules(cases)).toEqual([
      'of puts of one key at the same time one creates',
      'puts of equal bytes at the same time all succeed',
    ]);
  });
});
