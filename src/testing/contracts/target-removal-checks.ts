import assert from 'node:assert/strict';

import type { TargetObject, TargetReader, TargetUnit } from '../../interfaces/index.js';
import {
  expectCode,
  openTarget,
  rowIdsOf,
  someUnit,
  sorted,
  wholeUnit,
  windowOf,
} from './target-kit.js';
import type { TargetChecks, TargetFixture } from './target-kit.js';

/** What is read again before rows go. */
export const REREAD_CHECKS: TargetChecks = {
  'a second reading gives units as they are': rereadSame,
  'a second reading tells when it began': rereadTime,
  'a second reading sees a row that was written anew': rereadChanged,
  'a second reading leaves out a row that is gone': rereadGone,
};

/** Where a unit is more than one row. */
export const WHOLE_UNIT_CHECKS: TargetChecks = {
  'a second reading sees a new row of the unit': rereadLate,
  'a second reading of a part gives its own rows, and those that are too new': rereadPart,
};

/** What is deleted. */
export const REMOVAL_CHECKS: TargetChecks = {
  'rows that are named are removed, and no others': removes,
  'removing sends nothing out of its time': removesInTime,
  'removing is not repeated when its answer is lost': removesOnce,
  'what remains is told, in any version': remaining,
  'what an agreed removal has left remains': remainingAfterLoss,
  'after a removal nothing remains': remainingNone,
};

/** Where units have an object. */
export const OBJECT_CHECKS: TargetChecks = {
  'an object that is removed does not remain': removesObject,
  'removing an object sends nothing out of its time': removesObjectInTime,
  'removing an object is not repeated when its answer is lost': removesObjectOnce,
  'a second reading gives nothing of an object that is gone': rereadGoneObject,
};

async function rereadSame(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  assert.deepEqual((await reader.reread(wholeUnit(unit), {})).units, [unit]);
}

async function rereadTime(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const begun = fixture.now();
  const { readAt } = await reader.reread(wholeUnit(unit), {});
  assert.ok(readAt >= begun && readAt <= fixture.now(), 'the time of a second reading');
}

async function rereadChanged(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const row = firstRow(unit);
  await fixture.updateRow(row);
  const again = (await rereadUnit(reader, unit)).rows.find(({ id }) => id === row.id);
  assert.ok(again !== undefined && again.version > row.version, 'the version of the row');
}

async function rereadGone(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const row = firstRow(unit);
  await fixture.deleteRow(row);
  const { units } = await reader.reread(wholeUnit(unit), {});
  assert.ok(!units.flatMap(rowIdsOf).includes(row.id), 'a row that is gone');
}

async function rereadLate(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const id = await fixture.addRow(unit.id);
  assert.ok(rowIdsOf(await rereadUnit(reader, unit)).includes(id), 'a row that came late');
}

async function rereadPart(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const row = firstRow(unit);
  const id = await fixture.addRow(unit.id);
  const part = { ...unit, rows: [row] };
  const { units } = await reader.reread({ units: [part], isPart: true }, {});
  assert.deepEqual(sorted(units.flatMap(rowIdsOf)), sorted([row.id, id]));
}

async function removes(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  const [row, ...others] = unit.rows;
  assert.ok(row !== undefined, 'a unit with rows');
  const before = await fixture.rowIds();
  await reader.reread(wholeUnit(unit), {});
  await reader.remove([row], windowOf(fixture));
  const left = before.filter((id) => id !== row.id);
  assert.deepEqual(sorted(await fixture.rowIds()), sorted(left));
  if (others.length > 0) await reader.remove(others, windowOf(fixture));
  const gone = new Set(rowIdsOf(unit));
  const rest = before.filter((id) => !gone.has(id));
  assert.deepEqual(sorted(await fixture.rowIds()), sorted(rest));
}

async function removesInTime(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const { rows } = await someUnit(reader);
  for (const window of closedWindows(fixture))
    await expectCode(reader.remove(rows, window), 'SEND_TOO_LATE');
  assert.equal(await fixture.deletions(), 0, 'requests that delete');
}

