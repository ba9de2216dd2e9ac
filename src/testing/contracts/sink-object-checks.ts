import assert from 'node:assert/strict';

import { compareKeys } from '../../util/key-order.js';
import {
  bytesOf,
  contentOf,
  drain,
  expectAborted,
  expectCode,
  expectVisible,
  headOf,
  keyOf,
  keysOf,
  prepare,
  text,
  writeAll,
  type SinkChecks,
  type SinkKit,
} from './sink-kit.js';

/** Small objects, reading, listing, removing. */
export const OBJECT_CHECKS: SinkChecks = {
  'put creates once: equal bytes exist, others are refused': putOnce,
  'put can hold nothing': putEmpty,
  'a put is never half visible': wholePut,
  'what is missing has no content and no head, and can be removed': missing,
  'the folder of a key is no object': foldersAreNoObjects,
  'a removed object is gone, and its key is free again': removed,
  'an object can be read twice, and left half-way': readTwice,
  'keys keep every odd character': oddKeys,
  'keys that could leave the root are refused': unsafeKeys,
  'a listing takes its prefix as exact text': exactPrefix,
  'a listing is in the order of the bytes of the keys': sortedListing,
  'a listing goes on after any key': listAfter,
  'a listing can be left half-way': leaveListing,
  'an abort rejects with its reason, and nothing happens': aborts,
  'an observer that throws hurts nothing': throwingObserver,
};

/** Rules of stores that can decide between two puts of one key at the same moment. */
export const EXCLUSIVE_PUT_CHECKS: SinkChecks = {
  'of puts of one key at the same time one creates': concurrentPuts,
  'puts of equal bytes at the same time all succeed': equalPuts,
};

/** Rules that take a thousand objects. */
export const MANY_OBJECTS_CHECKS: SinkChecks = {
  'a listing goes on past 1,000 objects': longListing,
};

async function putOnce({ sink }: SinkKit): Promise<void> {
  assert.equal(await sink.put('m/1.json', text('one')), 'created');
  assert.equal(await sink.put('m/1.json', text('one')), 'exists');
  await expectCode(sink.put('m/1.json', text('two')), 'OBJECT_EXISTS');
  await expectCode(sink.put('m/1.json', text('longer')), 'OBJECT_EXISTS');
  await expectVisible(sink, 'm/1.json', text('one'));
}

async function putEmpty({ sink }: SinkKit): Promise<void> {
  assert.equal(await sink.put('empty', new Uint8Array()), 'created');
  assert.equal(await sink.put('empty', new Uint8Array()), 'exists');
  await expectVisible(sink, 'empty', new Uint8Array());
}

async function wholePut({ sink }: SinkKit): Promise<void> {
  const content = bytesOf(4 * 1024 * 1024);
  const put = { isDone: false };
  const done = sink.put('big', content).finally(() => {
    put.isDone = true;
  });
  done.catch(() => undefined); // awaited below, once nothing half is seen
  while (!put.isDone) {
    const head = await sink.head('big');
    assert.ok(head === null || head.bytes === content.byteLength, 'a put is visible half-way');
    const seen = await contentOf(sink, 'big');
    assert.ok(seen === null || Buffer.compare(seen, content) === 0, 'a put is readable half-way');
  }
  await done;
  await expectVisible(sink, 'big', content);
}

async function concurrentPuts({ sink }: SinkKit): Promise<void> {
  const puts = Array.from({ length: 10 }, (_, worker) => sink.put('race', text(`${worker}`)));
  const settled = await Promise.allSettled(puts);
  const winners = settled.flatMap(({ status }, worker) => (status === 'fulfilled' ? [worker] : []));
  assert.equal(winners.length, 1, `${winners.length} of 10 puts of one key won`);
  await expectVisible(sink, 'race', text(String(winners[0])));
}

