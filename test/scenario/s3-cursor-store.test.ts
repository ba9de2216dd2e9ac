import { describe, expect, it } from 'vitest';

import type { CursorStore } from 'tracehaul';
import { s3CursorStore } from 'tracehaul/s3';
import { manualClock } from 'tracehaul/testing';

import { BUCKET } from '../support/double-fixture.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  documentIn,
  faultOnce,
  hangOn,
  keysOf,
  openSaved,
  openStore,
  operationsOf,
  rejectionOf,
} from '../support/s3-store-fixture.js';

const CONFLICT = { name: 'CheckpointError', code: 'CHECKPOINT_CONFLICT' };
const CORRUPT = { name: 'CheckpointError', code: 'CHECKPOINT_CORRUPT' };
const UNAVAILABLE = { name: 'CheckpointError', code: 'CHECKPOINT_UNAVAILABLE' };
const containing = (text: string): string => expect.stringContaining(text) as string;

describe('the object of a document', () => {
  it('holds the document and an id that no other save has', async () => {
    const { double, store } = await openStore({ prefix: 'team/cursors' });
    const texts = new Set<string>();
    let ifRevision: string | null = null;
    for (let round = 0; round < 3; round += 1) {
      ({ revision: ifRevision } = await store.save('a/b', { same: true }, { ifRevision }));
      const object = double.bucket(BUCKET).objects().get('team/cursors/a/b.json');
      expect(object?.contentType).toBe('application/json');
      expect(object?.checksum?.algorithm).toBe('CRC32');
      const envelope = JSON.parse(object?.bytes().toString() ?? '') as { revision: string };
      expect(envelope).toEqual({
        revision: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        document: { same: true },
      });
      texts.add(envelope.revision);
    }
    expect(texts.size).toBe(3);
  });

  it.each(['sse-s3', 'sse-kms'] as const)('is encrypted by %s on demand', async (type) => {
    const { double, store } = await openStore({ encryption: { type } });
    await store.save('key', 1, { ifRevision: null });
    const algorithm = type === 'sse-s3' ? 'AES256' : 'aws:kms';
    const { encryption } = double.bucket(BUCKET).objects().get('_cursors/key.json') ?? {};
    expect(encryption).toMatchObject({ algorithm });
  });

  const foreign = 'is cut off or no document of this store';

  it.each([
    ['more than 300 KiB', 'x'.repeat(300 * 1024 + 1), 'has more than 307200 bytes'],
    ['an object of somebody else', '{"name":"x"}', foreign],
    ['a document that is cut off', `{"revision":"${'0'.repeat(32)}","document":{"a"`, foreign],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff]), foreign],
  ])('that is %s is corrupt, and named', async (_what, content, problem) => {
    const { double, store, revision } = await openSaved();
    double.bucket(BUCKET).put('_cursors/key.json', content);
    const error = {
      ...CORRUPT,
      retryable: false,
      message: containing(`the object "_cursors/key.json" ${problem}`),
      remedy: containing('Restore that object from an earlier version'),
    };
    expect(await rejectionOf(store.load('key'))).toMatchObject(error);
    const save = store.save('key', 1, { ifRevision: revision });
    expect(await rejectionOf(save)).toMatchObject(error);
    const deletion = store.delete('key', { ifRevision: revision });
    expect(await rejectionOf(deletion)).toMatchObject(error);
  });

  it('that would be too large is refused before anything is sent', async () => {
    const { double, store } = await openSaved();
    const save = store.save('key', 'x'.repeat(256 * 1024), { ifRevision: null });
    expect(await rejectionOf(save)).toMatchObject({ code: 'CHECKPOINT_TOO_LARGE' });
    expect(double.requests).toEqual([]);
  });
});

