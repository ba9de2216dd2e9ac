import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { isExportError, type ExportEvent } from 'tracehaul';
import { s3Sink, type S3SinkOptions } from 'tracehaul/s3';
import { manualClock } from 'tracehaul/testing';

const GOOD: S3SinkOptions = { bucket: 'archive', clientConfig: { region: 'eu-central-1' } };

/** What is said of options that are wrong; fails when they are taken. */
function problemsOf(options: unknown): readonly string[] {
  try {
    s3Sink(options as S3SinkOptions);
  } catch (error) {
    if (!isExportError(error, 'OPTION_INVALID')) throw error;
    return error.details['problems'] as readonly string[];
  }
  throw new Error('The options were taken.');
}

const tags = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, number) => [`tag${number}`, 'x']));

const INVALID: readonly (readonly [name: string, value: unknown, problem: RegExp])[] = [
  ['bucket', undefined, /must be a non-empty string, not undefined/],
  ['bucket', 7, /not a number/],
  ['bucket', 'Upper', /must be a bucket name/],
  ['bucket', 'ab', /must be a bucket name/],
  ['bucket', 'a..b', /must be a bucket name/],
  ['bucket', '10.0.0.1', /not an IP address/],
  ['bucket', 'fast--use1-az4--x-s3', /not a directory bucket/],
  ['bucket', 'arn:aws:s3:::archive', /must be a bucket name/],
  ['prefix', '', /must be a non-empty string/],
  ['prefix', '/a', /no slash at its beginning or end/],
  ['prefix', 'a/', /no slash at its beginning or end/],
  ['prefix', 'a//b', /cannot be used/],
  ['prefix', 'a/../b', /cannot be used/],
  ['prefix', 'x'.repeat(121), /at most 120 bytes/],
  ['client', {}, /lacks send, config, middlewareStack/],
  ['client', 'client', /must be an object/],
  ['clientConfig', 'eu-central-1', /must be an object/],
  ['expectedBucketOwner', '12', /account id of twelve digits/],
  ['expectedBucketOwner', 111122223333, /must be a non-empty string/],
  ['requestTimeoutMs', 0, /from 1 to 3600000, not 0/],
  ['totalTimeoutMs', Infinity, /from 1 to 86400000, not Infinity/],
  ['maxAttempts', 1.5, /whole number/],
  ['runtime', { now: () => new Date() }, /lacks sleep, random, id/],
  ['storageClass', '', /must be a non-empty string/],
  ['tags', ['a'], /must be an object, not an array/],
  ['tags', tags(11), /must be 10 at most/],
  ['tags', { 'aws:x': 'y' }, /begins with "aws:"/],
  ['tags', { '': 'y' }, /a name that is empty/],
  ['tags.team', { team: 'x'.repeat(257) }, /at most 256 characters/],
  ['tags.team', { team: 7 }, /must be a string, not a number/],
  ['metadata', ['a'], /must be an object, not an array/],
  ['metadata.Team', { Team: 'x' }, /lower-case letters/],
  ['metadata.tracehaul-upload', { 'tracehaul-upload': 'x' }, /does not begin with "tracehaul"/],
  ['metadata.team', { team: 'über' }, /printable ASCII/],
  ['metadata.team', { team: null }, /must be a string, not null/],
  ['metadata', { team: 'x'.repeat(1_900) }, /at most 1900 bytes/],
  ['acl', 'public-read', /must be one of 'bucket-owner-full-control'/],
  ['encryption', 'sse-kms', /must be an object/],
  ['encryption.type', {}, /must be a non-empty string/],
  ['encryption.type', { type: 'aes' }, /must be one of 'sse-s3', 'sse-kms'/],
  ['encryption.type', { type: 'sse-c' }, /cannot be 'sse-c'.*use 'sse-kms'/],
  ['encryption.keyId', { type: 'sse-kms', keyId: 7 }, /must be a non-empty string/],
  ['encryption.keyId', { type: 'sse-s3', keyId: 'x' }, /is not an option/],
  ['encryption.bucketKey', { type: 'sse-kms', bucketKey: 'yes' }, /must be true or false/],
  ['checksum', 'sha1', /must be one of 'crc32', 'md5', not "sha1"/],
  ['partBytes', 5 * 1024 * 1024 - 1, /from 5242880 to 1073741824/],
  ['partBytes', 2 ** 30 + 1, /from 5242880 to 1073741824/],
  ['partsInFlight', 0, /from 1 to 64/],
  ['partsInFlight', 65, /from 1 to 64/],
  ['buckets', 'archive', /is not an option; there are `bucket`/],
];

