import assert from 'node:assert/strict';

import { ListMultipartUploadsCommand, type MultipartUpload } from '@aws-sdk/client-s3';

import { abort, complete, prepareUpload, startUpload } from './actions.js';
import type { S3Check, S3World } from './world.js';

/** Finding the uploads that are neither completed nor aborted. */
export const UPLOAD_LIST_CHECKS: readonly S3Check[] = [
  {
    name: 'uploads are listed under their exact prefix, in the order of keys',
    async run(world) {
      for (const key of ['prod/b', 'prod-eu/a', 'prod/a', 'other']) await startUpload(world, key);
      assert.deepEqual(await uploadKeys(world, 'prod/'), ['prod/a', 'prod/b']);
      assert.deepEqual(await uploadKeys(world, 'nothing/'), []);
      assert.deepEqual(await uploadKeys(world, ''), ['other', 'prod-eu/a', 'prod/a', 'prod/b']);
    },
  },
  {
    name: 'a listed upload has its id, and the time of its beginning',
    async run(world) {
      const { Key, UploadId } = await startUpload(world, 'object');
      const [upload] = (await uploadPage(world, '', {})).uploads;
      assert.deepEqual({ Key: upload?.Key, UploadId: upload?.UploadId }, { Key, UploadId });
      const age = Date.now() - (upload?.Initiated?.getTime() ?? 0);
      assert.ok(Math.abs(age) < 60_000, `began ${age} ms ago`);
    },
  },
  {
    name: 'each of two uploads of one key is listed',
    async run(world) {
      const first = await startUpload(world, 'object');
      const second = await startUpload(world, 'object');
      const { uploads } = await uploadPage(world, '', {});
      const ids = uploads.map(({ UploadId }) => UploadId);
      assert.deepEqual(new Set(ids), new Set([first.UploadId, second.UploadId]));
    },
  },
  {
    name: 'completed and aborted uploads are not listed',
    async run(world) {
      const done = await prepareUpload(world, 'done', Buffer.from('done'));
      await complete(world, done.upload, done.parts);
      await abort(world, await startUpload(world, 'aborted'));
      await startUpload(world, 'open');
      assert.deepEqual(await uploadKeys(world, ''), ['open']);
    },
  },
  {
    name: 'pages of uploads give each upload once, also several of one key',
    async run(world) {
      const started: string[] = [];
      for (const key of ['a', 'b', 'b', 'b', 'c', 'd']) {
        started.push((await startUpload(world, key)).UploadId);
      }
      const listed = await pagedUploadIds(world);
      assert.equal(listed.length, started.length);
      assert.deepEqual(new Set(listed), new Set(started));
    },
  },
  {
    name: 'keys of uploads come back as they were given, whatever they hold',
    async run(world) {
      const keys = ['a b+c%2F&d=e', 'day=2026-01-31/über/日本', "quote'(x)!*~"];
      for (const key of keys) await startUpload(world, key);
      assert.deepEqual(new Set(await uploadKeys(world, '')), new Set(keys));
    },
  },
];

interface Marker {
  readonly KeyMarker?: string;
  readonly UploadIdMarker?: string;
}

async function uploadPage(
  world: S3World,
  Prefix: string,
  page: Marker & { readonly MaxUploads?: number },
): Promise<{ readonly uploads: readonly MultipartUpload[]; readonly next: Marker | null }> {
  const command = new ListMultipartUploadsCommand({ Bucket: world.bucket, Prefix, ...page });
  const answer = await world.client.send(command);
  const { Uploads: uploads = [], NextKeyMarker = '', NextUploadIdMarker = '' } = answer;
  const next = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
  return { uploads, next: answer.IsTruncated === true ? next : null };
}

async function uploadKeys(
  world: S3World,
  prefix: string,
): Promise<readonly (string | undefined)[]> {
  return (await uploadPage(world, prefix, {})).uploads.map(({ Key }) => Key);
}

async function pagedUploadIds(world: S3World): Promise<readonly (string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  let marker: Marker | null = {};
  for (let pages = 0; marker !== null && pages < 10; pages += 1) {
    const page = await uploadPage(world, '', { ...marker, MaxUploads: 2 });
    ids.push(...page.uploads.map(({ UploadId }) => UploadId));
    marker = page.next;
  }
  return ids;
}
