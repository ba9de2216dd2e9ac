import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';

import { assumeRole, type S3SinkOptions } from 'tracehaul/s3';

import { startS3Double } from '../support/s3-double/index.js';
import {
  BUCKET,
  expectMended,
  EXPORTER,
  failureOf,
  type S3World,
  startS3World,
} from '../support/s3-export.js';
import { clientConfigOf } from '../support/s3-place.js';

const ROLE = 'arn:aws:iam::111122223333:role/exporter';
const KEY_ID = 'archive-key';

interface BadInput {
  readonly name: string;
  /** Spoils something; gives the way to mend it. */
  readonly spoil: (world: S3World) => () => void;
  /** Of the run that fails; the mended one has those of `mended`. */
  readonly options?: (world: S3World) => Partial<S3SinkOptions>;
  readonly mended?: (world: S3World) => Partial<S3SinkOptions>;
  readonly code: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

const nothing = (): (() => void) => () => undefined;

const config = ({ double }: S3World): ReturnType<typeof clientConfigOf> => ({
  ...clientConfigOf({ ...double, endpoint: double.url }),
  credentials: EXPORTER,
});

const denied =
  (action: string) =>
  ({ double }: S3World): (() => void) =>
    double.deny({ action, accessKeyId: EXPORTER.accessKeyId });

function roleOptions(world: S3World, externalId?: string): Partial<S3SinkOptions> {
  const { double } = world;
  const credentials = assumeRole({
    roleArn: ROLE,
    endpoint: double.url,
    region: double.region,
    credentials: EXPORTER,
    ...(externalId === undefined ? {} : { externalId }),
  });
  return { clientConfig: { ...config(world), credentials } };
}

const encrypted = { encryption: { type: 'sse-kms', keyId: KEY_ID } } as const;

const BAD_INPUT: readonly BadInput[] = [
  {
    name: 'a bucket that does not exist',
    spoil: ({ double }) => {
      double.deleteBucket(BUCKET);
      return () => double.createBucket(BUCKET);
    },
    code: 'SINK_MISCONFIGURED',
    message: /NoSuchBucket/,
    remedy: /Create the bucket "archive", or correct `bucket`/,
  },
  {
    name: 'a bucket in another region',
    spoil: ({ double }) => {
      double.deleteBucket(BUCKET);
      double.createBucket(BUCKET, { region: 'eu-west-1' });
      return () => double.createBucket(BUCKET);
    },
    code: 'SINK_MISCONFIGURED',
    message: /failed with PermanentRedirect \(status 301\)/,
    remedy: /Set `clientConfig.region` to 'eu-west-1'/,
  },
  {
    name: 'a client of another region',
    spoil: nothing,
    options: (world) => ({ clientConfig: { ...config(world), region: 'eu-central-1' } }),
    code: 'SINK_MISCONFIGURED',
    message: /AuthorizationHeaderMalformed/,
    remedy: /Set `clientConfig.region` to 'us-east-1'/,
  },
  {
    name: 'a key id that does not exist',
    spoil: nothing,
    options: (world) => ({
      clientConfig: {
        ...config(world),
        credentials: { ...EXPORTER, accessKeyId: 'AKIANOBODY' },
      },
    }),
    code: 'SINK_UNAUTHORIZED',
    message: /InvalidAccessKeyId \(status 403\)/,
    remedy: /no such access key id/,
  },
  {
    name: 'a wrong secret',
    spoil: nothing,
    options: (world) => ({
      clientConfig: {
        ...config(world),
        credentials: { ...EXPORTER, secretAccessKey: 'another-exporter-secret' },
      },
    }),
    code: 'SINK_UNAUTHORIZED',
    message: /SignatureDoesNotMatch/,
    remedy: /secret access key is wrong/,
  },
  {
    name: 'a role that wants another external id',
    spoil: ({ double }) => {
      const trusts = [EXPORTER.accessKeyId];
      double.addRole({ arn: ROLE, trusts, externalId: 'bt:org:project:prod' });
      return () => undefined;
    },
    options: (world) => roleOptions(world, 'bt:org:project:other'),
    mended: (world) => roleOptions(world, 'bt:org:project:prod'),
    code: 'SINK_UNAUTHORIZED',
    message: /AccessDenied \(status 403\)/,
    remedy: /trust policy of the role name these credentials and exactly this external id/,
  },
  {
    name: 'a role that trusts somebody else',
    spoil: ({ double }) => {
      double.addRole({ arn: ROLE, trusts: ['AKIASOMEBODYELSE'] });
      return () => double.addRole({ arn: ROLE, trusts: [EXPORTER.accessKeyId] });
    },
    options: (world) => roleOptions(world),
    mended: (world) => roleOptions(world),
    code: 'SINK_UNAUTHORIZED',
    message: /AccessDenied/,
    remedy: /sts:AssumeRole/,
  },
  {
    name: 'a KMS key that may not be used',
    spoil: ({ double }) => {
      double.addKmsKey(KEY_ID, { deniedTo: [EXPORTER.accessKeyId] });
      return () => double.addKmsKey(KEY_ID);
    },
    options: () => encrypted,
    mended: () => encrypted,
    code: 'SINK_UNAUTHORIZED',
    message: /CreateMultipartUpload failed with AccessDenied/,
    remedy: /kms:GenerateDataKey and kms:Decrypt/,
  },
  {
    name: 'a KMS key that does not exist',
    spoil:
      ({ double }) =>
      () =>
        double.addKmsKey(KEY_ID),
    options: () => encrypted,
    mended: () => encrypted,
    code: 'SINK_UNAUTHORIZED',
    message: /KMS.NotFoundException/,
    remedy: /the key exists in the region of the bucket/,
  },
  {
    name: 's3:PutObject denied',
    spoil: denied('s3:PutObject'),
    code: 'SINK_UNAUTHORIZED',
    message: /CreateMultipartUpload failed with AccessDenied/,
    remedy: /Allow s3:PutObject on the bucket "archive"/,
  },
  {
    name: 's3:ListBucketMultipartUploads denied',
    spoil: denied('s3:ListBucketMultipartUploads'),
    code: 'SINK_UNAUTHORIZED',
    message: /ListMultipartUploads failed with AccessDenied/,
    remedy: /Allow s3:ListBucketMultipartUploads on the bucket "archive"/,
  },
  {
    name: 's3:ListMultipartUploadParts denied, when a completion must be settled',
    spoil: (world) => {
      world.double.intercept = ({ operation }) =>
        operation === 'CompleteMultipartUpload'
          ? { kind: 'error', status: 500, code: 'InternalError' }
          : null;
      return denied('s3:ListMultipartUploadParts')(world);
    },
    code: 'SINK_UNAUTHORIZED',
    message: /ListParts failed with AccessDenied/,
    remedy: /Allow s3:ListMultipartUploadParts on the bucket "archive"/,
  },
  {
    name: 's3:ListBucket denied',
    spoil: denied('s3:ListBucket'),
    code: 'SINK_UNAUTHORIZED',
    message: /ListObjectsV2 failed with AccessDenied/,
    remedy: /Allow s3:ListBucket on the bucket "archive"/,
  },
  {
    name: 'a bucket that wants a checksum and gets none',
    spoil: ({ double }) => {
      double.createBucket(BUCKET, { objectLock: true });
      return () => undefined;
    },
    options: (world) => ({ client: clientWithoutChecksums(world) }),
    mended: (world) => ({ client: new S3Client(config(world)), checksum: 'md5' }),
    code: 'SINK_MISCONFIGURED',
    message: /UploadPart failed with InvalidRequest/,
    remedy: /Give `checksum: 'md5'`/,
  },
  {
    name: 'a full bucket',
    spoil: ({ double }) => {
      double.createBucket(BUCKET, { quotaBytes: 100 });
      return () => double.createBucket(BUCKET);
    },
    code: 'SINK_FULL',
    message: /UploadPart failed with QuotaExceeded/,
    remedy: /Raise the quota/,
  },
  {
    name: 'a bucket that disappears in mid-run',
    spoil: ({ double }) => {
      double.intercept = ({ operation }) => {
        if (operation === 'UploadPart') double.deleteBucket(BUCKET);
        return null;
      };
      return () => double.createBucket(BUCKET);
    },
    code: 'SINK_MISCONFIGURED',
    message: /UploadPart failed with NoSuchBucket/,
    remedy: /Create the bucket/,
  },
  {
    name: 'a bucket of somebody else',
    spoil: ({ double }) => {
      double.createBucket(BUCKET, { owner: '999988887777' });
      return () => double.createBucket(BUCKET);
    },
    options: () => ({ expectedBucketOwner: '111122223333' }),
    mended: () => ({ expectedBucketOwner: '111122223333' }),
    code: 'SINK_UNAUTHORIZED',
    message: /AccessDenied/,
    remedy: /expectedBucketOwner/,
  },
];

/** The host's own client, which takes the checksum out of every request. */
function clientWithoutChecksums(world: S3World): S3Client {
  const client = new S3Client(config(world));
  onTestFinished(() => client.destroy());
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      delete headers['x-amz-checksum-crc32'];
      delete headers['x-amz-checksum-algorithm'];
      return next(args);
    },
    { step: 'build', priority: 'low' },
  );
  return client;
}

