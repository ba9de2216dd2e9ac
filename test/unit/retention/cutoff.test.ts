import { assert, constantFrom, date, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  DAY_MS,
  cutoffJumpMs,
  dueAt,
  markBounds,
  passedMs,
  sweepCutoff,
  sweepDueAt,
  writtenBefore,
} from '../../../src/retention/decide/cutoff.js';

const HOUR_MS = 3_600_000;
const at = (text: string): Date => new Date(text);
const times = date({
  min: at('2020-01-01T00:00:00Z'),
  max: at('2040-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describe('the bounds of a mark', () => {
  it.each([
    ['a plain day', '2026-03-01T12:00:00Z', 30, '2026-01-30T12:00:00.000Z'],
    ['a leap day between', '2024-03-01T00:00:00Z', 1, '2024-02-29T00:00:00.000Z'],
    ['no leap day between', '2026-03-01T00:00:00Z', 1, '2026-02-28T00:00:00.000Z'],
    ['a change to summer time in Europe', '2026-03-29T12:00:00Z', 1, '2026-03-28T12:00:00.000Z'],
    ['a change to winter time in America', '2026-11-01T12:00:00Z', 1, '2026-10-31T12:00:00.000Z'],
    ['no days at all', '2026-03-01T12:00:00Z', 0, '2026-03-01T12:00:00.000Z'],
    ['a hundred years', '2026-03-01T12:00:00Z', 36_500, '1926-03-26T12:00:00.000Z'],
  ])('count days of 24 hours: %s', (...[, now, keepDays, cutoff]) => {
    const bounds = markBounds(at(now), { keepDays, graceHours: 24 });
    expect(bounds.cutoff.toISOString()).toBe(cutoff);
  });

  it.each([
    ['2026-03-01T12:00:00.000Z', 24, '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:00.999Z', 24, '2026-03-01T12:00:00.000Z'],
    ['2026-03-01T12:00:01.000Z', 1, '2026-03-01T12:00:01.000Z'],
    ['2026-03-01T12:00:00.999Z', 0, '2026-03-01T11:00:00.000Z'],
  ])('end at the whole second, or an hour earlier without a grace: %s %i', (now, hours, before) => {
    const bounds = markBounds(at(now), { keepDays: 1, graceHours: hours });
    expect(bounds.before.toISOString()).toBe(before);
  });

  it('never lie after the present, and move on with it', () => {
    const days = integer({ min: 0, max: 4_000 });
    assert(
      property(times, integer({ min: 0, max: DAY_MS }), days, (now, later, keepDays) => {
        const policy = { keepDays, graceHours: 24 };
        const first = markBounds(now, policy);
        const second = markBounds(new Date(now.getTime() + later), policy);
        expect(first.cutoff <= now && first.before <= now).toBe(true);
        expect(now.getTime() - first.before.getTime()).toBeLessThan(1_000);
        expect(second.cutoff >= first.cutoff && second.before >= first.before).toBe(true);
        const keepsMore = markBounds(now, { ...policy, keepDays: keepDays + 1 });
        expect(first.cutoff.getTime() - keepsMore.cutoff.getTime()).toBe(DAY_MS);
      }),
    );
  });
});

describe('the cutoff of a sweep', () => {
  it('is that of its mark while time passes', () => {
    const marked = at('2026-01-30T12:00:00Z');
    expect(sweepCutoff(marked, at('2026-03-01T12:00:00Z'), 30)).toEqual(marked);
    expect(sweepCutoff(marked, at('2026-03-05T12:00:00Z'), 30)).toEqual(marked);
  });

  it('is an earlier one when the policy keeps more by now, and no later one when it keeps less', () => {
    const marked = at('2026-01-30T12:00:00Z');
    const now = at('2026-03-01T12:00:00Z');
    expect(sweepCutoff(marked, now, 31)).toEqual(at('2026-01-29T12:00:00Z'));
    expect(sweepCutoff(marked, now, 1)).toEqual(marked);
  });
});

it('a grace is over after its hours', () => {
  expect(dueAt(at('2026-03-01T12:00:00Z'), 24)).toEqual(at('2026-03-02T12:00:00Z'));
  expect(dueAt(at('2026-03-01T12:00:00Z'), 0)).toEqual(at('2026-03-01T12:00:00Z'));
});

describe('a mark may be swept', () => {
  const mark = { planeNow: '2026-03-01T12:00:00Z', dueAt: '2026-03-02T12:00:00Z' };

  it.each([
    [24, '2026-03-02T12:00:00Z'],
    [25, '2026-03-02T13:00:00Z'],
    [0, '2026-03-02T12:00:00Z'],
  ])('after its own grace, or one of %i hours where that is longer', (graceHours, due) => {
    expect(sweepDueAt(mark, graceHours)).toEqual(at(due));
  });
});

describe('the time before which versions must be written', () => {
  const bounds = { cutoff: at('2026-01-01T00:00:00Z'), before: at('2026-02-01T00:00:00Z') };
  const backwards = { cutoff: bounds.before, before: bounds.cutoff };

  it('is the cutoff of traces, whose last span must be old by its last write too', () => {
    expect(writtenBefore('trace', bounds)).toEqual(bounds.cutoff);
  });

  it.each(['row', 'experiment'] as const)(
    'is the bound of the mark for a unit of one %s',
    (unit) => {
      expect(writtenBefore(unit, bounds)).toEqual(bounds.before);
    },
  );

  it('is never later than the bound', () => {
    expect(writtenBefore('trace', backwards)).toEqual(bounds.cutoff);
    assert(
      property(
        constantFrom('row', 'trace', 'experiment'),
        times,
        times,
        (unit, cutoff, before) =>
          writtenBefore(unit as 'row' | 'trace' | 'experiment', { cutoff, before }) <= before,
      ),
    );
  });
});

describe('the jump of a cutoff', () => {
  const start = at('2026-03-01T00:00:00Z').getTime();
  const plus = (hours: number): Date => new Date(start + hours * HOUR_MS);
  const baseline = {
    cutoff: plus(-240).toISOString(),
    planeNow: plus(0).toISOString(),
    hostNow: plus(1).toISOString(),
  };

  it.each([
    ['nothing, when it moved as time did', 24 - 240, 24, 25, 0],
    ['what it moved too far', 36 - 240, 24, 25, 12],
    ['counted by the host where the plane jumped', 72 - 240, 72, 25, 48],
    ['counted by the plane where the host jumped', 24 - 240, 24, 73, 0],
    ['below nothing when it moved back', -240, 24, 25, -24],
  ])('is %s', (...[, cutoff, plane, host, hours]) => {
    const now = { plane: plus(plane), host: plus(host) };
    expect(cutoffJumpMs(baseline, plus(cutoff), now)).toBe(hours * HOUR_MS);
  });

  it('is, at first, how far the clocks are apart', () => {
    expect(cutoffJumpMs(null, plus(0), { plane: plus(5), host: plus(2) })).toBe(3 * HOUR_MS);
    expect(cutoffJumpMs(null, plus(0), { plane: plus(2), host: plus(5) })).toBe(3 * HOUR_MS);
  });

  it('has time pass by the clock that moved less', () => {
    const now = { plane: plus(7), host: plus(3) };
    expect(passedMs(baseline, now)).toBe(2 * HOUR_MS);
    expect(passedMs(baseline, { plane: plus(1), host: plus(30) })).toBe(HOUR_MS);
  });
});
