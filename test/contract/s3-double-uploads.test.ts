import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type UploadPartCommandInput,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { BUCKET, openDouble, outcome, uploadParts } from '../support/double-fixture.js';

const NAME = { Bucket: BUCKET, Key: 'day/object' };
const BODIES = ['first part of it', 'and the last one'];

function crc32Bytes(bytes: Buffer): Buffer {
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc32(bytes));
  return digest;
}

const base64 = (text: string): string => crc32Bytes(Buffer.from(text)).toString('base64');

interface UploadPlan {
  readonly create?: Partial<CreateMultipartUploadCommandInput>;
  readonly part?: Partial<UploadPartCommandInput>;
  /** Changes what the completion says. */
  readonly complete?: (parts: readonly CompletedPart[]) => Partial<CompletionInput>;
}

type CompletionInput = CompleteMultipartUploadCommandInput;

/** Uploads both parts with CRC32 and completes, as far as the plan does not say otherwise. */
async function upload(client: S3Client, plan: UploadPlan = {}): Promise<void> {
  const input = { ...NAME, ChecksumAlgorithm: 'CRC32', ...plan.create } as const;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(input));
  const parts: CompletedPart[] = [];
  for (const [index, Body] of BODIES.entries()) {
    const part = { ...NAME, UploadId, PartNumber: index + 1, Body };
    const sent = { ...part, ChecksumAlgorithm: 'CRC32', ...plan.part } as const;
    const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(sent));
    parts.push({ PartNumber: index + 1, ETag, ChecksumCRC32 });
  }
  const completion = { ...NAME, UploadId, MultipartUpload: { Parts: parts } };
  const more = plan.complete?.(parts) ?? {};
  await client.send(new CompleteMultipartUploadCommand({ ...completion, ...more }));
}

