import assert from 'node:assert/strict';

import { ListObjectsV2Command, type ListObjectsV2CommandInput } from '@aws-sdk/client-s3';

import { listKeys, put, read, remove } from './actions.js';
import type { S3Check, S3World } from './world.js';

/** More objects than one page of a listing may hold. */
const MANY = 1_005;

/** Requests at a time while many objects are made. */
const AT_ONCE = 16;

/** Keys with what URLs, XML and file names are apt to spoil. */
const ODD_KEYS: readonly string[] = [
  'a b+c%d&e=f?g#h.json',
  'day=2026-01-31/über/日本/😀',
  'two//slashes',
  '/slash-first',
  "~quote'(x)!*;:@$,",
  'percent%2Fcoded%20key',
  '<tag>&amp;"quoted"',
  'back\\slash|pipe^caret`tick{brace}[bracket]',
  'trailing/',
  '.',
  ' blanks ',
];

/** What listings give, and in which order. */
export const LIST_CHECKS: readonly S3Check[] = [
  {
    name: 'a listing is in the order of the UTF-8 bytes of keys',
    async run(world) {
      // As UTF-16 the last two would change places.
      const keys = ['A', 'Z', 'a', 'a-', 'a/', 'a0', 'é', '日', '\u{FF5E}', '\u{1F600}'];
      for (const key of keys.toReversed()) await put(world, { Key: key, Body: 'x' });
      assert.deepEqual(await listKeys(world), keys);
    },
  },
  {
    name: 'a listing gives exactly the keys that begin with the prefix',
    async run(world) {
      const keys = ['prod', 'prod-eu/a', 'prod/a', 'prod/b', 'product', 'xprod/a'];
      for (const key of keys) await put(world, { Key: key, Body: 'x' });
      assert.deepEqual(await listKeys(world, 'prod/'), ['prod/a', 'prod/b']);
      assert.deepEqual(await listKeys(world, 'prod'), keys.slice(0, 5));
      assert.deepEqual(await listKeys(world, 'nothing/'), []);
    },
  },
  {
    name: 'a listing begins after the key that it is told to',
    async run(world) {
      for (const key of ['a', 'b', 'c', 'd']) await put(world, { Key: key, Body: 'x' });
      assert.deepEqual((await listPage(world, { StartAfter: 'b' })).keys, ['c', 'd']);
      assert.deepEqual((await listPage(world, { StartAfter: 'bb' })).keys, ['c', 'd']);
      assert.deepEqual((await listPage(world, { StartAfter: 'd' })).keys, []);
    },
  },
  {
    name: 'a listing after a start with a prefix keeps to both',
    async run(world) {
      for (const key of ['a/1', 'b/1', 'b/2', 'c/1']) await put(world, { Key: key, Body: 'x' });
      const page = await listPage(world, { Prefix: 'b/', StartAfter: 'b/1' });
      assert.deepEqual(page.keys, ['b/2']);
      assert.deepEqual((await listPage(world, { Prefix: 'b/', StartAfter: 'a' })).keys.length, 2);
    },
  },
  {
    name: 'pages over more than 1,000 objects give each once, in order',
    async run(world) {
      const keys = Array.from(
        { length: MANY },
        (_, index) => `many/${`${index}`.padStart(5, '0')}`,
      );
      await putMany(world, keys);
      const pages = await listPages(world, { Prefix: 'many/' });
      assert.deepEqual(
        pages.map(({ length }) => length),
        [1_000, 5],
      );
      assert.deepEqual(pages.flat(), keys);
    },
  },
  {
    name: 'pages of a chosen size give each object once, in order',
    async run(world) {
      const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      for (const key of keys) await put(world, { Key: key, Body: 'x' });
      const pages = await listPages(world, { MaxKeys: 3 });
      assert.deepEqual(pages, [['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    },
  },
  {
    name: 'a listing with a delimiter gives the folders below the prefix',
    async run(world) {
      for (const key of ['x/a/1', 'x/a/2', 'x/b/1', 'x/top', 'y/1']) {
        await put(world, { Key: key, Body: 'x' });
      }
      const settings = { Bucket: world.bucket, Prefix: 'x/', Delimiter: '/' };
      const answer = await world.client.send(new ListObjectsV2Command(settings));
      const folders = answer.CommonPrefixes?.map(({ Prefix }) => Prefix);
      assert.deepEqual(folders, ['x/a/', 'x/b/']);
      assert.deepEqual(
        answer.Contents?.map(({ Key }) => Key),
        ['x/top'],
      );
    },
  },
  {
    name: 'a listed object has its size, its ETag and its time',
    async run(world) {
      const { ETag } = await put(world, { Key: 'object', Body: 'twelve bytes' });
      const command = new ListObjectsV2Command({ Bucket: world.bucket });
      const [listed] = (await world.client.send(command)).Contents ?? [];
      assert.deepEqual({ Size: listed?.Size, ETag: listed?.ETag }, { Size: 12, ETag });
      const age = Date.now() - (listed?.LastModified?.getTime() ?? 0);
      assert.ok(Math.abs(age) < 60_000, `changed ${age} ms ago`);
    },
  },
  {
    name: 'an object is listed as soon as it was written, and not once it was removed',
    async run(world) {
      for (let round = 0; round < 10; round += 1) {
        await put(world, { Key: 'object', Body: 'x' });
        assert.deepEqual(await listKeys(world), ['object']);
        await remove(world, 'object');
        assert.deepEqual(await listKeys(world), []);
      }
    },
  },
  ...ODD_KEYS.map(oddKeyCheck),
];

function oddKeyCheck(key: string): S3Check {
  return {
    name: `the key ${JSON.stringify(key)} is written, listed, read and removed as it is`,
    async run(world) {
      await put(world, { Key: key, Body: key });
      assert.deepEqual(await listKeys(world), [key]);
      assert.deepEqual(await listKeys(world, key), [key]);
      assert.equal((await read(world, key)).toString(), key);
      await remove(world, key);
      assert.deepEqual(await listKeys(world), []);
    },
  };
}

type ListSettings = Omit<ListObjectsV2CommandInput, 'Bucket'>;

async function listPage(
  world: S3World,
  settings: ListSettings,
): Promise<{ readonly keys: readonly string[]; readonly next: string | undefined }> {
  const command = new ListObjectsV2Command({ Bucket: world.bucket, ...settings });
  const { Contents = [], IsTruncated, NextContinuationToken } = await world.client.send(command);
  const keys = Contents.map(({ Key = '' }) => Key);
  return { keys, next: IsTruncated === true ? NextContinuationToken : undefined };
}

async function listPages(
  world: S3World,
  settings: ListSettings,
): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let token: string | undefined;
  do {
    const from = token === undefined ? {} : { ContinuationToken: token };
    const page = await listPage(world, { ...settings, ...from });
    pages.push(page.keys);
    token = page.next;
  } while (token !== undefined && pages.length < 10);
  return pages;
}

async function putMany(world: S3World, keys: readonly string[]): Promise<void> {
  for (let first = 0; first < keys.length; first += AT_ONCE) {
    const some = keys.slice(first, first + AT_ONCE);
    await Promise.all(some.map(async (Key) => await put(world, { Key, Body: 'x' })));
  }
}
