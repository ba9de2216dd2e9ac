import assert from 'node:assert/strict';

import {
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';

import { complete, head, put, read, remove, sendPart, startUpload } from './actions.js';
import { refused } from './expectations.js';
import type { S3Check, S3World } from './world.js';

/** What an object may be given when it is made, besides its bytes. */
const HEADERS = {
  ContentType: 'application/x-ndjson',
  ContentEncoding: 'gzip',
  Metadata: { 'export-id': 'prod', nonce: '0123456789abcdef' },
};

/** Settings of objects and buckets. */
export const SETTING_CHECKS: readonly S3Check[] = [
  ...bothWays('content type, content encoding and metadata stay with the object', {
    settings: HEADERS,
    async verify(world, object) {
      const { ContentType, ContentEncoding, Metadata } = object;
      assert.deepEqual({ ContentType, ContentEncoding, Metadata }, HEADERS);
      // A client that unpacks on its own would give other bytes.
      assert.equal((await read(world, 'object')).toString(), 'body');
    },
  }),
  ...bothWays('tags stay with the object', {
    settings: { Tagging: 'team=data&note=two%20words' },
    async verify(world) {
      const command = new GetObjectTaggingCommand({ Bucket: world.bucket, Key: 'object' });
      const { TagSet = [] } = await world.client.send(command);
      const tags = Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value]));
      const expected = { team: 'data', note: 'two words' };
      assert.deepEqual(tags, expected, `has the tags ${JSON.stringify(tags)}`);
    },
  }),
  ...bothWays('the storage class stays with the object', {
    settings: { StorageClass: 'STANDARD_IA' },
    async verify(_, { StorageClass }) {
      assert.equal(StorageClass, 'STANDARD_IA');
    },
  }),
  ...bothWays("encryption with the server's own key is confirmed", {
    settings: { ServerSideEncryption: 'AES256' },
    async verify(world, { ServerSideEncryption }) {
      assert.equal(ServerSideEncryption, 'AES256', `confirmed ${ServerSideEncryption}`);
      assert.equal((await read(world, 'object')).toString(), 'body');
    },
  }),
  ...bothWays('encryption with a named key is confirmed', {
    settings: 'named-key',
    async verify(world, { ServerSideEncryption, SSEKMSKeyId }) {
      assert.equal(ServerSideEncryption, 'aws:kms');
      // S3 answers with the full name of the key, whichever name it was given.
      assert.equal(SSEKMSKeyId?.split('/').at(-1), world.kmsKeyId);
      assert.equal((await read(world, 'object')).toString(), 'body');
    },
  }),
  ...bothWays('full control for the owner of the bucket may be granted', {
    settings: { ACL: 'bucket-owner-full-control' },
    async verify(world) {
      assert.equal((await read(world, 'object')).toString(), 'body');
    },
  }),
  {
    name: 'encryption with a key that nobody knows is refused',
    async run(world) {
      const settings = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'unknown-key' } as const;
      const write = put(world, { Key: 'object', Body: 'body', ...settings });
      await refused(write, { status: [400, 403] });
    },
  },
  {
    name: 'a storage class that does not exist answers InvalidStorageClass',
    async run(world) {
      const write = put(world, {
        Key: 'object',
        Body: 'body',
        StorageClass: 'NO_CLASS' as 'GLACIER',
      });
      await refused(write, { status: [400], code: ['InvalidStorageClass'] });
    },
  },
  {
    name: 'a versioned bucket keeps what a write replaced and what was removed',
    async run(world) {
      await world.client.send(
        new PutBucketVersioningCommand({
          Bucket: world.bucket,
          VersioningConfiguration: { Status: 'Enabled' },
        }),
      );
      const first = await put(world, { Key: 'object', Body: 'first' });
      const second = await put(world, { Key: 'object', Body: 'second' });
      await remove(world, 'object');
      await refused(read(world, 'object'), { status: [404] });
      for (const [version, body] of [
        [first, 'first'],
        [second, 'second'],
      ] as const) {
        const kept = await read(world, 'object', { VersionId: version.VersionId });
        assert.equal(kept.toString(), body);
      }
      const listing = new ListObjectVersionsCommand({ Bucket: world.bucket });
      const { Versions = [], DeleteMarkers = [] } = await world.client.send(listing);
      assert.deepEqual([Versions.length, DeleteMarkers.length], [2, 1]);
    },
  },
];

type Settings = Parameters<typeof startUpload>[2];

interface SettingRule {
  /** `named-key` stands for encryption with the key of the server under test. */
  readonly settings: NonNullable<Settings> | 'named-key';
  readonly verify: (world: S3World, object: HeadObjectCommandOutput) => Promise<void>;
}

/** Objects are made in two ways, and settings can get lost in either. */
function bothWays(name: string, { settings, verify }: SettingRule): readonly S3Check[] {
  const given = (world: S3World): NonNullable<Settings> =>
    settings === 'named-key'
      ? { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: world.kmsKeyId }
      : settings;
  return [
    {
      name: `${name}, written by PutObject`,
      async run(world) {
        await put(world, { Key: 'object', Body: 'body', ...given(world) });
        await verify(world, await head(world, 'object'));
      },
    },
    {
      name: `${name}, written by a multipart upload`,
      async run(world) {
        const upload = await startUpload(world, 'object', given(world));
        const part = await sendPart(world, upload, { PartNumber: 1, Body: 'body' });
        await complete(world, upload, [part]);
        await verify(world, await head(world, 'object'));
      },
    },
  ];
}
