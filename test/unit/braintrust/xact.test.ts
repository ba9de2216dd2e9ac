import { describe, expect, it } from 'vitest';

import { isXactId, secondsOfXactId, xactIdAt } from '../../../src/braintrust/query/xact.js';

describe('a transaction id', () => {
  it('holds the second in which it was made', () => {
    // As the service wrote it ten seconds before 2026-05-12T23:49:10Z.
    expect(new Date(secondsOfXactId('1000197156531632880') * 1000).toISOString()).toBe(
      '2026-05-12T23:49:00.000Z',
    );
  });

  it.each([0, 1, 1_772_366_400, 2 ** 32 - 1])('is bounded by its second (%i)', (second) => {
    const lowest = xactIdAt(second);
    expect(isXactId(lowest)).toBe(true);
    expect(secondsOfXactId(lowest)).toBe(second);
    expect(secondsOfXactId(String(BigInt(lowest) + 0xffffn))).toBe(second);
    expect(secondsOfXactId(String(BigInt(lowest) - 1n))).not.toBe(second);
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('is not made of %d', (second) => {
    expect(() => xactIdAt(second)).toThrow(/second/);
  });

  it.each(['', '12', '10001971565316328801', '100019715653163288x', 1, null])(
    'is not %j',
    (value) => expect(isXactId(value)).toBe(false),
  );
});
