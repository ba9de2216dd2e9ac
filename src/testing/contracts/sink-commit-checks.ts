import assert from 'node:assert/strict';

import {
  bytesOf,
  contentOf,
  expectCode,
  expectInvisible,
  expectVisible,
  headOf,
  keyOf,
  prepare,
  rejectionOf,
  sha256,
  straysOf,
  EXPORT_ID,
  text,
  throughJson,
  writeAll,
  type SinkChecks,
  type SinkKit,
} from './sink-kit.js';

/** More than one part of any multipart upload of usual size. */
const LARGE_BYTES = 12 * 1024 * 1024 + 5;

const OBJECT = keyOf('a/b');

/** The way of an object from its first byte to its visibility. */
export const COMMIT_CHECKS: SinkChecks = {
  'names itself, and its location stays the same': namesItself,
  'nothing of an object is visible before commit, everything after it': twoPhases,
  'an object comes back byte for byte, whatever pieces it was written in': pieces,
  'an empty object is an object': ({ sink }) => roundTrip({ sink }, new Uint8Array()),
  'an object larger than one part comes back': ({ sink }) =>
    roundTrip({ sink }, bytesOf(LARGE_BYTES)),
  'a prepared object tells its size and SHA-256, and is small plain JSON': preparedObject,
  'objects written at the same time do not mix': interleavedWriters,
  'commit works from JSON, in another process': commitElsewhere,
  'commit can be repeated, also at the same time': repeatedCommit,
  'commit never replaces another object of the same key': stranger,
  'commit is unresolved when what was prepared is gone, and shows nothing': commitAfterAbort,
  'commit is unresolved when the visible object was removed': commitAfterRemove,
  'abort leaves nothing, at any time, any number of times': abortAnytime,
  'abort after commit leaves the object alone': abortAfterCommit,
  'nothing but abort() may follow prepare()': closedAfterPrepare,
  'nothing may be written after abort()': closedAfterAbort,
};

/** Rules of stores that can decide between two commits of one key at the same moment. */
export const EXCLUSIVE_CHECKS: SinkChecks = {
  'of commits of one key at the same time one wins': concurrentCommits,
};

async function namesItself({ sink, reopen }: SinkKit): Promise<void> {
  assert.match(sink.name, /^[a-z][a-z0-9-]*$/);
  assert.notEqual(sink.location, '');
  assert.equal((await reopen()).location, sink.location);
}

async function roundTrip({ sink }: Pick<SinkKit, 'sink'>, content: Uint8Array): Promise<void> {
  const prepared = await prepare(sink, OBJECT, { content });
  assert.equal(prepared.bytes, content.byteLength);
  assert.equal(await sink.commit(prepared), 'committed');
  await expectVisible(sink, OBJECT, content);
}

async function twoPhases({ sink }: SinkKit): Promise<void> {
  const writer = await sink.open(headOf(OBJECT));
  await expectInvisible(sink, OBJECT);
  await writer.write(text('content'));
  await expectInvisible(sink, OBJECT);
  const prepared = await writer.prepare();
  await expectInvisible(sink, OBJECT);
  assert.equal(await sink.commit(prepared), 'committed');
  await expectVisible(sink, OBJECT, text('content'));
}

async function pieces({ sink }: SinkKit): Promise<void> {
  const content = bytesOf(300_000);
  const sizes = [0, 1, 3, 65_536, 0, 100_000, 7];
  let from = 0;
  const buffers = sizes.map((size) => content.slice(from, (from += size)));
  const writer = await writeAll(sink, headOf(OBJECT), [...buffers, content.slice(from)]);
  assert.equal(writer.bytes, content.byteLength);
  await sink.commit(await writer.prepare());
  await expectVisible(sink, OBJECT, content);
}

async function preparedObject({ sink }: SinkKit): Promise<void> {
  const content = bytesOf(10_000);
  const prepared = await prepare(sink, OBJECT, { content });
  const { key, bytes, sha256: digest } = prepared;
  assert.deepEqual({ key, bytes, digest }, { key: OBJECT, bytes: 10_000, digest: sha256(content) });
  assert.deepEqual(throughJson(prepared), prepared);
  assert.ok(JSON.stringify(prepared.token).length <= 2_048, 'the token is over 2 KiB');
}

