import { setImmediate as turn } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { assumeRole, s3Sink, type S3SinkOptions } from 'tracehaul/s3';

import type { ProbeStep } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import {
  startS3Double,
  type BucketSettings,
  type S3Double,
  type S3DoubleOptions,
} from '../support/s3-double/index.js';
import { tableExporter } from '../support/table-export.js';
import { Table } from '../support/table-source.js';

const BUCKET = 'traces';
const SINK_STEPS = [
  'credentials',
  'bucket',
  'bucket-clock',
  'upload-begin',
  'upload-part',
  'upload-list',
  'upload-abort',
  'upload-complete',
  'create-only-put',
];
const USER = { accessKeyId: 'AKIDEXPORTER', secretAccessKey: 'exporter-secret' };
const ROLE = 'arn:aws:iam::111122223333:role/exporter';

let double: S3Double;

afterEach(async () => {
  await double.close();
});

async function start(settings: BucketSettings = {}, options: S3DoubleOptions = {}): Promise<void> {
  double = await startS3Double(options);
  double.createBucket(BUCKET, settings);
  double.addUser(USER);
}

/** What `test()` of an exporter with this sink says. */
async function test(sink: Partial<S3SinkOptions> = {}): Promise<readonly ProbeStep[]> {
  const options: S3SinkOptions = {
    bucket: BUCKET,
    prefix: 'team/prod',
    maxAttempts: 2,
    ...sink,
    clientConfig: {
      endpoint: double.url,
      region: double.region,
      credentials: USER,
      forcePathStyle: true,
      ...sink.clientConfig,
    },
  };
  const parts = { sink: s3Sink(options), cursorStore: memoryCursorStore() };
  const source = new Table().source();
  const { steps } = await tableExporter({ source, ...parts }).test();
  return steps;
}

function stepsNamed(steps: readonly ProbeStep[], names: readonly string[]): readonly ProbeStep[] {
  return steps.filter(({ step }) => names.includes(step));
}

/** The steps that did not pass, each as `step: outcome`. */
function notPassed(steps: readonly ProbeStep[]): readonly string[] {
  return steps.flatMap(({ step, outcome }) =>
    outcome === 'passed' ? [] : [`${step}: ${outcome}`],
  );
}

function failedStep(steps: readonly ProbeStep[]): ProbeStep | undefined {
  return steps.find(({ outcome }) => outcome === 'failed');
}