async function equalPuts({ sink }: SinkKit): Promise<void> {
  const puts = Array.from({ length: 5 }, () => sink.put('same', text('same')));
  const outcomes = await Promise.all(puts);
  assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1);
  await expectVisible(sink, 'same', text('same'));
}

async function missing({ sink }: SinkKit): Promise<void> {
  assert.equal(await sink.get('not/there'), null);
  assert.equal(await sink.head('not/there'), null);
  assert.deepEqual(await keysOf(sink, ''), []);
  await sink.remove('not/there');
}

async function foldersAreNoObjects({ sink }: SinkKit): Promise<void> {
  await sink.put('a/b/c', text('x'));
  assert.equal(await sink.get('a/b'), null);
  assert.equal(await sink.head('a'), null);
  assert.equal(await sink.head('a/b/c/d'), null);
  await sink.remove('a/b/c/d');
  await sink.remove('a/b');
  assert.deepEqual(await keysOf(sink, ''), ['a/b/c']);
}

async function removed({ sink }: SinkKit): Promise<void> {
  await sink.put('a/1', text('x'));
  await sink.put('a/2', text('y'));
  await sink.remove('a/1');
  await sink.remove('a/1');
  assert.equal(await sink.head('a/1'), null);
  assert.deepEqual(await keysOf(sink, ''), ['a/2']);
  assert.equal(await sink.put('a/1', text('z')), 'created');
  await expectVisible(sink, 'a/1', text('z'));
}

async function readTwice({ sink }: SinkKit): Promise<void> {
  const content = bytesOf(1_000_000);
  await sink.put('big', content);
  for await (const buffer of (await sink.get('big')) ?? []) if (buffer.byteLength > 0) break;
  await expectVisible(sink, 'big', content);
  await expectVisible(sink, 'big', content);
}

async function oddKeys({ sink }: SinkKit): Promise<void> {
  const keys = [
    'date=2025-12-08/x y.jsonl',
    'a+b/c%2Fd',
    'a+b/c%2fd',
    '.hidden/..dots',
    'quote\'"`/<>&|;$*?#[]{}()!@^,:',
    'grün/日本/😀',
    '~home/-dash',
  ];
  for (const key of keys) await sink.put(key, text(key));
  for (const key of keys) await expectVisible(sink, key, text(key));
  assert.deepEqual(await keysOf(sink, ''), [...keys].sort(compareKeys));
  const object = keyOf('two/phases %2F 😀');
  assert.equal(await sink.commit(await prepare(sink, object)), 'committed');
  await expectVisible(sink, object, text(object));
}

async function unsafeKeys({ sink }: SinkKit): Promise<void> {
  const keys = [
    '',
    '/a',
    'a/',
    'a//b',
    '..',
    '../a',
    'a/../../b',
    './a',
    'a/.',
    'a\\b',
    'a\0b',
    '\ud800',
  ];
  for (const key of keys) {
    await expectCode(sink.put(key, text('x')), 'KEY_INVALID');
    await expectCode(sink.open(headOf(key)), 'KEY_INVALID');
    await expectCode(sink.get(key), 'KEY_INVALID');
    await expectCode(sink.head(key), 'KEY_INVALID');
    await expectCode(sink.remove(key), 'KEY_INVALID');
  }
  assert.deepEqual(await keysOf(sink, '../'), []);
  assert.deepEqual(await keysOf(sink, ''), []);
}

async function exactPrefix({ sink }: SinkKit): Promise<void> {
  const keys = ['p/a', 'p/a1', 'p/ab/c', 'p/b', 'pa', 'q/a', 'q/p/a'];
  for (const key of keys) await sink.put(key, text(key));
  for (const prefix of ['', 'p', 'p/', 'p/a', 'p/ab', 'p/ab/', 'p/ab/c', 'p/a/', 'a', 'p%', 'P/']) {
    const expected = keys.filter((key) => key.startsWith(prefix)).sort(compareKeys);
    assert.deepEqual(await keysOf(sink, prefix), expected, `the listing of "${prefix}" differs`);
  }
}