async function interleavedWriters({ sink }: SinkKit): Promise<void> {
  const names = ['x/1', 'x/2', 'y/1'].map((name) => keyOf(name));
  const writers = await Promise.all(names.map((name) => sink.open(headOf(name))));
  for (let round = 0; round < 3; round += 1) {
    for (const [place, writer] of writers.entries()) await writer.write(text(`${place}${round};`));
  }
  for (const writer of writers) await sink.commit(await writer.prepare());
  for (const [place, name] of names.entries())
    await expectVisible(sink, name, text(`${place}0;${place}1;${place}2;`));
}

async function commitElsewhere({ sink, reopen }: SinkKit): Promise<void> {
  const prepared = throughJson(await prepare(sink, OBJECT));
  const other = await reopen();
  assert.equal(await other.commit(prepared), 'committed');
  await expectVisible(sink, OBJECT, text(OBJECT));
  assert.equal(await sink.commit(prepared), 'committed');
  await expectVisible(other, OBJECT, text(OBJECT));
}

async function repeatedCommit({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  const outcomes = await Promise.all([1, 2, 3].map(() => sink.commit(prepared)));
  assert.deepEqual([...outcomes, await sink.commit(prepared)], Array(4).fill('committed'));
  await expectVisible(sink, OBJECT, text(OBJECT));
  assert.deepEqual(await straysOf(sink, EXPORT_ID), [], 'a committed object left a stray');
}

async function stranger({ sink }: SinkKit): Promise<void> {
  const mine = await prepare(sink, OBJECT, { content: text('mine') });
  const theirs = await prepare(sink, OBJECT, { content: text('them') });
  assert.equal(await sink.commit(theirs), 'committed');
  await expectCode(sink.commit(mine), 'OBJECT_EXISTS');
  await expectVisible(sink, OBJECT, text('them'));
}

async function commitAfterAbort({ sink }: SinkKit): Promise<void> {
  const writer = await writeAll(sink, headOf(OBJECT), [text('x')]);
  const prepared = await writer.prepare();
  await writer.abort();
  assert.equal(await sink.commit(prepared), 'unresolved');
  await expectInvisible(sink, OBJECT);
}

async function commitAfterRemove({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  await sink.commit(prepared);
  await sink.remove(OBJECT);
  assert.equal(await sink.commit(prepared), 'unresolved');
  await expectInvisible(sink, OBJECT);
}

async function abortAnytime({ sink }: SinkKit): Promise<void> {
  for (const stage of ['open', 'written', 'prepared']) {
    const writer = await sink.open(headOf(OBJECT));
    if (stage !== 'open') await writer.write(text('x'));
    if (stage === 'prepared') await writer.prepare();
    await writer.abort();
    await writer.abort();
    await expectInvisible(sink, OBJECT);
    assert.deepEqual(await straysOf(sink, EXPORT_ID), [], `abort when ${stage} left a stray`);
  }
}

async function abortAfterCommit({ sink }: SinkKit): Promise<void> {
  const writer = await writeAll(sink, headOf(OBJECT), [text('x')]);
  await sink.commit(await writer.prepare());
  await writer.abort();
  await expectVisible(sink, OBJECT, text('x'));
}

async function closedAfterPrepare({ sink }: SinkKit): Promise<void> {
  const writer = await writeAll(sink, headOf(OBJECT), [text('x')]);
  const prepared = await writer.prepare();
  await rejectionOf(writer.write(text('y')));
  await rejectionOf(writer.prepare());
  await sink.commit(prepared);
  assert.deepEqual(await contentOf(sink, OBJECT), Buffer.from('x'));
}

async function closedAfterAbort({ sink }: SinkKit): Promise<void> {
  const writer = await writeAll(sink, headOf(OBJECT), [text('x')]);
  await writer.abort();
  await rejectionOf(writer.write(text('y')));
  await rejectionOf(writer.prepare());
  await expectInvisible(sink, OBJECT);
}

async function concurrentCommits({ sink }: SinkKit): Promise<void> {
  const prepared = [];
  for (let worker = 0; worker < 5; worker += 1) {
    prepared.push(await prepare(sink, OBJECT, { content: text(`${worker}`) }));
  }
  const settled = await Promise.allSettled(prepared.map((object) => sink.commit(object)));
  const winners = settled.flatMap(({ status }, worker) => (status === 'fulfilled' ? [worker] : []));
  assert.equal(winners.length, 1, `${winners.length} of 5 commits of one key won`);
  await expectVisible(sink, OBJECT, text(String(winners[0])));
}
