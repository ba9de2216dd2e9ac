import assert from 'node:assert/strict';

import type { Awaitable, CursorStore, Json } from '../../interfaces/index.js';
import type { ContractCase } from './contract-case.js';
import { drain, expectAborted, expectCode } from './sink-kit.js';

export interface CursorStoreContractOptions<T extends CursorStore = CursorStore> {
  /** A store over fresh, empty storage that no other case sees. */
  readonly create: () => Awaitable<T>;
  /**
   * Another instance over the storage of the given one, as a new process would make it.
   * @defaultValue the given instance itself
   */
  readonly reopen?: ((store: T) => Awaitable<CursorStore>) | undefined;
  /**
   * Makes the stored document of a key unreadable, as a disk fault would. Without it the cases about corrupt
   * documents are skipped.
   */
  readonly corrupt?: ((store: T, key: string, content: Uint8Array) => Awaitable<void>) | undefined;
}

interface Kit {
  readonly store: CursorStore;
  readonly reopen: () => Promise<CursorStore>;
  readonly corrupt: (key: string, content: Uint8Array) => Promise<void>;
}

type Check = (kit: Kit) => Promise<void>;

/** The rules of {@link CursorStore} as cases for any test runner. May gain cases in a minor version. */
export function cursorStoreContract<T extends CursorStore>(
  options: CursorStoreContractOptions<T>,
): readonly ContractCase[] {
  const { create, reopen, corrupt } = options;
  const casesOf = (checks: Readonly<Record<string, Check>>, skip: boolean): ContractCase[] =>
    Object.entries(checks).map(([name, check]) => ({
      name,
      skip,
      run: async () => {
        const store = await create();
        await check({
          store,
          reopen: async () => reopen?.(store) ?? store,
          corrupt: async (key, content) => corrupt?.(store, key, content),
        });
      },
    }));
  return [...casesOf(CHECKS, false), ...casesOf(CORRUPT_CHECKS, corrupt === undefined)];
}

const CHECKS: Readonly<Record<string, Check>> = {
  'names itself': namesItself,
  'what was never saved is null': absent,
  'a saved document is loaded, by every instance, under its revision': saved,
  'a document is replaced only over its current revision': replaced,
  'a save under a stale revision changes nothing': staleSave,
  'a document that must not exist is created once': createdOnce,
  'of creations at the same time one wins': createRace,
  'of saves over one revision at the same time one wins': saveRace,
  'increments by five workers are all counted': incrementRace,
  'a deleted document is null, and can be created again': deleted,
  'a delete under a stale revision changes nothing': staleDelete,
  'a revision is never used twice, also not after a delete': freshRevisions,
  'documents of any shape come back': shapes,
  'any Unicode comes back': unicode,
  'documents of 250 KiB come back': largeDocument,
  'what is loaded shares nothing with what was saved': independence,
  'documents do not touch each other': separateKeys,
  'keys that are no keys are refused': wrongKeys,
  'a listing is exact, in order, without what was deleted': listing,
  'an abort rejects with its reason, and nothing happens': aborts,
};

const CORRUPT_CHECKS: Readonly<Record<string, Check>> = {
  'a corrupt document is an error, never null': (kit) => corruptDocument(kit, '{"cursor":"abc'),
  'an empty document is an error, never null': (kit) => corruptDocument(kit, ''),
  'a document with changed bytes is an error': (kit) => corruptDocument(kit, '\u0000\u0001\u0002'),
};

async function revisionOf(store: CursorStore, key: string): Promise<string | null> {
  return (await store.load(key))?.revision ?? null;
}

async function documentOf(store: CursorStore, key: string): Promise<Json | undefined> {
  return (await store.load(key))?.document;
}

async function namesItself({ store }: Kit): Promise<void> {
  assert.match(store.name, /^[a-z][a-z0-9-]*$/);
  assert.ok(
    !store.name.startsWith('unsafe-'),
    'a store without compare-and-swap breaks this contract',
  );
}

async function absent({ store }: Kit): Promise<void> {
  assert.equal(await store.load('export/prod'), null);
  assert.equal(await store.load('export'), null);
  await expectCode(store.save('export/prod', 1, { ifRevision: '1' }), 'CHECKPOINT_CONFLICT');
  await expectCode(store.delete('export/prod', { ifRevision: '1' }), 'CHECKPOINT_CONFLICT');
  assert.equal(await store.load('export/prod'), null);
}

async function saved({ store, reopen }: Kit): Promise<void> {
  const document = { cursor: 'abc', sequence: 1, pending: null };
  const { revision } = await store.save('export/prod', document, { ifRevision: null });
  assert.deepEqual(await store.load('export/prod'), { document, revision });
  assert.deepEqual(await (await reopen()).load('export/prod'), { document, revision });
}

async function replaced({ store, reopen }: Kit): Promise<void> {
  let revision: string | null = null;
  for (let round = 0; round < 20; round += 1) {
    const worker = round % 2 === 0 ? store : await reopen();
    revision = (await worker.save('key', { round }, { ifRevision: revision })).revision;
    assert.deepEqual(await store.load('key'), { document: { round }, revision });
  }
}

