import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { finished, pipeline } from 'node:stream/promises';
import { Readable, type Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { s3Upload, type S3UploadOptions } from '../../src/entries/s3.js';
import { scriptedSource } from '../../src/entries/testing.js';
import { SourceError } from '../../src/errors/index.js';
import { exportOnce } from '../../src/index.js';
import type { S3Fault } from '../support/s3-double/index.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  PART_BYTES,
  type SinkFixture,
  fail,
  failAlways,
  openSink,
  operationsOf,
  until,
} from '../support/s3-sinks.js';

const KEY = 'reports/latest.bin';
/** Three parts and a little. */
const CONTENT = randomBytes(3 * PART_BYTES + 1_000);
const SMALL = Buffer.from('a report');

function uploadTo(fixture: SinkFixture, options: Partial<S3UploadOptions> = {}): Writable {
  const { double, bucket, clock, observer } = fixture;
  return s3Upload({
    bucket: bucket.name,
    key: KEY,
    clientConfig: clientConfigOf({ ...double, endpoint: double.url }),
    runtime: clock,
    partBytes: PART_BYTES,
    observer,
    ...options,
  });
}

async function send(content: Buffer, writable: Writable): Promise<void> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 100_000)
    pieces.push(content.subarray(at, at + 100_000));
  await pipeline(Readable.from(pieces), writable);
}

function expectNothing({ bucket }: SinkFixture): void {
  expect([...bucket.objects().keys()]).toEqual([]);
  expect(bucket.uploads()).toEqual([]);
}

describe('an upload', () => {
  it('of several parts is whole when the stream has finished', async () => {
    const fixture = await openSink();
    await send(CONTENT, uploadTo(fixture, { contentType: 'text/csv', metadata: { team: 'a' } }));
    const object = fixture.bucket.objects().get(KEY)!;
    expect(Buffer.compare(object.bytes(), CONTENT)).toBe(0);
    expect(object).toMatchObject({ contentType: 'text/csv', metadata: { team: 'a' } });
    expect(fixture.bucket.uploads()).toEqual([]);
    const parts = operationsOf(fixture).filter((name) => name === 'UploadPart');
    expect(parts).toHaveLength(4);
  });

  it.each([
    ['one byte less than a part', PART_BYTES - 1],
    ['exactly a part', PART_BYTES],
    ['exactly two parts', 2 * PART_BYTES],
    ['nothing', 0],
  ])('of %s is whole', async (_size, bytes) => {
    const fixture = await openSink();
    await send(CONTENT.subarray(0, bytes), uploadTo(fixture));
    expect(fixture.bucket.objects().get(KEY)?.size).toBe(bytes);
    expect(fixture.bucket.uploads()).toEqual([]);
  });

  it('tells every request as an event', async () => {
    const fixture = await openSink();
    await send(SMALL, uploadTo(fixture));
    const told = fixture.events.map((event) => event.type === 'request' && event.operation);
    expect(told).toEqual(['put-object', 'head-object']);
  });

  it.each([SMALL, CONTENT])('replaces no object unless told to', async (content) => {
    const fixture = await openSink();
    await send(Buffer.from('before'), uploadTo(fixture));
    const refused = send(content, uploadTo(fixture));
    await expect(refused).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
    expect(fixture.bucket.objects().get(KEY)?.bytes().toString()).toBe('before');
    expect(fixture.bucket.uploads()).toEqual([]);
    await send(content, uploadTo(fixture, { replace: true }));
    expect(fixture.bucket.objects().get(KEY)?.size).toBe(content.length);
  });

  it('sends nothing before the first byte', async () => {
    const fixture = await openSink();
    const writable = uploadTo(fixture);
    writable.destroy();
    await finished(writable).catch(() => undefined);
    expect(fixture.double.requests).toEqual([]);
  });
});

