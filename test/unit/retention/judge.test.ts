import { describe, expect, it } from 'vitest';

import {
  deletionOrder,
  heldBy,
  keptReason,
  type AgeScope,
} from '../../../src/retention/decide/judge.js';
import { targetObject, targetRow, targetUnit } from '../../support/target-units.js';

const SCOPE: AgeScope = { cutoff: new Date('2026-01-10T00:00:00Z'), versionBound: '0100' };
const AT_CUTOFF = '2026-01-10T00:00:00.000Z';
const BEFORE = '2026-01-09T23:59:59.999Z';

describe('a unit of rows', () => {
  it.each([
    ['may go when it is old', {}, null],
    ['may go a millisecond before the cutoff', { created: BEFORE }, null],
    ['is too young at the cutoff', { created: AT_CUTOFF }, 'too-young'],
    ['is too young after it', { created: '2026-02-01' }, 'too-young'],
    ['counts zones', { created: '2026-01-10T01:00:00+02:00' }, null],
    ['is undated without a time', { created: null }, 'undated'],
    ['is undated with a time that is none', { created: 'yesterday' }, 'undated'],
    ['is undated with a day that does not exist', { created: '2026-02-30' }, 'undated'],
    ['may go below the bound', { version: '0099' }, null],
    ['was written since at the bound', { version: '0100' }, 'written-since'],
    ['was written since above it', { version: '0101' }, 'written-since'],
    ['stays when it is held', { heldBy: [0] }, 'on-hold'],
  ])('%s', (_case, change, reason) => {
    expect(keptReason(targetUnit('u', [targetRow('a', change)]), SCOPE)).toBe(reason);
    const among = [targetRow('x'), targetRow('a', change), targetRow('z')];
    expect(keptReason(targetUnit('u', among), SCOPE)).toBe(reason);
    expect(keptReason(targetUnit('u', among.slice(1)), SCOPE)).toBe(reason);
    expect(keptReason(targetUnit('u', among.slice(0, 2)), SCOPE)).toBe(reason);
  });

  it('stays when it is too large, whatever else is true of it', () => {
    const row = targetRow('a', { created: null, version: '0100', heldBy: [1] });
    expect(keptReason(targetUnit('u', [row], { isTooLarge: true }), SCOPE)).toBe('too-large');
    const fine = targetUnit('u', [targetRow('a')], { isTooLarge: true });
    expect(keptReason(fine, SCOPE)).toBe('too-large');
  });

  it('has the first of its reasons in their order', () => {
    const reasons = [
      { created: null, version: '0100', heldBy: [0] },
      { created: AT_CUTOFF, version: '0100', heldBy: [0] },
      { version: '0100', heldBy: [0] },
      { heldBy: [0] },
    ].map((change) => keptReason(targetUnit('u', [targetRow('a', change)]), SCOPE));
    expect(reasons).toEqual(['undated', 'too-young', 'written-since', 'on-hold']);
  });

  it('is as young as its youngest row', () => {
    const old = targetRow('a', { created: '1990-01-01' });
    const young = targetRow('b', { created: AT_CUTOFF });
    expect(keptReason(targetUnit('u', [old, young]), SCOPE)).toBe('too-young');
    expect(keptReason(targetUnit('u', [young, old]), SCOPE)).toBe('too-young');
  });
});

describe('a unit that is an object', () => {
  it('is as old as the object, whatever its rows say', () => {
    const young = [targetRow('a', { created: AT_CUTOFF }), targetRow('b', { created: null })];
    expect(keptReason(targetUnit('u', young, { object: targetObject('u') }), SCOPE)).toBeNull();
  });

  it.each([
    ['is too young at the cutoff', { created: AT_CUTOFF }, 'too-young'],
    ['is undated without a time', { created: null }, 'undated'],
    ['stays when it is held', { heldBy: [3] }, 'on-hold'],
  ])('%s', (_case, change, reason) => {
    const unit = targetUnit('u', [targetRow('a')], { object: targetObject('u', change) });
    expect(keptReason(unit, SCOPE)).toBe(reason);
    expect(keptReason({ ...unit, rows: [] }, SCOPE)).toBe(reason);
  });

  it('stays when one of its rows was written since', () => {
    const rows = [targetRow('a'), targetRow('b', { version: '0100' })];
    const unit = targetUnit('u', rows, { object: targetObject('u') });
    expect(keptReason(unit, SCOPE)).toBe('written-since');
  });
});

it('the holds of a unit are those of its object and its rows, once each, ascending', () => {
  const rows = [targetRow('a', { heldBy: [10, 2] }), targetRow('b', { heldBy: [2, 0] })];
  expect(heldBy(targetUnit('u', rows))).toEqual([0, 2, 10]);
  const object = targetObject('u', { heldBy: [9, 0] });
  expect(heldBy(targetUnit('u', rows, { object }))).toEqual([0, 2, 9, 10]);
  expect(heldBy(targetUnit('u', []))).toEqual([]);
});

it('roots go last, and all else keeps its order', () => {
  const rows = ['r1', 'a', 'r2', 'b'].map((id) => targetRow(id, { isRoot: id.startsWith('r') }));
  expect(deletionOrder(rows).map(({ id }) => id)).toEqual(['a', 'b', 'r1', 'r2']);
  expect(rows.map(({ id }) => id)).toEqual(['r1', 'a', 'r2', 'b']);
});
