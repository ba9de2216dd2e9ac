import { array, assert, boolean, constantFrom, integer, property, record, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { TargetUnit } from '../../../src/interfaces/index.js';
import {
  type Batch,
  BatchQueue,
  chooseRows,
  remainsOf,
  sameRows,
} from '../../../src/retention/decide/batches.js';
import { targetObject, targetRow, targetUnit, unitOf } from '../../support/target-units.js';

function batchesOf(maxRows: number, units: readonly TargetUnit[]): Batch[] {
  const queue = new BatchQueue(maxRows);
  const batches = units.flatMap((unit) => [...queue.add(unit)]);
  return [...batches, ...queue.flush()];
}

/** Each batch as the ids of its units and how many rows it has of them. */
function shapes(batches: readonly Batch[]): unknown[] {
  return batches.map(({ units }) => units.map(({ id, rows }) => `${id}:${rows.length}`).join(' '));
}

function rowIds(batch: Batch): string[] {
  return batch.units.flatMap(({ rows }) => rows.map(({ id }) => id));
}

describe('batches', () => {
  it.each([
    ['fill up to the limit', [2, 2, 1], ['u0:2 u1:2 u2:1']],
    ['begin anew before they are too large', [3, 3, 2], ['u0:3', 'u1:3 u2:2']],
    ['hold one unit of just the limit', [5, 1], ['u0:5', 'u1:1']],
    ['leave room when the next does not fit', [1, 5, 1], ['u0:1', 'u1:5', 'u2:1']],
    ['cut what is larger than one', [1, 6, 1], ['u0:1', 'u1:5', 'u1:1', 'u2:1']],
    ['cut at the limit', [10], ['u0:5', 'u0:5']],
    ['cut into three', [11], ['u0:5', 'u0:5', 'u0:1']],
    ['are none for nothing', [], []],
  ])('%s', (_case, sizes, expected) => {
    const units = sizes.map((size, place) => unitOf(`u${place}`, size));
    expect(shapes(batchesOf(5, units))).toEqual(expected);
  });

  it('are given as soon as they are full, and what waits is told', () => {
    const queue = new BatchQueue(3);
    expect(queue.isEmpty).toBe(true);
    expect([...queue.add(unitOf('a', 2))]).toEqual([]);
    expect(queue.isEmpty).toBe(false);
    expect(shapes([...queue.add(unitOf('b', 1))])).toEqual(['a:2 b:1']);
    expect(queue.isEmpty).toBe(true);
    expect([...queue.flush()]).toEqual([]);
    expect([...queue.add(unitOf('c', 2))]).toEqual([]);
    expect(shapes([...queue.add(unitOf('d', 3))])).toEqual(['c:2', 'd:3']);
    expect(queue.isEmpty).toBe(true);
  });

  it('are of one object each', () => {
    const units = ['p-1', 'p-1', 'p-2', 'p-1'].map((objectId, place) =>
      unitOf(`u${place}`, 1, { objectId }),
    );
    expect(shapes(batchesOf(5, units))).toEqual(['u0:1 u1:1', 'u2:1', 'u3:1']);
  });

  it('of a unit that is cut are parts but for the last, which has the roots and waits', () => {
    const [first, second, last] = batchesOf(2, [unitOf('u', 5)]);
    expect([first, second, last].map((batch) => rowIds(batch!))).toEqual([
      ['u-1', 'u-2'],
      ['u-3', 'u-4'],
      ['u-0'],
    ]);
    expect(first).toMatchObject({ isPart: true, isLast: false, object: null });
    expect(second).toMatchObject({ isPart: true, isLast: false, object: null });
    expect(last).toMatchObject({ isPart: false, isLast: true, object: null });
  });

  it('of whole units neither are parts nor wait', () => {
    expect(batchesOf(5, [unitOf('u', 2)])).toMatchObject([
      { isPart: false, isLast: false, object: null },
    ]);
  });

  it('of an object are its rows, alone, and then the object', () => {
    const object = targetObject('e');
    const units = [unitOf('a', 1), { ...unitOf('e', 2), object }, unitOf('b', 1)];
    const batches = batchesOf(5, units);
    expect(shapes(batches)).toEqual(['a:1', 'e:2', 'e:0', 'b:1']);
    expect(batches[1]).toMatchObject({ isPart: false, isLast: false, object: null });
    expect(batches[2]).toMatchObject({ isPart: false, isLast: false, object });
  });

  it('of an object without rows are the object alone', () => {
    const object = targetObject('e');
    const batches = batchesOf(5, [targetUnit('e', [], { object })]);
    expect(batches).toEqual([
      { units: [targetUnit('e', [], { object })], isPart: false, object, isLast: false },
    ]);
  });

  it('hold every row once, whole units, no more than the limit, and of one object each', () => {
    const unit = record({ size: integer({ min: 1, max: 9 }), objectId: constantFrom('p', 'q') });
    assert(
      property(integer({ min: 1, max: 6 }), array(unit, { maxLength: 12 }), (maxRows, sizes) => {
        const units = sizes.map(({ size, objectId }, place) =>
          unitOf(`u${place}`, size, { objectId }),
        );
        const batches = batchesOf(maxRows, units);
        const given = batches.flatMap(rowIds);
        expect([...given].sort()).toEqual(
          units.flatMap((each) => each.rows.map(({ id }) => id)).sort(),
        );
        expect(new Set(given).size).toBe(given.length);
        const isSound = ({ units: own, isPart, isLast }: Batch): boolean => {
          const rows = own.flatMap(({ rows: some }) => some);
          const isWhole = own.every(({ id, rows: some }) => {
            return units.find((unit) => unit.id === id)?.rows.length === some.length;
          });
          return (
            rows.length > 0 &&
            rows.length <= maxRows &&
            new Set(rows.map(({ objectId }) => objectId)).size === 1 &&
            isWhole === (!isPart && !isLast) &&
            !(isPart && rows.some(({ isRoot }) => isRoot))
          );
        };
        expect(batches.filter((batch) => !isSound(batch))).toEqual([]);
      }),
    );
  });
});

describe('what may go of a batch', () => {
  const batchOf = (units: readonly TargetUnit[], change: Partial<Batch> = {}): Batch => ({
    units,
    isPart: false,
    object: null,
    isLast: false,
    ...change,
  });
  const whole = unitOf('u', 3);
  const ids = (batch: Batch, present: readonly TargetUnit[]): string[] =>
    chooseRows(batch, present).rows.map(({ id }) => id);

  it('is every row of units that are as they were, roots last', () => {
    const chosen = chooseRows(batchOf([whole]), [whole]);
    expect(chosen.rows.map(({ id }) => id)).toEqual(['u-1', 'u-2', 'u-0']);
    expect(chosen).toMatchObject({ object: null, unknown: 0 });
  });

  it('is what is left of a unit of which something is gone', () => {
    expect(ids(batchOf([whole]), [{ ...whole, rows: whole.rows.slice(1) }])).toEqual([
      'u-1',
      'u-2',
    ]);
    expect(chooseRows(batchOf([whole]), [])).toEqual({ rows: [], object: null, unknown: 0 });
  });

  it.each([
    ['a row more', [...whole.rows, targetRow('u-9')]],
    ['a row in another version', [...whole.rows.slice(1), targetRow('u-0', { version: '0002' })]],
    ['a row of another object', [...whole.rows.slice(1), targetRow('u-0', { objectId: 'p-2' })]],
  ])('is nothing of a unit that has %s: it is looked at anew', (_case, rows) => {
    const other = unitOf('v', 1);
    const chosen = chooseRows(batchOf([whole, other]), [{ ...whole, rows }, other]);
    expect(chosen.rows.map(({ id }) => id)).toEqual(['v-0']);
    expect(chosen.unknown).toBe(1);
  });

  it('of a part is its own rows, whatever else the unit has', () => {
    const part = batchOf([{ ...whole, rows: whole.rows.slice(1) }], { isPart: true });
    expect(chooseRows(part, [whole])).toMatchObject({ unknown: 0 });
    expect(ids(part, [whole])).toEqual(['u-1', 'u-2']);
    const changed = [targetRow('u-1', { version: '0002' }), targetRow('u-2')];
    expect(ids(part, [{ ...whole, rows: changed }])).toEqual(['u-2']);
  });

  it('is an object once no row of it is left', () => {
    const object = targetObject('u');
    const later = targetObject('u', { members: { name: 'renamed' } });
    const batch = batchOf([targetUnit('u', [], { object })], { object });
    const empty = targetUnit('u', [], { object: later });
    expect(chooseRows(batch, [empty])).toEqual({ rows: [], object: later, unknown: 0 });
    const filled = chooseRows(batch, [{ ...whole, object }]);
    expect(filled).toEqual({ rows: [], object: null, unknown: 1 });
    expect(chooseRows(batch, [])).toEqual({ rows: [], object: null, unknown: 0 });
  });

  it('is no object when the batch is about rows', () => {
    const empty = targetUnit('u', [], { object: targetObject('u') });
    expect(chooseRows(batchOf([whole]), [empty]).object).toBeNull();
    const full = { ...whole, object: targetObject('u') };
    const batch = batchOf([full], { object: targetObject('u') });
    expect(chooseRows(batch, [full]).object).toBeNull();
  });

  it('never is a row, or a version, that the batch does not have', () => {
    const rows = array(tuple(integer({ min: 0, max: 6 }), constantFrom('0001', '0002')), {
      maxLength: 8,
    }).map((pairs) => [
      ...new Map(pairs.map(([id, version]) => [id, targetRow(`u-${id}`, { version })])).values(),
    ]);
    assert(
      property(rows, rows, boolean(), (own, present, isPart) => {
        const batch = batchOf([targetUnit('u', own)], { isPart });
        const chosen = chooseRows(batch, [targetUnit('u', present)]);
        const known = new Set(own.map(({ id, version }) => `${id}@${version}`));
        const isKnown = (row: { id: string; version: string }): boolean =>
          known.has(`${row.id}@${row.version}`);
        expect(chosen.rows.every(isKnown)).toBe(true);
        const all = present.filter(isKnown);
        expect(chosen.rows).toHaveLength(isPart || all.length === present.length ? all.length : 0);
      }),
    );
  });
});

it('rows are the same when object, id and version are', () => {
  const rows = [
    targetRow('a'),
    targetRow('a', { version: '0002' }),
    targetRow('b'),
    targetRow('a', { objectId: 'p-2' }),
  ];
  expect(sameRows(rows, [targetRow('a', { created: null, isRoot: true })])).toEqual([rows[0]]);
  expect(sameRows(rows, rows)).toEqual(rows);
  expect(sameRows(rows, [])).toEqual([]);
});

describe('what is left of rows', () => {
  const rows = [targetRow('a'), targetRow('b', { version: '0005' }), targetRow('c')];

  it('tells the same or an earlier version from a later one, by their places', () => {
    const present = [targetRow('c', { version: '0002' }), targetRow('b', { version: '0004' })];
    expect(remainsOf(rows, present)).toEqual({ remained: [1], changed: [2] });
    expect(remainsOf(rows, rows)).toEqual({ remained: [0, 1, 2], changed: [] });
    expect(remainsOf(rows, [])).toEqual({ remained: [], changed: [] });
  });

  it('takes no row of another object, or with such a name, for it', () => {
    expect(remainsOf(rows, [targetRow('a', { objectId: 'p-2' })]).remained).toEqual([]);
    const joined = targetRow('1a', { objectId: 'p-' });
    expect(remainsOf(rows, [joined])).toEqual({ remained: [], changed: [] });
  });

  it('puts every row that is there into one of the two', () => {
    const version = integer({ min: 1, max: 3 }).map((number) => `000${number}`);
    const places = array(record({ there: boolean(), before: version, now: version }));
    assert(
      property(places, (list) => {
        const sent = list.map(({ before }, id) => targetRow(`r-${id}`, { version: before }));
        const present = list.flatMap(({ there, now }, id) =>
          there ? [targetRow(`r-${id}`, { version: now })] : [],
        );
        const { remained, changed } = remainsOf(sent, present);
        const there = list.flatMap((each, id) => (each.there ? [id] : []));
        expect([...remained, ...changed].sort((a, b) => a - b)).toEqual(there);
        expect(changed.every((id) => list[id]!.now > list[id]!.before)).toBe(true);
        expect(remained.every((id) => list[id]!.now <= list[id]!.before)).toBe(true);
      }),
    );
  });
});