describe('test() of an export to S3', () => {
  it('passes every step and leaves nothing behind', async () => {
    await start();
    const steps = await test({
      storageClass: 'STANDARD_IA',
      tags: { team: 'a' },
      metadata: { origin: 'test' },
      acl: 'bucket-owner-full-control',
      encryption: { type: 'sse-s3' },
    });
    expect(notPassed(steps)).toEqual([]);
    expect(steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining([...SINK_STEPS, 'object-write', 'object-read', 'object-remove']),
    );
    const bucket = double.bucket(BUCKET);
    expect([...bucket.objects().keys()]).toEqual([]);
    expect(bucket.uploads()).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['s3:ListBucket', 'bucket', 's3:ListBucket'],
    ['s3:PutObject', 'upload-begin', 's3:PutObject'],
    ['s3:ListMultipartUploadParts', 'upload-list', 's3:ListMultipartUploadParts'],
    ['s3:ListBucketMultipartUploads', 'upload-list', 's3:ListBucketMultipartUploads'],
    ['s3:AbortMultipartUpload', 'upload-abort', 's3:AbortMultipartUpload'],
    ['s3:GetObject', 'upload-complete', 's3:GetObject'],
    ['kms:GenerateDataKey', 'upload-begin', 'kms:GenerateDataKey'],
    ['kms:Decrypt', 'upload-part', 'kms:Decrypt'],
  ])('without %s fails at %s and names the right', async (action, step, named) => {
    await start();
    double.addKmsKey('key-1');
    double.deny({ action, accessKeyId: USER.accessKeyId });
    const steps = await test({ encryption: { type: 'sse-kms', keyId: 'key-1' } });
    const failed = failedStep(steps);
    expect(failed).toMatchObject({ step });
    expect(failed?.remedy).toContain(named);
    expect(JSON.stringify(steps)).not.toContain(USER.secretAccessKey);
  });

  it('says after a failure what was not tried', async () => {
    await start();
    const steps = await test({ bucket: 'elsewhere' });
    const [credentials, bucket, ...others] = stepsNamed(steps, SINK_STEPS);
    expect(credentials).toMatchObject({ step: 'credentials', outcome: 'passed' });
    expect(bucket).toMatchObject({ step: 'bucket', outcome: 'failed' });
    expect(bucket?.remedy).toContain('Create the bucket "elsewhere"');
    expect(others.map(({ outcome }) => outcome)).toEqual(others.map(() => 'skipped'));
  });

  it('needs no right to delete, and says that it has none', async () => {
    await start();
    double.deny({ action: 's3:DeleteObject', accessKeyId: USER.accessKeyId });
    const steps = await test();
    expect(notPassed(steps)).toEqual(['object-remove: skipped']);
    const left = [...double.bucket(BUCKET).objects().keys()];
    expect(left.every((key) => key.startsWith('team/prod/_probe/'))).toBe(true);
  });

  it.each([
    [-20, 'behind'],
    [20, 'ahead of'],
  ])('sees a clock that is %i minutes off', async (minutes, word) => {
    const now = new Date(Date.now() - minutes * 60_000);
    await start({}, { now: () => now });
    const steps = await test();
    expect(notPassed(steps)).toEqual(['bucket-clock: failed']);
    expect(failedStep(steps)?.detail).toMatch(new RegExp(`(1199|1200|1201) s ${word}`));
  });

  it('sees missing credentials, and a role that is refused', async () => {
    await start();
    double.addRole({ arn: ROLE, trusts: [USER.accessKeyId], externalId: 'bt:org:project:1' });
    const credentials = (externalId?: string): ReturnType<typeof assumeRole> =>
      assumeRole({ roleArn: ROLE, externalId, endpoint: double.url, credentials: USER });
    const refused = await test({ clientConfig: { credentials: credentials('bt:org:project:2') } });
    expect(failedStep(refused)).toMatchObject({ step: 'credentials' });
    expect(failedStep(refused)?.remedy).toContain('external id');
    const assumed = await test({ clientConfig: { credentials: credentials('bt:org:project:1') } });
    expect(notPassed(assumed)).toEqual([]);
    const absent = await test({
      clientConfig: {
        credentials: async () => {
          throw Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
        },
      },
    });
    expect(failedStep(absent)).toMatchObject({ step: 'credentials' });
    expect(failedStep(absent)?.remedy).toContain('clientConfig.credentials');
  });

  it('gives up on credentials that never come', async () => {
    await start();
    const runtime = manualClock();
    const credentials = (): Promise<never> => new Promise(() => undefined);
    const sink = s3Sink({ bucket: BUCKET, clientConfig: { region: 'r', credentials }, runtime });
    const steps = sink.probe?.()[Symbol.asyncIterator]();
    const first = steps?.next();
    await turn();
    await runtime.advance(120_000);
    expect((await first)?.value).toMatchObject({ step: 'credentials', outcome: 'failed' });
    await steps?.return?.();
  });

  it('sees that the bucket is in another region', async () => {
    await start({ region: 'eu-west-1' });
    const failed = failedStep(await test());
    expect(failed).toMatchObject({ step: 'bucket' });
    expect(failed?.remedy).toContain("'eu-west-1'");
  });

  it('sees a bucket that wants other encryption, and one that wants other checksums', async () => {
    await start({ requiredEncryption: 'aws:kms' });
    expect(failedStep(await test())).toMatchObject({ step: 'upload-begin' });
    await double.close();
    await start({ objectLock: true });
    expect(notPassed(await test())).toEqual([]);
    expect(notPassed(await test({ checksum: 'md5' }))).toEqual([]);
  });

  it.each<[S3DoubleOptions['conditionalWrites'], string[]]>([
    ['not-implemented', []],
    ['ignored', ['create-only-put: skipped']],
  ])('tells where conditional puts are %s', async (conditionalWrites, expected) => {
    await start({}, conditionalWrites === undefined ? {} : { conditionalWrites });
    expect(notPassed(await test())).toEqual(expected);
  });

  it('sees an endpoint that is not S3', async () => {
    await start({}, { answersEveryRequestWith: '<!doctype html><title>Sign in</title>' });
    const failed = failedStep(await test());
    expect(failed).toMatchObject({ step: 'bucket' });
    expect(failed?.remedy).toContain('clientConfig.endpoint');
  });

  it('gives an abort its reason and leaves no upload', async () => {
    await start();
    const abort = new AbortController();
    const reason = new Error('enough');
    double.intercept = ({ operation }) => {
      if (operation === 'UploadPart') abort.abort(reason);
      return null;
    };
    const sink = s3Sink({
      bucket: BUCKET,
      clientConfig: {
        endpoint: double.url,
        region: double.region,
        credentials: USER,
        forcePathStyle: true,
      },
    });
    const steps = async (): Promise<void> => {
      for await (const step of sink.probe?.({ signal: abort.signal }) ?? []) void step;
    };
    await expect(steps()).rejects.toBe(reason);
    expect(double.bucket(BUCKET).uploads()).toEqual([]);
  });
});
