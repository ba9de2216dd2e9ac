import assert from 'node:assert/strict';

import type { Hold, TargetRow, TargetUnit } from '../../interfaces/index.js';
import {
  expectCode,
  openTarget,
  pagesOf,
  rowIdsOf,
  sorted,
  unitsOf,
  unitsOfPages,
} from './target-kit.js';
import type { TargetChecks, TargetFixture } from './target-kit.js';

const CURSOR_MAX_BYTES = 16 * 1024;

/** What a target gives. */
export const UNIT_CHECKS: TargetChecks = {
  'names itself': namesItself,
  'every unit in the scope is given, whole': complete,
  'no unit that has nothing in the scope is given': nothingElse,
  'units come in the same order each time': repeatable,
  'every page moves the cursor': movingCursor,
  'a read from the end of any page goes on as one read would': resumable,
  'rows that others hang on come last': rootsLast,
  'a page says how many rows were read for it': countedRows,
  'cursors stay below 16 KiB': smallCursors,
  'a foreign cursor is refused': foreignCursor,
  'a survey counts no fewer candidates than there are': surveyed,
  'the days of a survey add up, and ascend': surveyDays,
};

/** What exempts. */
export const HOLD_CHECKS: TargetChecks = {
  'a hold by id exempts the row, and nothing else': heldById,
  'holds exempt what they are about, and nothing else': heldByAny,
  'several holds are told apart by their places': heldByPlace,
  'a filter that is no expression is refused before anything is read': wrongFilter,
};

async function namesItself({ target }: TargetFixture): Promise<void> {
  assert.match(target.name, /^[a-z][a-z0-9-]*$/);
  assert.deepEqual(JSON.parse(JSON.stringify(target.identity)), target.identity);
  assert.ok(target.units.length > 0);
}

async function complete(fixture: TargetFixture): Promise<void> {
  const units = await unitsOf(await openTarget(fixture));
  for (const { id, rowIds } of fixture.old) {
    const unit = units.find((each) => each.id === id);
    assert.ok(unit !== undefined, 'each unit in the scope');
    assert.deepEqual(sorted(rowIdsOf(unit)), sorted(rowIds), 'all rows of a unit');
    assert.equal(unit.isTooLarge, false);
  }
}

async function nothingElse(fixture: TargetFixture): Promise<void> {
  const units = await unitsOf(await openTarget(fixture));
  const made = sorted(fixture.old.map(({ id }) => id));
  assert.deepEqual(sorted(units.map(({ id }) => id)), made);
}

async function repeatable(fixture: TargetFixture): Promise<void> {
  const first = await pagesOf(await openTarget(fixture));
  assert.deepEqual(await pagesOf(await openTarget(fixture)), first);
}

async function movingCursor(fixture: TargetFixture): Promise<void> {
  const cursors = (await pagesOf(await openTarget(fixture))).map(({ cursor }) => cursor);
  assert.ok(cursors.length > 0, 'a read of units gives pages');
  assert.equal(new Set(cursors).size, cursors.length, 'no cursor comes twice');
}

/** A unit may come again, so what is compared is what a reader knows in the end. */
async function resumable(fixture: TargetFixture): Promise<void> {
  const pages = await pagesOf(await openTarget(fixture));
  const whole = byId(unitsOfPages(pages));
  for (const [index, { cursor }] of pages.entries()) {
    const rest = await pagesOf(await openTarget(fixture), cursor);
    const both = unitsOfPages([...pages.slice(0, index + 1), ...rest]);
    assert.deepEqual(byId(both), whole, 'the units before and after a cursor');
    const expected = pages.slice(index + 1).flatMap(({ units }) => units);
    const later = new Set(rest.flatMap(({ units }) => units).map(({ id }) => id));
    assert.ok(
      expected.every(({ id }) => later.has(id)),
      'the units after a cursor',
    );
    assert.ok(rest.length < pages.length, 'a read from a cursor does not begin anew');
  }
}

function byId(units: readonly TargetUnit[]): readonly TargetUnit[] {
  return [...units].sort((left, right) => (left.id < right.id ? -1 : 1));
}

