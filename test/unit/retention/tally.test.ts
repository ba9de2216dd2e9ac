import { describe, expect, it } from 'vitest';

import type { Hold } from '../../../src/interfaces/index.js';
import { Tally, hasContent, keptRows, plus, sumKept } from '../../../src/retention/sweep/tally.js';
import { targetObject, targetRow, targetUnit, unitOf } from '../../support/target-units.js';

const HOLDS: readonly Hold[] = [{ ids: ['a'] }, { name: 'audit', tags: ['b'] }];

function days(...created: (string | null)[]): Tally {
  const tally = new Tally([]);
  const rows = created.map((time, place) => targetRow(`r-${place}`, { created: time }));
  tally.add({ unit: targetUnit('u', rows), reason: null });
  return tally;
}

describe('a tally', () => {
  it('counts nothing at first', () => {
    const nothing = { go: { units: 0, rows: 0 }, kept: {}, held: {}, days: [], samples: [] };
    expect(new Tally([])).toMatchObject(nothing);
  });

  it('counts units and rows that go, and those that stay by the reason', () => {
    const tally = new Tally([]);
    tally.add({ unit: unitOf('a', 2), reason: null });
    tally.add({ unit: unitOf('b', 3), reason: null });
    tally.add({ unit: unitOf('c', 4), reason: 'too-young' });
    tally.add({ unit: unitOf('d', 1), reason: 'too-young' });
    tally.add({ unit: unitOf('e', 1), reason: 'rejected' });
    expect(tally.go).toEqual({ units: 2, rows: 5 });
    expect(tally.kept).toEqual({
      'too-young': { units: 2, rows: 5 },
      rejected: { units: 1, rows: 1 },
    });
    expect(tally.held).toEqual({});
  });

  it('counts rows that go by the UTC day of their creation, whatever their zone', () => {
    const tally = days(
      '2026-01-02T00:00:00Z',
      '2026-01-01T23:59:59.999Z',
      '2026-01-02T01:00:00+02:00',
      '2026-01-02T23:00:00-05:00',
      '2026-01-02T12:00:00Z',
    );
    expect(tally.days).toEqual([
      { day: '2026-01-01', count: 2 },
      { day: '2026-01-02', count: 2 },
      { day: '2026-01-03', count: 1 },
    ]);
    expect(tally.oldest).toBe('2026-01-01T23:00:00.000Z');
    expect(tally.newest).toBe('2026-01-03T04:00:00.000Z');
  });

  it('has no day for rows without a time, nor for what stays', () => {
    const tally = days(null, 'yesterday');
    tally.add({ unit: unitOf('c', 4), reason: 'too-young' });
    expect(tally).toMatchObject({ days: [], oldest: null, newest: null, go: { rows: 2 } });
  });

  it('counts what is exempt for each of its holds, by their names', () => {
    const tally = new Tally(HOLDS);
    const both = [targetRow('a', { heldBy: [0] }), targetRow('b', { heldBy: [1] })];
    tally.add({ unit: targetUnit('u', both), reason: 'on-hold' });
    tally.add({ unit: targetUnit('v', [targetRow('c', { heldBy: [1, 5] })]), reason: 'on-hold' });
    tally.add({ unit: targetUnit('w', [targetRow('d', { heldBy: [0] })]), reason: 'too-young' });
    expect(tally.held).toEqual({
      'ids-1': { units: 1, rows: 2 },
      audit: { units: 2, rows: 3 },
    });
  });

  it('shows ten units that go and ten that stay at most', () => {
    const tally = new Tally([]);
    for (let unit = 0; unit < 12; unit += 1)
      tally.add({ unit: unitOf(`go-${unit}`, 1), reason: null });
    for (let unit = 0; unit < 12; unit += 1)
      tally.add({ unit: unitOf(`stay-${unit}`, 2), reason: 'rejected' });
    const ids = (prefix: string): string[] =>
      Array.from({ length: 10 }, (_, at) => `${prefix}-${at}`);
    expect(tally.samples.map(({ id }) => id)).toEqual([...ids('go'), ...ids('stay')]);
    expect(tally.samples[0]).toEqual({ id: 'go-0', rows: 1, reason: null });
    expect(tally.samples[10]).toEqual({ id: 'stay-0', rows: 2, reason: 'rejected' });
  });
});

it('counts add up', () => {
  expect(plus(undefined, 3)).toEqual({ units: 1, rows: 3 });
  expect(plus({ units: 2, rows: 5 }, 3)).toEqual({ units: 3, rows: 8 });
  const left = { 'too-young': { units: 1, rows: 2 }, undated: { units: 1, rows: 1 } };
  const right = { 'too-young': { units: 3, rows: 4 }, rejected: { units: 5, rows: 6 } };
  expect(sumKept(left, right)).toEqual({
    'too-young': { units: 4, rows: 6 },
    undated: { units: 1, rows: 1 },
    rejected: { units: 5, rows: 6 },
  });
  expect(keptRows(right)).toBe(10);
  expect(keptRows({})).toBe(0);
});

it('a unit has content with a row or an object', () => {
  expect(hasContent(unitOf('u', 1))).toBe(true);
  expect(hasContent(targetUnit('u', [], { object: targetObject('u') }))).toBe(true);
  expect(hasContent(targetUnit('u', []))).toBe(false);
});
