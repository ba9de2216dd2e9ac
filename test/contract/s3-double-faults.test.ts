import {
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { BUCKET, openDouble, outcome, uploadParts } from '../support/double-fixture.js';
import type { S3Double, S3Fault } from '../support/s3-double/index.js';

const KEY = 'day/object';
const PARTS = ['first part of it', 'and the last one'];

const put = (client: S3Client): Promise<string> =>
  outcome(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' })));
const head = (client: S3Client): Promise<string> =>
  outcome(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: KEY })));
const parts = (client: S3Client, UploadId: string): Promise<string> =>
  outcome(client.send(new ListPartsCommand({ Bucket: BUCKET, Key: KEY, UploadId })));

/** The fault happens to the next request of that operation, once. */
function injectOnce(double: S3Double, operation: string, fault: S3Fault): void {
  double.intercept = (request) => {
    if (request.operation !== operation) return null;
    double.intercept = null;
    return fault;
  };
}

const stored = (double: S3Double): boolean => double.bucket(BUCKET).objects().has(KEY);

describe('a fault of a write', () => {
  it('error: the answer is the injected one, with its headers, and nothing is kept', async () => {
    const { double, client } = await openDouble();
    const headers = { 'retry-after': '3' };
    injectOnce(double, 'PutObject', { kind: 'error', status: 503, code: 'SlowDown', headers });
    const error = await client
      .send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' }))
      .catch((reason: unknown) => reason as { name: string; $response: { headers: object } });
    expect(error).toMatchObject({ name: 'SlowDown', $response: { headers } });
    expect(stored(double)).toBe(false);
    expect(double.requests.at(-1)).toMatchObject({ operation: 'PutObject', status: 503 });
    expect(await put(client)).toBe('done');
  });

  it.each<[S3Fault['kind'] & ('reset-before' | 'reset-after' | 'reset-mid'), boolean]>([
    ['reset-before', false],
    ['reset-mid', false],
    ['reset-after', true],
  ])('%s: there is no answer, and the object is kept: %s', async (kind, kept) => {
    const { double, client } = await openDouble();
    injectOnce(double, 'PutObject', { kind });
    expect(await put(client)).toMatch(/^no answer/);
    expect(stored(double)).toBe(kept);
    expect(double.requests.at(-1)).toMatchObject({ operation: 'PutObject', status: 0 });
  });

  it('reset-mid: a read breaks off in the middle of the body', async () => {
    const { double, client } = await openDouble();
    double.bucket(BUCKET).put(KEY, Buffer.alloc(1_000_000, 'x'));
    injectOnce(double, 'GetObject', { kind: 'reset-mid' });
    const read = async (): Promise<unknown> => {
      const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY }));
      return await object.Body?.transformToByteArray();
    };
    await expect(read()).rejects.toThrow();
    expect(await read()).toHaveLength(1_000_000);
  });

  it('hang: nothing comes back until the client gives up, and nothing is kept', async () => {
    const { double, client } = await openDouble();
    const arrived = new Promise<void>((resolve) => {
      double.intercept = () => {
        resolve();
        return { kind: 'hang' };
      };
    });
    const stop = new AbortController();
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' });
    const sent = outcome(client.send(command, { abortSignal: stop.signal }));
    await arrived;
    stop.abort();
    expect(await sent).toMatch(/^no answer: AbortError/);
    double.intercept = null;
    expect(await head(client)).toBe('404 NotFound');
  });

  it('late: the connection is reset at once, the object appears when it is told to', async () => {
    const { double, client } = await openDouble();
    injectOnce(double, 'PutObject', { kind: 'late' });
    expect(await put(client)).toMatch(/^no answer/);
    expect(await head(client)).toBe('404 NotFound');
    await double.settleLate();
    expect(await head(client)).toBe('done');
  });

  it('late: a condition is judged when the write lands, not when it was sent', async () => {
    const { double, client } = await openDouble();
    const create = (Body: string): PutObjectCommand =>
      new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body, IfNoneMatch: '*' });
    injectOnce(double, 'PutObject', { kind: 'late' });
    expect(await outcome(client.send(create('late')))).toMatch(/^no answer/);
    expect(await outcome(client.send(create('first')))).toBe('done');
    await double.settleLate();
    expect(double.bucket(BUCKET).objects().get(KEY)?.bytes().toString()).toBe('first');
  });

  it('lie: the answer is a success with an ETag, and nothing is kept', async () => {
    const { double, client } = await openDouble();
    injectOnce(double, 'PutObject', { kind: 'lie' });
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' });
    expect((await client.send(command)).ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(stored(double)).toBe(false);
  });
});