async function staleSave({ store, reopen }: Kit): Promise<void> {
  const first = await store.save('key', 1, { ifRevision: null });
  const second = await (await reopen()).save('key', 2, { ifRevision: first.revision });
  for (const ifRevision of [first.revision, null, 'nonsense', `${second.revision}0`]) {
    await expectCode(store.save('key', 3, { ifRevision }), 'CHECKPOINT_CONFLICT');
  }
  assert.deepEqual(await store.load('key'), { document: 2, revision: second.revision });
}

async function createdOnce({ store, reopen }: Kit): Promise<void> {
  await store.save('key', 1, { ifRevision: null });
  await expectCode(store.save('key', 1, { ifRevision: null }), 'CHECKPOINT_CONFLICT');
  await expectCode((await reopen()).save('key', 2, { ifRevision: null }), 'CHECKPOINT_CONFLICT');
  assert.equal(await documentOf(store, 'key'), 1);
}

/** Saves by ten workers at once; fails unless one succeeded, with what is then loaded, and nine conflicted. */
async function race({ store, reopen }: Kit, ifRevision: string | null): Promise<void> {
  const workers = [store, await reopen(), await reopen()];
  const saves = Array.from({ length: 10 }, async (_, worker) =>
    (workers[worker % workers.length] as CursorStore).save('key', { worker }, { ifRevision }),
  );
  const settled = await Promise.allSettled(saves);
  const winners = settled.flatMap(({ status }, worker) => (status === 'fulfilled' ? [worker] : []));
  assert.equal(winners.length, 1, `${winners.length} of 10 saves won`);
  for (const [worker, save] of saves.entries()) {
    if (worker !== winners[0]) await expectCode(save, 'CHECKPOINT_CONFLICT');
  }
  assert.deepEqual(await documentOf(store, 'key'), { worker: winners[0] });
}

async function createRace(kit: Kit): Promise<void> {
  await race(kit, null);
}

async function saveRace(kit: Kit): Promise<void> {
  const { revision } = await kit.store.save('key', 'first', { ifRevision: null });
  await race(kit, revision);
}

async function incrementRace({ store, reopen }: Kit): Promise<void> {
  const seen: string[] = [];
  const increment = async (worker: CursorStore): Promise<void> => {
    for (;;) {
      const current = await worker.load('counter');
      const next = Number(current?.document ?? 0) + 1;
      const ifRevision = current?.revision ?? null;
      try {
        seen.push((await worker.save('counter', next, { ifRevision })).revision);
        return;
      } catch (error) {
        await expectCode(Promise.reject(error as Error), 'CHECKPOINT_CONFLICT');
      }
    }
  };
  const workers = [store, await reopen(), await reopen(), await reopen(), await reopen()];
  await Promise.all(
    workers.map(async (worker) => {
      for (let round = 0; round < 10; round += 1) await increment(worker);
    }),
  );
  assert.equal(await documentOf(store, 'counter'), 50, 'increments were lost or counted twice');
  assert.equal(new Set(seen).size, 50, 'a revision was used twice');
}

async function deleted({ store, reopen }: Kit): Promise<void> {
  const { revision } = await store.save('key', 1, { ifRevision: null });
  await store.delete('key', { ifRevision: revision });
  assert.equal(await store.load('key'), null);
  assert.equal(await (await reopen()).load('key'), null);
  await expectCode(store.delete('key', { ifRevision: revision }), 'CHECKPOINT_CONFLICT');
  await expectCode(store.save('key', 2, { ifRevision: revision }), 'CHECKPOINT_CONFLICT');
  await store.save('key', 3, { ifRevision: null });
  assert.equal(await documentOf(store, 'key'), 3);
}

async function staleDelete({ store }: Kit): Promise<void> {
  const first = await store.save('key', 1, { ifRevision: null });
  const second = await store.save('key', 2, { ifRevision: first.revision });
  for (const ifRevision of [first.revision, 'nonsense'])
    await expectCode(store.delete('key', { ifRevision }), 'CHECKPOINT_CONFLICT');
  assert.deepEqual(await store.load('key'), { document: 2, revision: second.revision });
}

async function freshRevisions({ store, reopen }: Kit): Promise<void> {
  const seen: string[] = [];
  for (let life = 0; life < 4; life += 1) {
    const worker = life % 2 === 0 ? store : await reopen();
    let ifRevision: string | null = null;
    for (let round = 0; round <= life; round += 1) {
      ifRevision = (await worker.save('key', 'same', { ifRevision })).revision;
      seen.push(ifRevision);
    }
    if (ifRevision !== null) await worker.delete('key', { ifRevision });
  }
  assert.equal(new Set(seen).size, seen.length, 'a revision was used twice');
}

async function roundTrip(store: CursorStore, documents: readonly Json[]): Promise<void> {
  for (const document of documents) {
    await store.save('key', document, { ifRevision: await revisionOf(store, 'key') });
    const loaded = await documentOf(store, 'key');
    assert.ok(JSON.stringify(loaded) === JSON.stringify(document), 'a document came back changed');
  }
}