const ORDERED_KEYS = [
  'a!/x',
  'a-b/c',
  'a.b',
  'a/b',
  'a/b-c/d',
  'a/b.c/d',
  'a0',
  'aB',
  'ab',
  'a~',
  'é',
  '\uff5e/x',
  '\u{1f600}/x',
];

async function sortedListing({ sink }: SinkKit): Promise<void> {
  for (const key of [...ORDERED_KEYS].reverse()) await sink.put(key, text(key));
  assert.deepEqual(await keysOf(sink, ''), [...ORDERED_KEYS].sort(compareKeys));
}

async function listAfter({ sink }: SinkKit): Promise<void> {
  for (const key of ORDERED_KEYS) await sink.put(key, text(key));
  for (const after of [...ORDERED_KEYS, '', 'a', 'a/', 'a/b-', 'a/zzz', 'nothing', '\u{1f601}']) {
    for (const prefix of ['', 'a', 'a/']) {
      const expected = ORDERED_KEYS.filter((key) => key.startsWith(prefix))
        .filter((key) => compareKeys(key, after) > 0)
        .sort(compareKeys);
      const found = await keysOf(sink, prefix, { after });
      assert.deepEqual(found, expected, `the listing of "${prefix}" after "${after}" differs`);
    }
  }
}

async function leaveListing({ sink }: SinkKit): Promise<void> {
  for (const key of ['a/1', 'a/2', 'b/1']) await sink.put(key, text(key));
  for await (const { key } of sink.list('')) {
    assert.equal(key, 'a/1');
    break;
  }
  assert.equal((await keysOf(sink, '')).length, 3);
}

async function longListing({ sink }: SinkKit): Promise<void> {
  const keys = Array.from({ length: 1_005 }, (_, at) => `many/${String(at).padStart(4, '0')}`);
  for (let from = 0; from < keys.length; from += 15) {
    await Promise.all(keys.slice(from, from + 15).map((key) => sink.put(key, text('x'))));
  }
  assert.deepEqual(await keysOf(sink, 'many/'), keys);
  assert.deepEqual(await keysOf(sink, '', { after: 'many/0003' }), keys.slice(4));
}

async function aborts({ sink }: SinkKit): Promise<void> {
  await sink.put('there', text('x'));
  const prepared = await prepare(sink, keyOf('prepared'));
  await expectAborted('open', (signal) => sink.open(headOf(keyOf('a')), { signal }));
  await expectAborted('put', (signal) => sink.put('a', text('x'), { signal }));
  await expectAborted('commit', (signal) => sink.commit(prepared, { signal }));
  await expectAborted('head', (signal) => sink.head('there', { signal }));
  await expectAborted('remove', (signal) => sink.remove('there', { signal }));
  await expectAborted('list', (signal) => drain(sink.list('', { signal })));
  await expectAborted('strays', (signal) => drain(sink.strays('prod', { signal })));
  await expectAborted('get', async (signal) => {
    const stream = await sink.get('there', { signal });
    if (stream !== null) await drain(stream);
  });
  const writer = await writeAll(sink, headOf(keyOf('w')), [text('x')]);
  await expectAborted('write', (signal) => writer.write(text('y'), { signal }));
  await expectAborted('prepare', (signal) => writer.prepare({ signal }));
  await writer.abort();
  assert.deepEqual(await keysOf(sink, ''), ['there'], 'an aborted operation had an effect');
}

async function throwingObserver({ sink }: SinkKit): Promise<void> {
  const options = {
    observer: () => {
      throw new Error('an observer failed');
    },
  };
  const writer = await sink.open(headOf(keyOf('a')), options);
  await writer.write(text('x'), options);
  await sink.commit(await writer.prepare(options), options);
  assert.equal(await sink.put('b', text('y'), options), 'created');
  assert.deepEqual(await keysOf(sink, '', options), [keyOf('a'), 'b']);
}