describe('a request that fails', () => {
  const once: readonly (readonly [string, S3Fault])[] = [
    ['CreateMultipartUpload', { kind: 'error', status: 503, code: 'SlowDown' }],
    ['UploadPart', { kind: 'error', status: 500, code: 'InternalError' }],
    ['UploadPart', { kind: 'reset-mid' }],
    ['CompleteMultipartUpload', { kind: 'error', status: 503, code: 'SlowDown' }],
    ['CompleteMultipartUpload', { kind: 'reset-after' }],
    ['CompleteMultipartUpload', { kind: 'error-in-200', code: 'InternalError' }],
  ];

  it.each(once)('once (%s, %o) is made again', async (operation, fault) => {
    const fixture = await openSink();
    fail(fixture, operation, fault);
    await send(CONTENT, uploadTo(fixture));
    expect(fixture.bucket.objects().get(KEY)?.size).toBe(CONTENT.length);
    expect(fixture.bucket.uploads()).toEqual([]);
  });

  it('without its answer, in one put, is no object of somebody else', async () => {
    const fixture = await openSink();
    fail(fixture, 'PutObject', { kind: 'reset-after' });
    await send(SMALL, uploadTo(fixture));
    expect(fixture.bucket.objects().get(KEY)?.bytes().toString()).toBe('a report');
  });

  const always: readonly (readonly [string, S3Fault, string])[] = [
    [
      'CreateMultipartUpload',
      { kind: 'error', status: 403, code: 'AccessDenied' },
      'SINK_UNAUTHORIZED',
    ],
    ['UploadPart', { kind: 'error', status: 503, code: 'SlowDown' }, 'SINK_UNAVAILABLE'],
    [
      'CompleteMultipartUpload',
      { kind: 'error', status: 503, code: 'SlowDown' },
      'SINK_UNAVAILABLE',
    ],
    ['CompleteMultipartUpload', { kind: 'destroy-upload' }, 'SINK_UNAVAILABLE'],
    ['CompleteMultipartUpload', { kind: 'lie' }, 'SINK_UNAVAILABLE'],
  ];

  it.each(always)('always (%s, %o) leaves nothing', async (operation, fault, code) => {
    const fixture = await openSink();
    failAlways(fixture, operation, fault);
    await expect(send(CONTENT, uploadTo(fixture))).rejects.toMatchObject({ code });
    fixture.double.intercept = null;
    expect([...fixture.bucket.objects().keys()]).toEqual([]);
    // After a lie the upload is known to be completed, and its end is not asked for.
    if (fault.kind !== 'lie') expect(fixture.bucket.uploads()).toEqual([]);
  });

  it('names the bucket that is missing', async () => {
    const fixture = await openSink();
    const given = send(SMALL, uploadTo(fixture, { bucket: 'nowhere' }));
    await expect(given).rejects.toThrow(/Create the bucket "nowhere"/);
  });
});

describe('an upload that is given up', () => {
  it('in mid-upload ends the requests under way and leaves nothing', async () => {
    const fixture = await openSink();
    failAlways(fixture, 'UploadPart', { kind: 'hang' });
    const writable = uploadTo(fixture);
    const sent = send(CONTENT, writable);
    const reason = new Error('enough');
    await until(() => operationsOf(fixture).includes('UploadPart'));
    writable.destroy(reason);
    await expect(sent).rejects.toBe(reason);
    await until(() => writable.closed);
    expectNothing(fixture);
  });

  it('before its first part was full sends nothing', async () => {
    const fixture = await openSink();
    const writable = uploadTo(fixture);
    writable.write(SMALL);
    await turn();
    writable.destroy(new Error('enough'));
    await finished(writable).catch(() => undefined);
    expect(fixture.double.requests).toEqual([]);
  });
});

describe('exportOnce to an upload', () => {
  const row = { id: 'r', text: 'x'.repeat(100_000) };
  const page = { rows: Array.from({ length: 60 }, () => row) };
  const encoder = jsonlEncoder({ compression: 'none' });

  it('resolves when the object is there', async () => {
    const fixture = await openSink();
    const source = scriptedSource([page, page]);
    const { bytes } = await exportOnce({ source, encoder, writable: uploadTo(fixture) });
    expect(fixture.bucket.objects().get(KEY)?.size).toBe(bytes);
    expect(bytes).toBeGreaterThan(2 * PART_BYTES);
  });

  it('leaves nothing when the source fails after parts were sent', async () => {
    const fixture = await openSink();
    const failure = new SourceError('SOURCE_UNAVAILABLE', 'gone');
    const source = scriptedSource([page, page, page, page, page, page, failure]);
    const given = exportOnce({ source, encoder, writable: uploadTo(fixture) });
    await expect(given).rejects.toBe(failure);
    expect(operationsOf(fixture)).toContain('CreateMultipartUpload');
    expectNothing(fixture);
  });

  it('tells why the upload failed', async () => {
    const fixture = await openSink();
    failAlways(fixture, 'UploadPart', { kind: 'error', status: 403, code: 'AccessDenied' });
    const source = scriptedSource([page, page]);
    const given = exportOnce({ source, encoder, writable: uploadTo(fixture) });
    await expect(given).rejects.toMatchObject({
      code: 'WRITABLE_FAILED',
      cause: { code: 'SINK_UNAUTHORIZED' },
    });
    expectNothing(fixture);
  });
});
