import { createHash } from 'node:crypto';

import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { BUCKET, openDouble, outcome, uploadParts } from '../support/double-fixture.js';

const KEY = 'day/object';

const put = (client: S3Client, input: Partial<PutObjectCommandInput> = {}): Promise<string> =>
  outcome(client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body', ...input })));
const head = (client: S3Client, Key: string = KEY): Promise<string> =>
  outcome(client.send(new HeadObjectCommand({ Bucket: BUCKET, Key })));

describe('where a bucket is', () => {
  it('a bucket of another region redirects there, also a HEAD, and takes nothing', async () => {
    const { double, client, makeClient } = await openDouble();
    const elsewhere = double.createBucket('elsewhere', { region: 'eu-west-1' });
    const Bucket = 'elsewhere';
    const error: unknown = await client
      .send(new PutObjectCommand({ Bucket, Key: KEY, Body: 'body' }))
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'PermanentRedirect',
      $response: { statusCode: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } },
    });
    const asked = await client
      .send(new HeadBucketCommand({ Bucket }))
      .catch((reason: unknown) => reason);
    expect(asked).toMatchObject({ $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } });
    const there = makeClient({ region: 'eu-west-1' });
    const sent = there.send(new PutObjectCommand({ Bucket, Key: KEY, Body: 'body' }));
    expect(await outcome(sent)).toBe('301 PermanentRedirect');
    expect(elsewhere.objects().size).toBe(0);
  });

  it('a signature for another region is malformed, and the error names the right one', async () => {
    const { makeClient, double } = await openDouble();
    const client = makeClient({ region: 'eu-central-1' });
    expect(await put(client)).toBe('400 AuthorizationHeaderMalformed');
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' });
    const error: unknown = await client.send(command).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ Region: double.region });
  });

  it('a bucket of an owner that the client does not expect is refused', async () => {
    const { double, client } = await openDouble();
    double.createBucket('theirs', { owner: '999988887777' });
    const Bucket = 'theirs';
    const right = await put(client, { Bucket, ExpectedBucketOwner: '999988887777' });
    const wrong = await put(client, { Bucket, ExpectedBucketOwner: '111122223333' });
    expect([right, wrong]).toEqual(['done', '403 AccessDenied']);
  });

  it('a bucket that was taken away is missing from then on', async () => {
    const { double, client } = await openDouble();
    const upload = await uploadParts(client, KEY, ['first part of it', 'second']);
    double.deleteBucket(BUCKET);
    expect(await outcome(client.send(upload.complete))).toBe('404 NoSuchBucket');
    expect(await put(client)).toBe('404 NoSuchBucket');
  });
});

describe('what a bucket takes', () => {
  it('nothing beyond its quota, of objects and parts together', async () => {
    const { double, client } = await openDouble();
    double.createBucket(BUCKET, { quotaBytes: 20 });
    expect(await put(client, { Body: 'twelve bytes' })).toBe('done');
    expect(await put(client, { Key: 'more', Body: 'twelve bytes' })).toBe('403 QuotaExceeded');
    const upload = uploadParts(client, 'parts', ['1234', '56789']);
    await expect(upload).rejects.toMatchObject({ name: 'QuotaExceeded' });
    expect(double.bucket(BUCKET).uploads()).toMatchObject([{ parts: [{ size: 4 }] }]);
  });

  it('no object and no part without a digest where it locks objects', async () => {
    const { double, client } = await openDouble();
    double.createBucket(BUCKET, { objectLock: true });
    expect(await put(client)).toBe('400 InvalidRequest');
    await expect(uploadParts(client, KEY, ['part'])).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
    expect(await put(client, { ChecksumAlgorithm: 'CRC32' })).toBe('done');
    const md5 = createHash('md5').update('body').digest('base64');
    expect(await put(client, { ContentMD5: md5 })).toBe('done');
    expect(await put(client, { ContentMD5: md5, Body: 'other' })).toBe('400 BadDigest');
    expect(double.bucket(BUCKET).objects().get(KEY)?.versions).toBe(2);
  });

  it('nothing without the encryption that its policy wants', async () => {
    const { double, client } = await openDouble();
    double.createBucket(BUCKET, { requiredEncryption: 'aws:kms' });
    expect(await put(client)).toBe('403 AccessDenied');
    expect(await put(client, { ServerSideEncryption: 'AES256' })).toBe('403 AccessDenied');
    await expect(uploadParts(client, KEY, ['part'])).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    expect(await put(client, { ServerSideEncryption: 'aws:kms' })).toBe('done');
  });

  it('no ACL but the one for its owner, unless ACLs are on', async () => {
    const { double, client } = await openDouble();
    expect(await put(client, { ACL: 'public-read' })).toBe('400 AccessControlListNotSupported');
    expect(await put(client, { ACL: 'bucket-owner-full-control' })).toBe('done');
    expect(double.bucket(BUCKET).objects().get(KEY)?.acl).toBe('bucket-owner-full-control');
    double.createBucket(BUCKET, { acls: true });
    expect(await put(client, { ACL: 'public-read' })).toBe('done');
  });
});

