import assert from 'node:assert/strict';

import {
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';

import { anyBytes, head, listKeys, put, read, remove, startUpload } from './actions.js';
import { accepted, NOT_FOUND, refused, refusedAnswer, sameBytes } from './expectations.js';
import type { S3Check, S3World } from './world.js';

const NO_SUCH_BUCKET = { status: [404], code: ['NoSuchBucket'] };

/** Writing, reading and removing single objects, and what is not there. */
export const OBJECT_CHECKS: readonly S3Check[] = [
  {
    name: 'an object comes back as it was written, with its size',
    async run(world) {
      const body = anyBytes(100_000);
      await put(world, { Key: 'object', Body: body });
      sameBytes(await read(world, 'object'), body);
      assert.equal((await head(world, 'object')).ContentLength, body.length);
    },
  },
  {
    name: 'an empty object comes back empty',
    async run(world) {
      await put(world, { Key: 'object', Body: Buffer.alloc(0) });
      assert.equal((await head(world, 'object')).ContentLength, 0);
      assert.equal((await read(world, 'object')).length, 0);
    },
  },
  {
    name: 'a write replaces the object under its key, and is read at once',
    async run(world) {
      for (let round = 0; round < 10; round += 1) {
        await put(world, { Key: 'object', Body: `round ${round}` });
        assert.equal((await read(world, 'object')).toString(), `round ${round}`);
      }
    },
  },
  {
    name: 'a range of an object gives those bytes alone',
    async run(world) {
      const body = anyBytes(1_000);
      await put(world, { Key: 'object', Body: body });
      const range = async (Range: string): Promise<Buffer> =>
        await read(world, 'object', { Range });
      sameBytes(await range('bytes=10-19'), body.subarray(10, 20));
      sameBytes(await range('bytes=990-'), body.subarray(990));
      sameBytes(await range('bytes=-5'), body.subarray(995));
      sameBytes(await range('bytes=990-5000'), body.subarray(990));
    },
  },
  {
    name: 'a range behind the end of an object answers 416',
    async run(world) {
      await put(world, { Key: 'object', Body: 'short' });
      await refused(read(world, 'object', { Range: 'bytes=5-9' }), { status: [416] });
    },
  },
  {
    name: 'a missing object answers 404 NoSuchKey to a read and 404 to a HEAD',
    async run(world) {
      await refused(read(world, 'object'), { status: [404], code: ['NoSuchKey'] });
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'a missing bucket answers 404 NoSuchBucket',
    async run(world) {
      const missing = { ...world, bucket: `${world.bucket}-missing` };
      await refused(put(missing, { Key: 'object', Body: 'x' }), NO_SUCH_BUCKET);
      await refused(read(missing, 'object'), NO_SUCH_BUCKET);
      await refused(listKeys(missing), NO_SUCH_BUCKET);
      await refused(startUpload(missing, 'object'), NO_SUCH_BUCKET);
    },
  },
  {
    name: 'HeadBucket tells a bucket that is there from one that is not',
    async run(world) {
      await world.client.send(new HeadBucketCommand({ Bucket: world.bucket }));
      const missing = new HeadBucketCommand({ Bucket: `${world.bucket}-missing` });
      await refused(world.client.send(missing), { status: [404] });
    },
  },
  {
    name: 'removing an object twice, or one that never was, succeeds',
    async run(world) {
      await put(world, { Key: 'object', Body: 'x' });
      await remove(world, 'object');
      await remove(world, 'object');
      await remove(world, 'never');
      await refused(head(world, 'object'), NOT_FOUND);
    },
  },
  {
    name: 'several objects are removed by one request with a CRC32',
    async run(world) {
      for (const key of ['a', 'b & <c>', 'd']) await put(world, { Key: key, Body: 'x' });
      const keys = ['a', 'b & <c>', 'never'].map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket: world.bucket, Delete: { Objects: keys } });
      const { Deleted = [], Errors = [] } = await world.client.send(command);
      assert.deepEqual(Errors, []);
      assert.equal(Deleted.length, 3);
      assert.deepEqual(await listKeys(world), ['d']);
    },
  },
  {
    name: 'several objects are removed by one request with a Content-MD5',
    async run(world) {
      for (const key of ['a', 'b', 'c']) await put(world, { Key: key, Body: 'x' });
      accepted(await sendRemoval(world, ['a', 'b'], (body) => md5(body)));
      assert.deepEqual(await listKeys(world), ['c']);
    },
  },
  {
    name: 'a request to remove several objects with a wrong Content-MD5 removes none',
    async run(world) {
      await put(world, { Key: 'a', Body: 'x' });
      const answer = await sendRemoval(world, ['a'], () => md5(Buffer.from('other')));
      refusedAnswer(answer, { status: [400], code: ['BadDigest'] });
      assert.deepEqual(await listKeys(world), ['a']);
    },
  },
  {
    name: 'a key may have 1,024 bytes',
    async run(world) {
      const longest = 'é'.repeat(512);
      await put(world, { Key: longest, Body: 'x' });
      assert.deepEqual(await listKeys(world), [longest]);
    },
  },
  {
    name: 'a key of more than 1,024 bytes answers KeyTooLongError',
    async run(world) {
      const longer = put(world, { Key: `${'é'.repeat(512)}x`, Body: 'x' });
      await refused(longer, { status: [400], code: ['KeyTooLongError'] });
    },
  },
  {
    name: 'a page of a listing may not be asked for with a token that no page gave',
    async run(world) {
      const settings = { Bucket: world.bucket, ContinuationToken: 'nobody gave this' };
      const page = world.client.send(new ListObjectsV2Command(settings));
      await refused(page, { status: [400], code: ['InvalidArgument'] });
    },
  },
  {
    name: 'the wrong owner of a bucket is refused',
    async run(world) {
      const settings = { Bucket: world.bucket, Key: 'object', Body: 'x' };
      const owner = { ExpectedBucketOwner: '999999999999' };
      const write = world.client.send(new PutObjectCommand({ ...settings, ...owner }));
      await refused(write, { status: [403], code: ['AccessDenied'] });
      assert.deepEqual(await listKeys(world), []);
    },
  },
];

async function sendRemoval(
  world: S3World,
  keys: readonly string[],
  digest: (body: Uint8Array) => string,
): ReturnType<S3World['send']> {
  const objects = keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('');
  const body = Buffer.from(`<Delete>${objects}</Delete>`);
  return await world.send({
    method: 'POST',
    path: `/${world.bucket}`,
    query: { delete: '' },
    headers: { 'content-md5': digest(body), 'content-type': 'application/xml' },
    body,
  });
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}
