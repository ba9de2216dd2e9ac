import assert from 'node:assert/strict';

import {
  expectInvisible,
  expectVisible,
  expectAborted,
  keyOf,
  prepare,
  straysOf,
  text,
  type SinkChecks,
  type SinkKit,
} from './sink-kit.js';

const OBJECT = keyOf('a/b');

/** What dead processes leave behind. */
export const STRAY_CHECKS: SinkChecks = {
  'strays are those of exactly the export id': exactExportId,
  'strays tell their nonce, whatever their generation': strayFacts,
  'strays outlive the process, and can be discarded by another': discardElsewhere,
  'a discarded object can no longer be committed': discarded,
  'discard takes one object and leaves the others of the commit': discardOne,
  'discard can be repeated': discardTwice,
  'discard under another export id does nothing': foreignDiscard,
  'discard never touches an object that became visible': discardVisible,
  'an aborted discard does nothing': abortedDiscard,
};

async function exactExportId({ sink }: SinkKit): Promise<void> {
  const ids = ['prod', 'prod-eu', 'pro', 'prod_', 'PROD-'];
  for (const exportId of ids) await prepare(sink, keyOf('x', { exportId }), { head: { exportId } });
  for (const exportId of ids) {
    const count = (await straysOf(sink, exportId)).length;
    assert.equal(count, 1, `"${exportId}" has ${count} strays instead of 1`);
  }
  assert.deepEqual(await straysOf(sink, 'other'), []);
}

async function strayFacts({ sink }: SinkKit): Promise<void> {
  const expected = ['a', 'b', 'c'].map((digit) => digit.repeat(16));
  for (const [generation, nonce] of expected.entries())
    await prepare(sink, keyOf('x', { nonce }), { head: { generation, nonce } });
  const found = (await straysOf(sink, 'prod')).map(({ nonce }) => nonce);
  assert.deepEqual(found.sort(), expected);
}

async function discardElsewhere({ sink, reopen }: SinkKit): Promise<void> {
  await prepare(sink, OBJECT);
  const other = await reopen();
  for (const stray of await straysOf(other, 'prod')) await other.discard('prod', stray);
  assert.deepEqual(await straysOf(other, 'prod'), []);
  assert.deepEqual(await straysOf(sink, 'prod'), []);
}

async function discarded({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  for (const stray of await straysOf(sink, 'prod')) await sink.discard('prod', stray);
  assert.equal(await sink.commit(prepared), 'unresolved');
  await expectInvisible(sink, OBJECT);
}

async function discardOne({ sink }: SinkKit): Promise<void> {
  const objects = [await prepare(sink, keyOf('a/1')), await prepare(sink, keyOf('a/2'))];
  const strays = await straysOf(sink, 'prod');
  assert.equal(strays.length, 2);
  assert.notEqual(strays[0]?.id, strays[1]?.id, 'two strays have one id');
  if (strays[0] !== undefined) await sink.discard('prod', strays[0]);
  assert.deepEqual(await straysOf(sink, 'prod'), strays.slice(1));
  const outcomes = [];
  for (const object of objects) outcomes.push(await sink.commit(object));
  assert.deepEqual(outcomes.sort(), ['committed', 'unresolved']);
}

async function discardTwice({ sink }: SinkKit): Promise<void> {
  await prepare(sink, OBJECT);
  const strays = await straysOf(sink, 'prod');
  for (const stray of [...strays, ...strays]) await sink.discard('prod', stray);
  assert.deepEqual(await straysOf(sink, 'prod'), []);
}

async function foreignDiscard({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  for (const stray of await straysOf(sink, 'prod')) {
    for (const exportId of ['pro', 'prod-eu', 'other']) await sink.discard(exportId, stray);
  }
  assert.equal(await sink.commit(prepared), 'committed');
  await expectVisible(sink, OBJECT, text(OBJECT));
}

async function discardVisible({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  const strays = await straysOf(sink, 'prod');
  assert.equal(strays.length, 1);
  await sink.commit(prepared);
  for (const stray of strays) await sink.discard('prod', stray);
  await expectVisible(sink, OBJECT, text(OBJECT));
  assert.equal(await sink.commit(prepared), 'committed');
}

async function abortedDiscard({ sink }: SinkKit): Promise<void> {
  const prepared = await prepare(sink, OBJECT);
  for (const stray of await straysOf(sink, 'prod'))
    await expectAborted('discard', (signal) => sink.discard('prod', stray, { signal }));
  assert.equal(await sink.commit(prepared), 'committed');
}