describe('keys of KMS', () => {
  const kms = (SSEKMSKeyId: string): Partial<PutObjectCommandInput> => ({
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId,
  });

  it('an ETag under KMS is no MD5, and new for each upload of the same bytes', async () => {
    const { double, client } = await openDouble();
    double.addKmsKey('key-1');
    const etags = new Set(['841a2d689ad86bd1611447453c22c6fc']);
    for (let index = 0; index < 3; index += 1) {
      await put(client, kms('key-1'));
      etags.add(double.bucket(BUCKET).objects().get(KEY)?.etag ?? '');
    }
    expect(etags.size).toBe(4);
  });

  it('an unknown key is not found, a denied one refused with the missing action', async () => {
    const { double, client, makeClient } = await openDouble();
    double.addUser({ accessKeyId: 'AKIAWRITER', secretAccessKey: 'secret' });
    double.addKmsKey('key-1', { deniedTo: ['AKIAWRITER'] });
    expect(await put(client, kms('key-2'))).toBe('400 KMS.NotFoundException');
    expect(await put(client, kms('key-1'))).toBe('done');
    const writer = makeClient({
      credentials: { accessKeyId: 'AKIAWRITER', secretAccessKey: 'secret' },
    });
    const input = { Bucket: BUCKET, Key: KEY, Body: 'body', ...kms('key-1') };
    await expect(writer.send(new PutObjectCommand(input))).rejects.toThrow(/kms:GenerateDataKey/);
  });

  it('a part of an upload under KMS needs kms:Decrypt, and so does a read', async () => {
    const { double, client } = await openDouble();
    double.addKmsKey('key-1');
    await put(client, kms('key-1'));
    const allow = double.deny({ action: 'kms:Decrypt' });
    const read = new GetObjectCommand({ Bucket: BUCKET, Key: KEY });
    await expect(client.send(read)).rejects.toThrow(/kms:Decrypt/);
    expect(await put(client, kms('key-1'))).toBe('done');
    allow();
    expect(await outcome(client.send(read))).toBe('done');
  });

  it('a head needs kms:Decrypt for the checksum, and for nothing else', async () => {
    const { double, client } = await openDouble();
    double.addKmsKey('key-1');
    await put(client, { ...kms('key-1'), ChecksumAlgorithm: 'CRC32' });
    double.deny({ action: 'kms:Decrypt' });
    expect(await head(client)).toBe('done');
    const asked = new HeadObjectCommand({ Bucket: BUCKET, Key: KEY, ChecksumMode: 'ENABLED' });
    expect(await outcome(client.send(asked))).toMatch(/^403/);
  });
});

describe('rights', () => {
  it('a denied action is refused by name, to that user alone, until it is allowed again', async () => {
    const { double, client, makeClient } = await openDouble();
    const user = { accessKeyId: 'AKIAWRITER', secretAccessKey: 'secret' };
    double.addUser(user);
    const writer = makeClient({ credentials: user });
    const { uploadId: UploadId } = await uploadParts(writer, KEY, ['part']);
    const abort = new AbortMultipartUploadCommand({ Bucket: BUCKET, Key: KEY, UploadId });
    const parts = new ListPartsCommand({ Bucket: BUCKET, Key: KEY, UploadId });
    const { accessKeyId } = user;
    const allow = double.deny({ action: 's3:AbortMultipartUpload', accessKeyId });
    double.deny({ action: 's3:ListMultipartUploadParts', accessKeyId });
    await expect(writer.send(abort)).rejects.toThrow(/s3:AbortMultipartUpload/);
    expect(await outcome(writer.send(parts))).toBe('403 AccessDenied');
    expect(await outcome(client.send(parts))).toBe('done');
    allow();
    expect(await outcome(writer.send(abort))).toBe('done');
  });

  it('a rule with a prefix is about those keys and listings only', async () => {
    const { double, client } = await openDouble();
    double.deny({ action: 's3:PutObject', prefix: 'other/' });
    double.deny({ action: 's3:ListBucket', prefix: 'other/' });
    expect(await put(client, { Key: 'other/object' })).toBe('403 AccessDenied');
    expect(await put(client)).toBe('done');
    const list = (Prefix: string): Promise<string> =>
      outcome(client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix })));
    expect([await list('other/'), await list('day/')]).toEqual(['403 AccessDenied', 'done']);
  });

  it('who may not list is not told that a key is missing', async () => {
    const { double, client } = await openDouble();
    expect(await head(client)).toBe('404 NotFound');
    double.deny({ action: 's3:ListBucket' });
    expect(await head(client)).toMatch(/^403/);
    const hiding = await openDouble({ hideMissing: true });
    expect(await head(hiding.client)).toMatch(/^403/);
    await put(hiding.client);
    expect(await head(hiding.client)).toBe('done');
  });

  it('a removal of several keys fails for the denied ones alone', async () => {
    const { double, client } = await openDouble();
    const bucket = double.bucket(BUCKET);
    for (const key of ['kept/a', 'day/b']) bucket.put(key, 'body');
    double.deny({ action: 's3:DeleteObject', prefix: 'kept/' });
    const Objects = [{ Key: 'kept/a' }, { Key: 'day/b' }];
    const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } });
    const { Deleted, Errors } = await client.send(command);
    expect(Deleted).toEqual([{ Key: 'day/b' }]);
    expect(Errors).toMatchObject([{ Key: 'kept/a', Code: 'AccessDenied' }]);
    expect([...bucket.objects().keys()]).toEqual(['kept/a']);
  });
});