describe('a revision', () => {
  it.each(['*', '"x", "y"', 'x,y', '', 'x y'])(
    'that holds %o for an ETag is no precondition, but a conflict',
    async (etag) => {
      const fixture = await openSaved();
      const { double, store } = fixture;
      const save = store.save('key', 'after', { ifRevision: `${etag}:${'0'.repeat(32)}` });
      expect(await rejectionOf(save)).toMatchObject(CONFLICT);
      expect(operationsOf(double)).toEqual(['GetObject']);
      expect(await documentIn(fixture)).toBe('before');
    },
  );

  it('of ten stores is taken by one', async () => {
    const { makeStore, store, revision } = await openSaved();
    const stores = Array.from({ length: 10 }, () => makeStore());
    const saves = stores.map((each, writer) => each.save('key', writer, { ifRevision: revision }));
    const settled = await Promise.allSettled(saves);
    const winners = settled.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
    expect(winners).toHaveLength(1);
    for (const { status, ...rest } of settled)
      if (status === 'rejected') expect(rest).toMatchObject({ reason: CONFLICT });
    expect((await store.load('key'))?.document).toBe(winners[0]);
  });
});

describe('a deleted document', () => {
  it('leaves a tombstone of 47 bytes, shorter than any document, and no list shows it', async () => {
    const { double, store, revision } = await openSaved();
    await store.delete('key', { ifRevision: revision });
    for (const [at, document] of [0, '', [], {}, null].entries())
      await store.save(`short-${at}`, document, { ifRevision: null });
    const sizes = [...double.bucket(BUCKET).objects()].map(([key, { size }]) => [key, size]);
    expect(Object.fromEntries(sizes)).toMatchObject({
      '_cursors/key.json': 47,
      '_cursors/probes/conditional-write': 47,
      '_cursors/short-0.json': 60,
      '_cursors/short-1.json': 61,
    });
    expect(await keysOf(store)).toEqual(['short-0', 'short-1', 'short-2', 'short-3', 'short-4']);
    expect(operationsOf(double)).not.toContain('DeleteObject');
  });

  it('is made anew over its tombstone by one of ten', async () => {
    const { makeStore, store, revision } = await openSaved();
    await store.delete('key', { ifRevision: revision });
    const stores = Array.from({ length: 10 }, () => makeStore());
    const saves = stores.map((each, writer) => each.save('key', writer, { ifRevision: null }));
    const settled = await Promise.allSettled(saves);
    const winners = settled.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
    expect(winners).toHaveLength(1);
    expect((await store.load('key'))?.document).toBe(winners[0]);
  });
});

describe('a list', () => {
  it('goes over its pages, and leaves out what is no document', async () => {
    const { double, store } = await openStore();
    const bucket = double.bucket(BUCKET);
    const keys = Array.from({ length: 1_005 }, (_, at) => `many-${1_000 + at}`);
    for (const key of keys) bucket.put(`_cursors/${key}.json`, 'x');
    for (const other of ['many-1.txt', 'many-1/.json', 'many/ä.json', 'many-1.json.json'])
      bucket.put(`_cursors/${other}`, 'x');
    bucket.put('_cursors-eu/many-9.json', 'x');
    expect(await keysOf(store, 'many')).toEqual(keys);
    expect(operationsOf(double)).toEqual(['ListObjectsV2', 'ListObjectsV2']);
  });
});

