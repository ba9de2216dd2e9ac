import { assert, double, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  allowanceOf,
  isAllowed,
  isCutoffJump,
  isGraceJump,
  isGraceOver,
} from '../../../src/retention/decide/brakes.js';
import { DAY_MS } from '../../../src/retention/decide/cutoff.js';

describe('the allowance of a mark', () => {
  it.each([
    [100, 0.25, 25],
    [7, 0.25, 1],
    [3, 0.25, 0],
    [0, 1, 0],
    [10, 1, 10],
    [10, 0, 0],
  ])('of %i that exist at a fraction of %d is %i', (existing, fraction, allowance) => {
    expect(allowanceOf({ existing }, fraction)).toBe(allowance);
  });

  it('is never more than the fraction, nor more than there is', () => {
    const fraction = double({ min: 0, max: 1, noNaN: true });
    assert(
      property(integer({ min: 0, max: 1e9 }), fraction, (existing, most) => {
        const allowance = allowanceOf({ existing }, most);
        expect(allowance).toBeLessThanOrEqual(existing * most);
        expect(Number.isInteger(allowance)).toBe(true);
      }),
    );
  });
});

it.each([
  [10, 0, 10, true],
  [11, 0, 10, false],
  [5, 5, 10, true],
  [6, 5, 10, false],
  [0, 10, 10, true],
  [1, 0, 0, false],
])('%i more after %i of %i: allowed is %s', (...[more, decided, allowance, allowed]) => {
  expect(isAllowed(more, { decided, allowance })).toBe(allowed);
});

describe('a cutoff jumps', () => {
  const now = new Date('2026-03-10T00:00:00Z');
  const clocks = { plane: now, host: now };
  const baseline = {
    cutoff: '2026-01-01T00:00:00.000Z',
    planeNow: '2026-03-10T00:00:00.000Z',
    hostNow: '2026-03-10T00:00:00.000Z',
  };
  const moved = (ms: number): Date => new Date(Date.parse(baseline.cutoff) + ms);

  it('when it moves more than a day further than time, not when it moves a day', () => {
    expect(isCutoffJump(baseline, moved(DAY_MS), clocks)).toBe(false);
    expect(isCutoffJump(baseline, moved(DAY_MS + 1), clocks)).toBe(true);
    expect(isCutoffJump(baseline, moved(-10 * DAY_MS), clocks)).toBe(false);
  });

  it('at first, when the clocks are more than a day apart', () => {
    const apart = (ms: number): boolean =>
      isCutoffJump(null, now, { plane: now, host: new Date(now.getTime() + ms) });
    expect([0, DAY_MS, -DAY_MS].map(apart)).toEqual([false, false, false]);
    expect([DAY_MS + 1, -DAY_MS - 1].map(apart)).toEqual([true, true]);
  });
});

describe('a grace jumps', () => {
  const marked = Date.parse('2026-03-01T00:00:00Z');
  const mark = {
    planeNow: new Date(marked).toISOString(),
    hostNow: new Date(marked + 5_000).toISOString(),
  };
  const jumps = (planeMs: number, hostMs: number): boolean =>
    isGraceJump(mark, {
      plane: new Date(marked + planeMs),
      host: new Date(marked + 5_000 + hostMs),
    });

  it('when it passed by the clock of the service for more than a day longer than by the host', () => {
    expect(jumps(3 * DAY_MS, 2 * DAY_MS)).toBe(false);
    expect(jumps(3 * DAY_MS + 1, 2 * DAY_MS)).toBe(true);
    expect(jumps(DAY_MS, 0)).toBe(false);
    expect(jumps(DAY_MS, -1)).toBe(true);
  });

  it('not when it passed for longer by the host', () => {
    expect(jumps(DAY_MS, 30 * DAY_MS)).toBe(false);
    expect(jumps(10 * DAY_MS, 10 * DAY_MS)).toBe(false);
  });
});

describe('the grace of a mark', () => {
  const mark = {
    planeNow: '2026-03-01T12:00:00.000Z',
    hostNow: '2026-03-01T12:00:00.000Z',
    dueAt: '2026-03-02T12:00:00.000Z',
  };
  const over = (plane: string, host: string, graceHours = 24): boolean =>
    isGraceOver(mark, { plane: new Date(plane), host: new Date(host) }, graceHours);

  it.each([
    ['both clocks say so', '2026-03-02T12:00:00.000Z', '2026-03-02T12:00:00.000Z', true],
    [
      'the plane lacks a millisecond',
      '2026-03-02T11:59:59.999Z',
      '2026-03-02T12:00:00.000Z',
      false,
    ],
    [
      'the host is a quarter of an hour behind',
      '2026-03-02T12:00:00.000Z',
      '2026-03-02T11:45:00.000Z',
      true,
    ],
    ['the host is further behind', '2026-03-02T12:00:00.000Z', '2026-03-02T11:44:59.999Z', false],
    [
      'the plane alone jumped by most of a day',
      '2026-03-02T12:00:00.000Z',
      '2026-03-01T12:30:00.000Z',
      false,
    ],
    [
      'the plane jumped by more, which is asked about',
      '2026-03-12T12:00:00.000Z',
      '2026-03-01T12:30:00.000Z',
      true,
    ],
  ])('is judged by both clocks: %s', (...[, plane, host, isOver]) => {
    expect(over(plane, host)).toBe(isOver);
  });

  it('is as long as the policy of now says, when that is longer', () => {
    expect(over('2026-03-02T12:00:00.000Z', '2026-03-02T12:00:00.000Z', 25)).toBe(false);
    expect(over('2026-03-02T13:00:00.000Z', '2026-03-02T13:00:00.000Z', 25)).toBe(true);
    expect(over('2026-03-02T12:00:00.000Z', '2026-03-02T12:00:00.000Z', 0)).toBe(true);
  });
});