describe('a fault of a completion', () => {
  it('error-in-200: the SDK reads the error out of the answer, and the upload is still there', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    injectOnce(double, 'CompleteMultipartUpload', { kind: 'error-in-200', code: 'InternalError' });
    // The SDK turns the status of such an answer into that of a failure.
    expect(await outcome(client.send(upload.complete))).toMatch(/ InternalError$/);
    expect(double.requests.at(-1)?.status).toBe(200);
    expect(stored(double)).toBe(false);
    expect(await outcome(client.send(upload.complete))).toBe('done');
  });

  it('reset-after: the object is there although no answer came', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    injectOnce(double, 'CompleteMultipartUpload', { kind: 'reset-after' });
    expect(await outcome(client.send(upload.complete))).toMatch(/^no answer/);
    expect(stored(double)).toBe(true);
    expect(double.bucket(BUCKET).uploads()).toEqual([]);
  });

  it('lie: upload and parts are still there after the success', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    injectOnce(double, 'CompleteMultipartUpload', { kind: 'lie' });
    expect((await client.send(upload.complete)).ETag).toMatch(/-2"$/);
    expect(stored(double)).toBe(false);
    expect(double.bucket(BUCKET).uploads()).toMatchObject([{ parts: [{}, {}] }]);
  });

  it('hide-upload: for so many requests there is neither upload nor object, then the object', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    const fault: S3Fault = { kind: 'hide-upload', requests: 3 };
    injectOnce(double, 'CompleteMultipartUpload', fault);
    expect(await outcome(client.send(upload.complete))).toBe('500 InternalError');
    expect(await parts(client, upload.uploadId)).toBe('404 NoSuchUpload');
    expect(await outcome(client.send(upload.complete))).toBe('404 NoSuchUpload');
    expect(await head(client)).toBe('404 NotFound');
    expect(await head(client)).toBe('done');
    expect(double.bucket(BUCKET).objects().get(KEY)?.bytes().toString()).toBe(PARTS.join(''));
    expect(await parts(client, upload.uploadId)).toBe('404 NoSuchUpload');
  });

  it('hide-upload: the object appears at once when what is late is told to happen', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    const fault: S3Fault = { kind: 'hide-upload', requests: 1000 };
    injectOnce(double, 'CompleteMultipartUpload', fault);
    expect(await outcome(client.send(upload.complete))).toBe('500 InternalError');
    expect(await head(client)).toBe('404 NotFound');
    await double.settleLate();
    expect(await head(client)).toBe('done');
    expect(double.bucket(BUCKET).uploads()).toEqual([]);
  });

  it('destroy-upload: a conflict, and the upload is gone for good', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, PARTS);
    injectOnce(double, 'CompleteMultipartUpload', { kind: 'destroy-upload' });
    expect(await outcome(client.send(upload.complete))).toBe('409 ConditionalRequestConflict');
    expect(await outcome(client.send(upload.complete))).toBe('404 NoSuchUpload');
    await double.settleLate();
    expect(stored(double)).toBe(false);
  });
});

describe('the hook', () => {
  it('sees each request before its effect, with what the log then tells of it', async () => {
    const { double, client } = await openDouble();
    const seen: unknown[] = [];
    double.intercept = (request) => {
      const { operation, bucket, key, bytes, status } = request;
      seen.push({ operation, bucket, key, bytes, status, stored: stored(double) });
      return null;
    };
    await put(client);
    const asked = { operation: 'PutObject', bucket: BUCKET, key: KEY, bytes: 4, status: 0 };
    expect(seen).toEqual([{ ...asked, stored: false }]);
    const { accessKeyId } = double.credentials;
    expect(double.requests).toMatchObject([{ index: 0, bytes: 4, status: 200, accessKeyId }]);
    double.clearRequests();
    expect(double.requests).toEqual([]);
  });

  it('does not make a refused request take effect', async () => {
    const { double, makeClient } = await openDouble();
    const credentials = { ...double.credentials, secretAccessKey: 'not the secret' };
    injectOnce(double, 'PutObject', { kind: 'late' });
    expect(await put(makeClient({ credentials }))).toBe('403 SignatureDoesNotMatch');
    await double.settleLate();
    expect(stored(double)).toBe(false);
    expect(double.requests.at(-1)).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
  });
});