describe('the checksums of an upload', () => {
  it('make a composite one: the checksum of the parts’ checksums, and their number', async () => {
    const { client } = await openDouble();
    await upload(client);
    const head = await client.send(new HeadObjectCommand({ ...NAME, ChecksumMode: 'ENABLED' }));
    const digests = BODIES.map((body) => crc32Bytes(Buffer.from(body)));
    const composite = crc32Bytes(Buffer.concat(digests)).toString('base64');
    expect(head).toMatchObject({ ChecksumCRC32: `${composite}-2`, ChecksumType: 'COMPOSITE' });
  });

  it('make that of the whole object where the upload asks for it', async () => {
    const { client } = await openDouble();
    const ChecksumType = 'FULL_OBJECT';
    await upload(client, { create: { ChecksumType } });
    const head = await client.send(new HeadObjectCommand({ ...NAME, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ChecksumCRC32: base64(BODIES.join('')), ChecksumType });
  });

  it('are forgotten by a service that knows none, at each part and after it', async () => {
    const { client } = await openDouble({ checksums: 'ignored' });
    await upload(client);
    const head = await client.send(new HeadObjectCommand({ ...NAME, ChecksumMode: 'ENABLED' }));
    expect(head.ETag).toMatch(/-2"$/);
    expect(head.ChecksumCRC32).toBeUndefined();
  });

  const bare = (parts: readonly CompletedPart[]): Partial<CompletionInput> => ({
    MultipartUpload: { Parts: parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) },
  });
  const wrong = (parts: readonly CompletedPart[]): Partial<CompletionInput> => ({
    MultipartUpload: { Parts: parts.map((part) => ({ ...part, ChecksumCRC32: 'AAAAAA==' })) },
  });

  it.each<[string, UploadPlan, string]>([
    ['missing on a part', { part: { ChecksumAlgorithm: undefined } }, '400 InvalidRequest'],
    ['of another kind on a part', { part: { ChecksumAlgorithm: 'SHA256' } }, '400 InvalidRequest'],
    ['missing in the completion', { complete: bare }, '400 InvalidRequest'],
    ['other ones in the completion', { complete: wrong }, '400 InvalidPart'],
    [
      'another one of the object',
      { complete: () => ({ ChecksumCRC32: 'AAAAAA==' }) },
      '400 BadDigest',
    ],
    [
      'of another kind for the object',
      { complete: () => ({ ChecksumSHA1: 'AA==' }) },
      '400 BadDigest',
    ],
    ['whole with SHA256', wholeSha256(), '400 InvalidRequest'],
  ])('%s: refused', async (_, plan, refusal) => {
    const { double, client } = await openDouble();
    expect(await outcome(upload(client, plan))).toBe(refusal);
    expect(double.bucket(BUCKET).objects().size).toBe(0);
  });

  function wholeSha256(): UploadPlan {
    return { create: { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' } };
  }

  it('are refused of one who did not announce them', async () => {
    const { double, client } = await openDouble();
    const plan = { create: { ChecksumAlgorithm: undefined }, complete: bare };
    expect(await outcome(upload(client, plan))).toBe('400 InvalidRequest');
    expect(double.bucket(BUCKET).objects().size).toBe(0);
  });

  it('are asked of nobody who did not announce them', async () => {
    const { double, makeClient } = await openDouble();
    await upload(makeClient({ requestChecksumCalculation: 'WHEN_REQUIRED' }), {
      create: { ChecksumAlgorithm: undefined },
      part: { ChecksumAlgorithm: undefined },
      complete: bare,
    });
    const object = double.bucket(BUCKET).objects().get(NAME.Key);
    expect(object?.bytes().toString()).toBe(BODIES.join(''));
  });
});

describe('an uploaded object', () => {
  it('has what its upload was created with, and the ETag of its parts', async () => {
    const { double, client } = await openDouble();
    const create = {
      ContentType: 'application/x-ndjson',
      ContentEncoding: 'gzip',
      Metadata: { writer: 'tests' },
      Tagging: 'team=data&kind=trace',
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'AES256',
    } as const;
    await upload(client, { create });
    const md5 = (data: string | Buffer): Buffer => createHash('md5').update(data).digest();
    expect(double.bucket(BUCKET).objects().get(NAME.Key)).toMatchObject({
      contentType: create.ContentType,
      contentEncoding: 'gzip',
      metadata: create.Metadata,
      tags: { team: 'data', kind: 'trace' },
      storageClass: 'STANDARD_IA',
      encryption: { algorithm: 'AES256', keyId: null },
      etag: `${md5(Buffer.concat(BODIES.map(md5))).toString('hex')}-2`,
    });
  });

  it('stays as it is when the inside of the bucket aborts uploads', async () => {
    const { double, client } = await openDouble();
    await upload(client);
    const open = await uploadParts(client, NAME.Key, BODIES);
    const bucket = double.bucket(BUCKET);
    expect(bucket.uploads()).toMatchObject([{ key: NAME.Key, uploadId: open.uploadId }]);
    bucket.abortUploads();
    expect(await outcome(client.send(open.complete))).toBe('404 NoSuchUpload');
    expect(bucket.objects().size).toBe(1);
  });

  it('keeps its versions once versioning is on, and a removal hides them', async () => {
    const { double, client } = await openDouble();
    const Status = 'Enabled';
    const VersioningConfiguration = { Status } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
    await client.send(new PutObjectCommand({ ...NAME, Body: 'first' }));
    await upload(client);
    const bucket = double.bucket(BUCKET);
    expect(bucket.objects().get(NAME.Key)?.versions).toBe(2);
    bucket.remove(NAME.Key);
    expect(await outcome(client.send(new HeadObjectCommand(NAME)))).toBe('404 NotFound');
    bucket.put(NAME.Key, 'again');
    expect(bucket.objects().get(NAME.Key)?.versions).toBe(4);
  });
});

describe('a double in a process of its own', () => {
  it('prints where it is, serves its bucket, and ends with its parent’s pipe', async () => {
    const script = fileURLToPath(new URL('../support/s3-double/process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, BUCKET], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { url: endpoint, ...rest } = JSON.parse(line) as {
      url: string;
      region: string;
      credentials: { accessKeyId: string; secretAccessKey: string };
    };
    const client = new S3Client({ endpoint, ...rest, forcePathStyle: true, maxAttempts: 1 });
    expect(await outcome(client.send(new PutObjectCommand({ ...NAME, Body: 'body' })))).toBe(
      'done',
    );
    client.destroy();
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