describe('options of s3Sink', () => {
  it.each(INVALID)('%s: %j is refused', (name, value, problem) => {
    const option = name.split('.')[0] ?? '';
    const problems = problemsOf({
      bucket: 'archive',
      ...(option === 'client' ? {} : { clientConfig: GOOD.clientConfig }),
      [option]: value,
    });
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toContain(`\`${name}\``);
    for (const other of problems) expect(other).toContain(`\`${option}`);
  });

  it('all problems are told at once, without a value that may be secret', () => {
    const credentials = { accessKeyId: 'AKIASECRET', secretAccessKey: 'secret' };
    const problems = problemsOf({
      bucket: '',
      client: new S3Client({ region: 'eu-central-1', credentials }),
      clientConfig: { credentials },
      checksum: 'none',
      partsInFlight: 0,
    });
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toMatch(/secret/i);
  });

  it.each([null, undefined, 'archive', [], 7])('%j is refused as a whole', (options) => {
    expect(problemsOf(options).join()).toMatch(/the options must be an object/);
  });

  it('those of a usual sink are taken; nothing is asked before the first request', () => {
    expect(s3Sink(GOOD)).toMatchObject({ name: 's3', location: 's3://archive' });
  });

  it('the location names the server, the bucket and the folder, and no credentials', () => {
    const endpoint = 'https://user:secret@minio.example:9000/path';
    const options = { ...GOOD, prefix: 'a/b', clientConfig: { endpoint, region: 'x' } };
    expect(s3Sink(options).location).toBe('s3://minio.example:9000/archive/a/b');
    const url = {
      ...options,
      clientConfig: { ...options.clientConfig, endpoint: new URL(endpoint) },
    };
    expect(s3Sink(url as never).location).toBe('s3://minio.example:9000/archive/a/b');
  });
});

/** What only the first request can show. */
describe('a client that cannot send', () => {
  const credentials = { accessKeyId: 'AKIASECRET', secretAccessKey: 'secret' };
  const region = 'eu-central-1';

  it.each([
    {
      reason: 'a region of odd letters',
      config: { region: 'a b!' },
      code: 'SINK_MISCONFIGURED',
      remedy: /`clientConfig.region`/,
    },
    {
      reason: 'an endpoint that is no URL',
      config: { region, endpoint: 'no url' },
      code: 'SINK_PROTOCOL',
      remedy: /`clientConfig.endpoint`/,
    },
    {
      reason: 'an endpoint without http',
      config: { region, endpoint: 'minio:9000' },
      code: 'SINK_PROTOCOL',
      remedy: /`clientConfig.endpoint`/,
    },
  ])('for $reason is told at once, with the option', async ({ config, code, remedy }) => {
    const clientConfig = { credentials, ...config };
    const runtime = manualClock({ autoAdvance: true });
    const sink = s3Sink({ ...GOOD, clientConfig, runtime });
    const events: ExportEvent[] = [];
    const asked = sink.head('a', { observer: (event) => void events.push(event) });
    await expect(asked).rejects.toMatchObject({
      code,
      remedy: expect.stringMatching(remedy) as string,
    });
    expect(events).toHaveLength(1);
  });

  it('for nobody at the endpoint is told after some attempts, with the option', async () => {
    const clientConfig = {
      credentials,
      region,
      endpoint: 'http://127.0.0.1:1',
      forcePathStyle: true,
    };
    const sink = s3Sink({ ...GOOD, clientConfig, runtime: manualClock({ autoAdvance: true }) });
    await expect(sink.head('a')).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      retryable: true,
      remedy: expect.stringContaining('clientConfig.endpoint') as string,
    });
  });
});