describe('bad input', () => {
  it.each(BAD_INPUT)('$name is a clear error, and the next run is whole', async (bad) => {
    const world = await startS3World();
    const mend = bad.spoil(world);
    const failure = await failureOf(world, world.exporter(bad.options?.(world)).run());
    expect(failure).toMatchObject({ code: bad.code });
    expect(failure.message).toMatch(bad.message);
    expect(failure.remedy).toMatch(bad.remedy);
    mend();
    await expectMended(world, bad.mended?.(world));
  });

  it('a page in place of S3 is named; nothing was written, and the next run is whole', async () => {
    const page = '<html><body>Welcome!</body></html>';
    const first = await startS3Double({ answersEveryRequestWith: page });
    const port = Number(new URL(first.url).port);
    await first.close();
    const notS3 = await startS3Double({ answersEveryRequestWith: page, port });
    const world = await startS3World();
    const clientConfig = { ...config(world), endpoint: notS3.url };
    const failure = await failureOf(world, world.exporter({ clientConfig }).run());
    expect(failure).toMatchObject({ code: 'SINK_PROTOCOL' });
    expect(failure.remedy).toMatch(/no S3: correct `clientConfig.endpoint`/);
    await notS3.close();
    await expectMended(world);
  });

  it('a right to abort that is missing is named by the run that must, and costs nothing', async () => {
    const world = await startS3World();
    const allow = denied('s3:AbortMultipartUpload')(world);
    const stop = new AbortController();
    world.double.intercept = ({ operation }) => {
      if (operation === 'UploadPart') stop.abort(new Error('enough'));
      return null;
    };
    await expect(world.exporter().run({ signal: stop.signal })).rejects.toThrow('enough');
    world.double.intercept = null;
    expect(world.double.bucket(BUCKET).uploads()).not.toEqual([]);
    const failure = await failureOf(world, world.exporter().run());
    expect(failure).toMatchObject({ code: 'SINK_UNAUTHORIZED' });
    expect(failure.remedy).toContain('s3:AbortMultipartUpload');
    allow();
    await expectMended(world);
  });

  it('without s3:ListBucket an upload that is gone is no object that is gone', async () => {
    const world = await startS3World();
    const { double, table } = world;
    await world.exporter().run();
    table.write('later', table.settled, 1);
    table.settled += 1;
    const allow = denied('s3:ListBucket')(world);
    double.intercept = ({ operation }) =>
      operation === 'CompleteMultipartUpload' ? { kind: 'hide-upload', requests: Infinity } : null;
    const failure = await failureOf(world, world.exporter().run());
    expect(failure).toMatchObject({ code: 'SINK_UNAUTHORIZED' });
    expect(failure.message).toMatch(/HeadObject failed with \w+ \(status 403\)/);
    expect(failure.remedy).toContain('s3:ListBucket');
    allow();
    await double.settleLate();
    await expectMended(world);
  });

  it('a bucket that disappears with decided objects in it is unresolved; the host decides', async () => {
    const world = await startS3World();
    const { double } = world;
    double.intercept = ({ operation }) => {
      if (operation === 'CompleteMultipartUpload') double.deleteBucket(BUCKET);
      return null;
    };
    const gone = await failureOf(world, world.exporter().run());
    expect(gone).toMatchObject({ code: 'SINK_MISCONFIGURED' });
    double.intercept = null;
    double.createBucket(BUCKET);
    const open = await failureOf(world, world.exporter().run());
    expect(open).toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    await world.exporter().resolve('export-again');
    await expectMended(world);
  });
});
