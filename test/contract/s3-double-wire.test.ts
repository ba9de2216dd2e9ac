import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it } from 'vitest';

import { BUCKET, openDouble, outcome } from '../support/double-fixture.js';
import { type RawRequest, sendRequest } from '../support/s3-checks/raw-request.js';
import { sha256, signChunk, type Signer, signingTime } from '../support/s3-checks/sign.js';
import type { S3Double } from '../support/s3-double/index.js';

const PATH = `/${BUCKET}/object`;
const CHUNK = Buffer.alloc(8192, 'chunk ');

/** Sends a request that the SDK would not make; gives status and code. */
async function send(double: S3Double, request: Partial<RawRequest>): Promise<string> {
  const { url: endpoint, region, credentials } = double;
  const server = { endpoint, region, credentials };
  const { status, code } = await sendRequest(server, { method: 'PUT', path: PATH, ...request });
  return `${status} ${code}`.trim();
}

const kept = (double: S3Double): string | null =>
  double.bucket(BUCKET).objects().get('object')?.bytes().toString() ?? null;

function base64Crc32(bytes: Buffer): string {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest.toString('base64');
}

/** The signature of trailers, written down anew: nothing of the double's is used. */
function signTrailer(signer: Signer, previous: string, trailer: string): string {
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const time = signingTime(signer.date);
  const day = time.slice(0, 8);
  const date = hmac(`AWS4${signer.credentials.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(date, signer.region), 's3'), 'aws4_request');
  const scope = `${day}/${signer.region}/s3/aws4_request`;
  const lines = ['AWS4-HMAC-SHA256-TRAILER', time, scope, previous, sha256(trailer)];
  return hmac(key, lines.join('\n')).toString('hex');
}

interface SignedTrailer {
  readonly checksum: string;
  /** What is sent in place of the signed checksum. */
  readonly sent?: string;
}

function withSignedTrailer({ checksum, sent = checksum }: SignedTrailer): Partial<RawRequest> {
  const name = 'x-amz-checksum-crc32';
  return {
    payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    headers: {
      'transfer-encoding': 'chunked',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': `${CHUNK.length}`,
      'x-amz-trailer': name,
    },
    bodyOf: (signer, seed) => {
      const first = signChunk(signer, seed, CHUNK);
      const last = signChunk(signer, first, Buffer.alloc(0));
      const signature = signTrailer(signer, last, `${name}:${checksum}\n`);
      return Buffer.concat([
        Buffer.from(`${CHUNK.length.toString(16)};chunk-signature=${first}\r\n`),
        CHUNK,
        Buffer.from(`\r\n0;chunk-signature=${last}\r\n${name}:${sent}\r\n`),
        Buffer.from(`x-amz-trailer-signature:${signature}\r\n\r\n`),
      ]);
    },
  };
}

function withTrailer(chunks: readonly string[], headers: object = {}): Partial<RawRequest> {
  const content = Buffer.from(chunks.join(''));
  const framed = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  const body = `${framed.join('')}0\r\nx-amz-checksum-crc32:${base64Crc32(content)}\r\n\r\n`;
  return {
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': `${content.length}`,
      'x-amz-trailer': 'x-amz-checksum-crc32',
      ...headers,
    },
    body: Buffer.from(body),
  };
}

describe('a signed trailer', () => {
  it('is accepted with the right signature, and the object is whole', async () => {
    const { double } = await openDouble();
    const checksum = base64Crc32(CHUNK);
    expect(await send(double, withSignedTrailer({ checksum }))).toBe('200');
    expect(kept(double)).toBe(CHUNK.toString());
    const object = double.bucket(BUCKET).objects().get('object');
    expect(object?.checksum).toEqual({ algorithm: 'CRC32', value: checksum, type: 'FULL_OBJECT' });
    expect(object?.contentEncoding).toBeNull();
  });

  it('that was changed after its signature is refused', async () => {
    const { double } = await openDouble();
    const request = withSignedTrailer({ checksum: base64Crc32(CHUNK), sent: 'AAAAAA==' });
    expect(await send(double, request)).toBe('403 SignatureDoesNotMatch');
    expect(kept(double)).toBeNull();
  });

  it('that is signed and wrong is refused', async () => {
    const { double } = await openDouble();
    const request = withSignedTrailer({ checksum: 'AAAAAA==' });
    expect(await send(double, request)).toBe('400 BadDigest');
    expect(kept(double)).toBeNull();
  });
});

describe('a stream of chunks', () => {
  it('may have one chunk below 8 KiB only at its end', async () => {
    const { double } = await openDouble();
    const chunk = CHUNK.toString();
    expect(await send(double, withTrailer([chunk, 'end']))).toBe('200');
    expect(kept(double)).toBe(`${chunk}end`);
    expect(await send(double, withTrailer(['small', chunk]))).toBe('403 InvalidChunkSizeError');
  });

  it('keeps other encodings of the object and drops its own', async () => {
    const { double } = await openDouble();
    const headers = { 'content-encoding': 'gzip,aws-chunked' };
    expect(await send(double, withTrailer(['body'], headers))).toBe('200');
    expect(double.bucket(BUCKET).objects().get('object')?.contentEncoding).toBe('gzip');
  });

  it.each([
    ['no decoded length', { 'x-amz-decoded-content-length': '' }, '411 MissingContentLength'],
    ['another decoded length', { 'x-amz-decoded-content-length': '5' }, '400 IncompleteBody'],
    ['an unknown trailer', { 'x-amz-trailer': 'x-amz-other' }, '400 InvalidRequest'],
    ['another trailer', { 'x-amz-trailer': 'x-amz-checksum-sha1' }, '400 InvalidRequest'],
  ])('with %s is refused and not kept', async (_, headers, refusal) => {
    const { double } = await openDouble();
    expect(await send(double, withTrailer(['body'], headers))).toBe(refusal);
    expect(kept(double)).toBeNull();
  });
});

describe('checksums', () => {
  const body = Buffer.from('body');

  it.each<[string, Record<string, string>, string]>([
    ['two at once', crcAnd({ 'x-amz-checksum-sha1': sha1Text() }), '400 InvalidRequest'],
    ['a value of another length', { 'x-amz-checksum-crc32': 'AAAA' }, '400 InvalidRequest'],
    ['another than announced', crcAnd(announced('SHA256')), '400 InvalidRequest'],
    ['an announced one that is missing', announced('CRC32'), '400 InvalidRequest'],
    ['one of other bytes', { 'x-amz-checksum-crc32': 'AAAAAA==' }, '400 BadDigest'],
    ['one that fits', crcAnd(announced('CRC32')), '200'],
  ])('%s', async (_, headers, answer) => {
    const { double } = await openDouble();
    expect(await send(double, { body, headers })).toBe(answer);
    expect(kept(double)).toBe(answer === '200' ? 'body' : null);
  });

  function crcAnd(headers: Record<string, string>): Record<string, string> {
    return { 'x-amz-checksum-crc32': base64Crc32(Buffer.from('body')), ...headers };
  }

  function announced(algorithm: string): Record<string, string> {
    return { 'x-amz-sdk-checksum-algorithm': algorithm };
  }

  function sha1Text(): string {
    return Buffer.alloc(20).toString('base64');
  }

  it('knows CRC32C by its published value', async () => {
    const { double } = await openDouble();
    const digits = Buffer.from('123456789');
    // The check value of CRC-32/ISCSI: 0xe3069283.
    const headers = { 'x-amz-checksum-crc32c': Buffer.from('e3069283', 'hex').toString('base64') };
    expect(await send(double, { body: digits, headers })).toBe('200');
    expect(await send(double, { body, headers })).toBe('400 BadDigest');
  });
});

describe('the clock', () => {
  it('a request of more than 15 minutes ago, or from as far ahead, is refused', async () => {
    const { double } = await openDouble();
    const at = (minutes: number): Promise<string> =>
      send(double, { date: new Date(Date.now() + minutes * 60_000) });
    expect(await at(-14)).toBe('200');
    expect(await at(14)).toBe('200');
    expect(await at(-16)).toBe('403 RequestTimeTooSkewed');
    expect(await at(16)).toBe('403 RequestTimeTooSkewed');
  });

  it('a server with another clock refuses, and its Date header tells its time', async () => {
    const now = new Date(Date.now() + 20 * 60_000);
    const { client } = await openDouble({ now: () => now });
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'object', Body: 'body' });
    const error: unknown = await client.send(command).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'RequestTimeTooSkewed',
      $response: { headers: { date: now.toUTCString() } },
    });
  });

  it('a signed URL holds for its seconds on the clock of the server', async () => {
    let now = new Date();
    const { client } = await openDouble({ now: () => now });
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'object' });
    const url = await getSignedUrl(client, command, { expiresIn: 60 });
    const write = async (): Promise<number> =>
      (await fetch(url, { method: 'PUT', body: 'body' })).status;
    expect(await write()).toBe(200);
    now = new Date(now.getTime() + 62_000);
    expect(await write()).toBe(403);
  });
});

describe('what is signed', () => {
  it('a header of AWS that the signature leaves out is refused', async () => {
    const { client } = await openDouble();
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers['x-amz-meta-added'] = 'late';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'object', Body: 'body' });
    expect(await outcome(client.send(command))).toBe('403 AccessDenied');
  });

  it.each([
    ['an unknown parameter', { query: { acl: '' } }],
    ['an unknown header of AWS', { headers: { 'x-amz-website-redirect-location': '/' } }],
    ['a condition on time', { headers: { 'if-unmodified-since': new Date(0).toUTCString() } }],
    ['an unknown method', { method: 'PATCH' }],
  ])('%s answers NotImplemented', async (_, request) => {
    const { double } = await openDouble();
    expect(await send(double, request)).toBe('501 NotImplemented');
    expect(kept(double)).toBeNull();
  });
});