async function shapes({ store }: Kit): Promise<void> {
  const members = JSON.parse(
    '{"__proto__":{"a":1},"":"empty","deleted":true,"document":1}',
  ) as Json;
  await roundTrip(store, [
    null,
    false,
    '',
    0,
    -1.5e300,
    Number.MAX_SAFE_INTEGER,
    [],
    {},
    [[], [null, { a: [1] }]],
    members,
    { b: 1, a: 2, '10': 3, '9': 4 },
  ]);
}

async function unicode({ store }: Kit): Promise<void> {
  await roundTrip(store, [
    'ünïcödé 日本語 😀 \u2028\u2029\ufeff',
    '\u0000\u001f"\\/\u007f\u0080',
    '\ud800 and \udfff alone',
    'e\u0301 is not \u00e9',
    { 'ключ\ud83d\ude00': '\u0000' },
  ]);
}

async function largeDocument({ store }: Kit): Promise<void> {
  const cursor = Array.from({ length: 1_000 }, (_, at) => `${at}:é😀"\\`.padEnd(60, '·')).join('');
  const document = {
    cursor,
    filler: 'x'.repeat(250 * 1024 - Buffer.byteLength(JSON.stringify(cursor)) - 30),
  };
  await roundTrip(store, [document, 'small again', document]);
}

async function independence({ store }: Kit): Promise<void> {
  const document = { list: [1] };
  await store.save('key', document, { ifRevision: null });
  document.list.push(2);
  const loaded = (await documentOf(store, 'key')) as { list: number[] };
  assert.deepEqual(loaded, { list: [1] });
  loaded.list.push(3);
  assert.deepEqual(await documentOf(store, 'key'), { list: [1] });
}

async function separateKeys({ store }: Kit): Promise<void> {
  const keys = ['a', 'a/b', 'a/b/c', 'a-b', 'a_b', 'A', `${'x'.repeat(99)}/${'y'.repeat(100)}`];
  for (const key of keys) await store.save(key, { key }, { ifRevision: null });
  const { revision } = (await store.load('a/b')) ?? { revision: '' };
  await store.delete('a/b', { ifRevision: revision });
  for (const key of keys)
    assert.deepEqual(await documentOf(store, key), key === 'a/b' ? undefined : { key });
}

async function wrongKeys({ store }: Kit): Promise<void> {
  for (const key of [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '..',
    'a/../b',
    'a.b',
    'a b',
    'é',
    'x'.repeat(201),
  ]) {
    await expectCode(store.load(key), 'KEY_INVALID');
    await expectCode(store.save(key, 1, { ifRevision: null }), 'KEY_INVALID');
    await expectCode(store.delete(key, { ifRevision: '1' }), 'KEY_INVALID');
  }
}

async function keysOf(store: CursorStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

async function listing({ store }: Kit): Promise<void> {
  assert.deepEqual(await keysOf(store, ''), []);
  const keys = ['a/b', 'b', 'a', 'a-b/c', 'a/b/c', 'a0', 'B/x', 'a_'];
  for (const key of keys) await store.save(key, 1, { ifRevision: null });
  const gone = await store.save('a/gone', 1, { ifRevision: null });
  await store.delete('a/gone', { ifRevision: gone.revision });
  for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/', 'a-', 'c', 'b/']) {
    const expected = keys.filter((key) => key.startsWith(prefix)).sort();
    assert.deepEqual(await keysOf(store, prefix), expected, `the listing of "${prefix}" differs`);
  }
  for await (const key of store.list('')) {
    assert.equal(key, 'B/x');
    break;
  }
  assert.equal((await keysOf(store, '')).length, keys.length);
}

async function aborts({ store }: Kit): Promise<void> {
  const { revision } = await store.save('key', 1, { ifRevision: null });
  const save = (signal: AbortSignal): Promise<unknown> =>
    store.save('key', 2, { ifRevision: revision, signal });
  await expectAborted('load', (signal) => store.load('key', { signal }));
  await expectAborted('save', save);
  await expectAborted('delete', (signal) => store.delete('key', { ifRevision: revision, signal }));
  await expectAborted('list', (signal) => drain(store.list('', { signal })));
  assert.deepEqual(await store.load('key'), { document: 1, revision });
}

async function corruptDocument({ store, reopen, corrupt }: Kit, content: string): Promise<void> {
  const { revision } = await store.save('key', { cursor: 'abc' }, { ifRevision: null });
  await corrupt('key', Buffer.from(content));
  await expectCode(store.load('key'), 'CHECKPOINT_CORRUPT');
  await expectCode((await reopen()).load('key'), 'CHECKPOINT_CORRUPT');
  await expectCode(store.save('key', 2, { ifRevision: revision }), 'CHECKPOINT_CORRUPT');
  await expectCode(store.save('key', 2, { ifRevision: null }), 'CHECKPOINT_CORRUPT');
  await expectCode(store.load('key'), 'CHECKPOINT_CORRUPT');
}