async function rootsLast(fixture: TargetFixture): Promise<void> {
  for (const { rows } of await unitsOf(await openTarget(fixture))) {
    const firstRoot = rows.findIndex(({ isRoot }) => isRoot);
    const rest = firstRoot === -1 ? [] : rows.slice(firstRoot);
    assert.ok(
      rest.every(({ isRoot }) => isRoot),
      'no row follows one that it hangs on',
    );
  }
}

async function countedRows(fixture: TargetFixture): Promise<void> {
  const pages = await pagesOf(await openTarget(fixture));
  for (const { rowsRead, units } of pages)
    assert.ok(Number.isInteger(rowsRead) && (rowsRead > 0 || units.every(hasNoRows)));
}

function hasNoRows({ rows }: TargetUnit): boolean {
  return rows.length === 0;
}

async function smallCursors(fixture: TargetFixture): Promise<void> {
  for (const { cursor } of await pagesOf(await openTarget(fixture)))
    assert.ok(Buffer.byteLength(cursor) <= CURSOR_MAX_BYTES);
}

async function foreignCursor(fixture: TargetFixture): Promise<void> {
  const reader = await openTarget(fixture);
  const [page] = await pagesOf(reader);
  assert.ok(page !== undefined, 'a read of units gives pages');
  for (const cursor of ['', 'foreign', '{"of":"another"}', `${page.cursor}x`])
    await expectCode(pagesOf(reader, cursor), 'SOURCE_CURSOR_INVALID');
}

async function surveyed(fixture: TargetFixture): Promise<void> {
  const { of, existing, candidates } = await (await openTarget(fixture)).survey({});
  const rows = fixture.old.reduce((sum, { rowIds }) => sum + rowIds.length, 0);
  const there = of === 'rows' ? rows : fixture.old.length;
  assert.ok(candidates >= there, 'candidates');
  assert.ok(existing > candidates, 'what exists is more than what is old');
}

async function surveyDays(fixture: TargetFixture): Promise<void> {
  const { days, candidates, oldest, newest } = await (await openTarget(fixture)).survey({});
  const names = days.map(({ day }) => day);
  assert.deepEqual(names, sorted(new Set(names)), 'the order of days');
  const sum = days.reduce((total, { count }) => total + count, 0);
  assert.equal(sum, candidates, 'candidates by day');
  assert.ok(oldest !== null && newest !== null, 'the first and the last time');
  assert.equal(new Date(oldest).toISOString().slice(0, 10), names[0]);
  assert.ok(new Date(newest) < fixture.cutoff, 'the last time is before the cutoff');
}

async function heldById(fixture: TargetFixture): Promise<void> {
  const rowId = fixture.old[0]?.rowIds[0] ?? '';
  assert.deepEqual(await exemptBy(fixture, { ids: [rowId] }), [rowId]);
}

async function heldByAny(fixture: TargetFixture): Promise<void> {
  for (const { hold, exempt } of fixture.holds)
    assert.deepEqual(await exemptBy(fixture, hold), sorted(exempt), JSON.stringify(hold));
}

async function heldByPlace(fixture: TargetFixture): Promise<void> {
  const rowId = fixture.old[0]?.rowIds[0] ?? '';
  const holds = [{ ids: ['nothing has this id'] }, { ids: [rowId] }, { ids: [rowId, 'x'] }];
  const units = await unitsOf(await openTarget(fixture, holds));
  const row = units.flatMap(({ rows }) => rows).find(({ id }) => id === rowId);
  assert.deepEqual(row?.heldBy, [1, 2]);
}

async function wrongFilter(fixture: TargetFixture): Promise<void> {
  for (const filter of ['', "id = 'x", 'id = 1 | limit: 1', '(id'])
    await expectCode(openTarget(fixture, [{ filter }]), 'OPTION_INVALID');
}

type Held = Pick<TargetRow, 'id' | 'heldBy'>;

/** Ids of the rows and objects that one hold exempts. */
async function exemptBy(fixture: TargetFixture, hold: Hold): Promise<readonly string[]> {
  const units = await unitsOf(await openTarget(fixture, [hold]));
  const all = units.flatMap<Held>(({ rows, object }) =>
    object === null ? rows : [...rows, object],
  );
  return sorted(all.filter(({ heldBy }) => heldBy.length > 0).map(({ id }) => id));
}