describe('what AWS or a server like it may do otherwise', () => {
  it('equal parts: parts of several sizes are refused, but a smaller last one is not', async () => {
    const { client } = await openDouble({ equalParts: true });
    const complete = async (key: string, parts: readonly string[]): Promise<string> =>
      outcome(client.send((await uploadParts(client, key, parts)).complete));
    expect(await complete('equal', ['1234567890', '1234567890', 'end'])).toBe('done');
    expect(await complete('uneven', ['1234567890', '12345678901', 'end'])).toBe('400 InvalidPart');
    expect(await complete('long', ['1234567890', '12345678901'])).toBe('400 InvalidPart');
  });

  it('conditional writes: ignored ones overwrite, unknown ones answer 501', async () => {
    const ignoring = await openDouble({ conditionalWrites: 'ignored' });
    expect(await put(ignoring.client)).toBe('done');
    expect(await put(ignoring.client, { IfNoneMatch: '*', Body: 'second' })).toBe('done');
    const object = ignoring.double.bucket(BUCKET).objects().get(KEY);
    expect(object?.bytes().toString()).toBe('second');
    const without = await openDouble({ conditionalWrites: 'not-implemented' });
    expect(await put(without.client, { IfNoneMatch: '*' })).toBe('501 NotImplemented');
    expect(await put(without.client, { IfMatch: '"etag"' })).toBe('501 NotImplemented');
    expect(await head(without.client)).toBe('404 NotFound');
  });

  it('ETags: some servers compare If-Match with the bare ETag only', async () => {
    const { double, client } = await openDouble({ etags: 'unquoted-if-match' });
    await put(client);
    const etag = (): string => double.bucket(BUCKET).objects().get(KEY)?.etag ?? '';
    expect(await put(client, { IfMatch: `"${etag()}"` })).toBe('412 PreconditionFailed');
    expect(await put(client, { IfMatch: etag() })).toBe('done');
  });

  it('a second completion succeeds like the first, or finds no upload', async () => {
    for (const [repeatedComplete, second] of [
      ['ok', 'done'],
      ['no-such-upload', '404 NoSuchUpload'],
    ] as const) {
      const { client } = await openDouble({ repeatedComplete });
      const upload = await uploadParts(client, KEY, ['first part of it', 'second']);
      expect(await outcome(client.send(upload.complete))).toBe('done');
      expect(await outcome(client.send(upload.complete))).toBe(second);
    }
  });

  it('an endpoint that is not S3 answers its page to everything', async () => {
    const page = '<!doctype html><html><body>Welcome</body></html>';
    const { double, client } = await openDouble({ answersEveryRequestWith: page });
    const answer = await fetch(`${double.url}/${BUCKET}/${KEY}`);
    expect([answer.status, await answer.text()]).toEqual([200, page]);
    // The SDK takes a page for an answer without content: only what is missing from it tells.
    const written = await client.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'body' }),
    );
    expect([written.ETag, written.$metadata.requestId]).toEqual([undefined, undefined]);
    expect(double.bucket(BUCKET).objects().size).toBe(0);
  });

  it('what the double does not know is refused, never ignored', async () => {
    const { client } = await openDouble();
    expect(await put(client, { WebsiteRedirectLocation: '/away' })).toBe('501 NotImplemented');
    expect(await put(client, { ChecksumCRC64NVME: 'AAAAAAAAAAA=' })).toBe('501 NotImplemented');
    const list = new ListObjectsV2Command({ Bucket: BUCKET, FetchOwner: true });
    expect(await outcome(client.send(list))).toBe('501 NotImplemented');
  });
});