describe('what does not work', () => {
  it.each([
    ['s3:GetObject', (store: CursorStore) => store.load('key'), 's3:GetObject and s3:ListBucket'],
    [
      's3:PutObject',
      (store: CursorStore) => store.save('new', 1, { ifRevision: null }),
      's3:PutObject',
    ],
    ['s3:ListBucket', (store: CursorStore) => keysOf(store), 's3:ListBucket'],
    [
      's3:ListBucket',
      (store: CursorStore) => store.load('absent'),
      's3:GetObject and s3:ListBucket',
    ],
  ])('without %s is an error that names the right', async (action, call, named) => {
    const { double, store } = await openSaved();
    double.deny({ action });
    expect(await rejectionOf(call(store))).toMatchObject({
      ...UNAVAILABLE,
      retryable: false,
      remedy: containing(`Allow ${named} on the bucket`),
    });
  });

  it('is a missing document where the service hides it: an error, never null', async () => {
    const { store } = await openStore({}, { hideMissing: true });
    expect(await rejectionOf(store.load('key'))).toMatchObject({
      ...UNAVAILABLE,
      remedy: containing('s3:ListBucket'),
    });
  });

  it('is a bucket that is missing', async () => {
    const { store, makeStore } = await openStore();
    const elsewhere = makeStore({ bucket: 'nowhere' });
    for (const call of [elsewhere.load('key'), elsewhere.save('key', 1, { ifRevision: null })])
      expect(await rejectionOf(call)).toMatchObject({
        ...UNAVAILABLE,
        remedy: containing('Create the bucket "nowhere"'),
      });
    expect(await store.load('key')).toBeNull();
  });

  it('is a wrong secret, which no error tells', async () => {
    const { double } = await openStore();
    const { accessKeyId } = double.credentials;
    const clientConfig = clientConfigOf({
      ...double,
      endpoint: double.url,
      credentials: { accessKeyId, secretAccessKey: 'not-the-secret' },
    });
    const error = await rejectionOf(s3CursorStore({ bucket: BUCKET, clientConfig }).load('key'));
    expect(error).toMatchObject({
      ...UNAVAILABLE,
      remedy: containing('secret access key is wrong'),
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('not-the-secret');
  });

  it.each<[string, (store: CursorStore) => Promise<unknown>]>([
    ['load', (store) => store.load('key')],
    ['save', (store) => store.save('key', 1, { ifRevision: null })],
    ['list', (store) => keysOf(store)],
  ])('is a web page in place of the service: %s', async (_name, call) => {
    const { store } = await openStore({}, { answersEveryRequestWith: '<html>Welcome</html>' });
    expect(await rejectionOf(call(store))).toMatchObject({
      ...UNAVAILABLE,
      retryable: false,
      remedy: containing('What answers there is no S3'),
    });
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  it.each<[string, string, (store: CursorStore, signal: AbortSignal) => Promise<unknown>]>([
    ['load', 'GetObject', (store, signal) => store.load('key', { signal })],
    ['save', 'PutObject', (store, signal) => store.save('new', 1, { ifRevision: null, signal })],
    [
      'list',
      'ListObjectsV2',
      async (store, signal) => {
        for await (const key of store.list('', { signal })) expect(key).toBe('key');
      },
    ],
  ])('ends a %s that waits for its answer, with its reason', async (_name, operation, call) => {
    const { double, store } = await openSaved();
    const hanging = hangOn(double, operation);
    const controller = new AbortController();
    const called = rejectionOf(call(store, controller.signal));
    await hanging;
    controller.abort(reason);
    expect(await called).toBe(reason);
  });

  it('ends a pause before another attempt', async () => {
    const clock = manualClock();
    const { double, store } = await openSaved({ runtime: clock });
    double.intercept = () => ({ kind: 'error', status: 503, code: 'SlowDown' });
    const controller = new AbortController();
    const observer = ({ type }: { readonly type: string }): void => {
      if (type === 'retry') controller.abort(reason);
    };
    const load = store.load('key', { signal: controller.signal, observer });
    expect(await rejectionOf(load)).toBe(reason);
    expect(clock.sleepers).toBe(0);
  });
});

describe('the options', () => {
  it('are checked at once, all of them', () => {
    const options = { bucket: 'B', prefix: '/x', singleWriter: 1, checksum: 'sha', typo: 1 };
    expect(() => s3CursorStore(options as never)).toThrow(
      /s3CursorStore: `bucket`.*`prefix`.*`singleWriter`.*`checksum`.*`typo`/s,
    );
  });
});

describe('request events', () => {
  it('tell every request, with its bytes', async () => {
    const { store, revision } = await openSaved();
    const events: unknown[] = [];
    const observer = (event: unknown): void => void events.push(event);
    await store.load('key', { observer });
    await store.save('key', 1, { ifRevision: revision, observer });
    expect(events).toMatchObject([
      { type: 'request', target: 'store', operation: 'get-object', bytes: 67, outcome: 'ok' },
      { type: 'request', target: 'store', operation: 'put-object', bytes: 60, outcome: 'ok' },
    ]);
  });

  it('tell a failure', async () => {
    const { double, store, revision } = await openSaved();
    const events: unknown[] = [];
    faultOnce(double, 'PutObject', { kind: 'reset-before' });
    const observer = (event: unknown): void => void events.push(event);
    await rejectionOf(store.save('key', 1, { ifRevision: revision, observer }));
    expect(events).toMatchObject([{ operation: 'put-object', bytes: 0, outcome: 'error' }]);
  });
});