async function removesOnce(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const { rows } = await someUnit(reader);
  await fixture.loseAnswer();
  await assert.rejects(reader.remove(rows, windowOf(fixture)), 'its outcome is not known');
  assert.equal(await fixture.deletions(), 1, 'requests that delete');
}

async function remaining(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const { rows } = await someUnit(reader);
  const [row] = rows;
  assert.ok(row !== undefined, 'a unit with rows');
  const all = await reader.remaining(rows, {});
  assert.deepEqual(sorted(all.map(({ id }) => id)), sorted(rows.map(({ id }) => id)));
  await fixture.updateRow(row);
  const [anew] = await reader.remaining([row], {});
  assert.ok(anew !== undefined && anew.version > row.version, 'a row that was written anew');
  assert.equal(anew.objectId, row.objectId);
}

async function remainingAfterLoss(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const { rows } = await someUnit(reader);
  await fixture.loseDeletions();
  await reader.remove(rows, windowOf(fixture));
  const left = await reader.remaining(rows, {});
  assert.deepEqual(sorted(left.map(({ id }) => id)), sorted(rows.map(({ id }) => id)));
}

async function remainingNone(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const { rows } = await someUnit(reader);
  await reader.remove(rows, windowOf(fixture));
  assert.deepEqual(await reader.remaining(rows, {}), []);
}

async function removesObject(fixture: TargetFixture): Promise<void> {
  const { reader, object } = await openObject(fixture);
  assert.equal(await reader.objectRemains(object, {}), true, 'an object that is there');
  await reader.removeObject(object, windowOf(fixture));
  assert.equal(await reader.objectRemains(object, {}), false, 'an object that was removed');
}

async function removesObjectInTime(fixture: TargetFixture): Promise<void> {
  const { reader, object } = await openObject(fixture);
  for (const window of closedWindows(fixture))
    await expectCode(reader.removeObject(object, window), 'SEND_TOO_LATE');
  assert.equal(await fixture.deletions(), 0, 'requests that delete');
}

async function removesObjectOnce(fixture: TargetFixture): Promise<void> {
  const { reader, object } = await openObject(fixture);
  await fixture.loseAnswer();
  await assert.rejects(reader.removeObject(object, windowOf(fixture)), 'its outcome is unknown');
  assert.equal(await fixture.deletions(), 1, 'requests that delete');
}

async function rereadGoneObject(fixture: TargetFixture): Promise<void> {
  const { reader, unit } = await openObject(fixture);
  await fixture.deleteObject?.(unit.id);
  assert.deepEqual((await reader.reread(wholeUnit(unit), {})).units, []);
}

async function openObject(fixture: TargetFixture): Promise<{
  readonly reader: Required<TargetReader>;
  readonly unit: TargetUnit;
  readonly object: TargetObject;
}> {
  const reader = await openTarget(fixture);
  const unit = await someUnit(reader);
  assert.ok(reader.removeObject && reader.objectRemains && unit.object !== null);
  return { reader: reader as Required<TargetReader>, unit, object: unit.object };
}

async function rereadUnit(reader: TargetReader, unit: TargetUnit): Promise<TargetUnit> {
  const { units } = await reader.reread(wholeUnit(unit), {});
  const [again] = units;
  assert.ok(again !== undefined && units.length === 1, 'the unit itself');
  return again;
}

function firstRow({ rows: [row] }: TargetUnit): TargetUnit['rows'][number] {
  assert.ok(row !== undefined, 'a unit with rows');
  return row;
}

/** One that is over by a millisecond, and one that begins in a millisecond. */
function closedWindows({ now }: TargetFixture): readonly { notBefore: Date; notAfter: Date }[] {
  const at = now().getTime();
  return [
    { notBefore: new Date(at - 10_000), notAfter: new Date(at - 1) },
    { notBefore: new Date(at + 1), notAfter: new Date(at + 10_000) },
  ];
}
