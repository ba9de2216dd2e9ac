import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  paginationKeyOf,
  TransactionIds,
  transactionOf,
  xactIdAt,
  xactIdOf,
} from '../../src/testing/plane/transaction-ids.js';

const NOON = Date.parse('2026-05-12T12:00:00Z');

function clockAt(start: number): { now: () => Date; move: (ms: number) => void } {
  let time = start;
  return { now: () => new Date(time), move: (ms) => void (time += ms) };
}

const secondOf = (transaction: number): number => Math.floor(transaction / 65_536);
const counterOf = (transaction: number): number => transaction % 65_536;

describe('a transaction id', () => {
  it('has the recorded layout: prefix, seconds, counter', () => {
    const id = '1000197156529394086';
    const transaction = transactionOf(id);
    expect(xactIdOf(transaction)).toBe(id);
    expect(BigInt(id) >> 48n).toBe(0x0de1n);
    expect(new Date(secondOf(transaction) * 1000).toISOString()).toBe('2026-05-12T23:48:26.000Z');
    expect(xactIdAt(new Date('2026-05-12T23:48:26.999Z'))).toBe(
      xactIdOf(transaction - counterOf(transaction)),
    );
  });

  it('has 19 digits, so that text order is numeric order', () => {
    assert(
      property(
        integer({ min: 1_500_000_000, max: 4_000_000_000 }),
        integer({ min: 0, max: 65_535 }),
        (second, counter) => {
          const id = xactIdOf(second * 65_536 + counter);
          return id.length === 19 && transactionOf(id) === second * 65_536 + counter;
        },
      ),
    );
  });

  it('counts on by itself about 2,200 times a second', () => {
    const clock = clockAt(NOON);
    const ids = new TransactionIds(clock.now);
    const first = ids.next();
    clock.move(1000);
    const step = (counterOf(ids.next()) - counterOf(first) + 65_536) % 65_536;
    expect(step).toBe(2201);
  });

  it('wraps inside a second, so that a later transaction has a lower id', () => {
    const clock = clockAt(NOON);
    const ids = new TransactionIds(clock.now);
    ids.force({ counter: 65_535 });
    const before = ids.next();
    const after = ids.next();
    expect(counterOf(before)).toBe(65_535);
    expect(counterOf(after)).toBe(0);
    expect(secondOf(after)).toBe(secondOf(before));
    expect(xactIdOf(after) < xactIdOf(before)).toBe(true);
  });

  it('is never given twice, not even 70,000 times in one instant', () => {
    const ids = new TransactionIds(clockAt(NOON).now);
    const given = new Set(Array.from({ length: 70_000 }, () => ids.next()));
    expect(given.size).toBe(70_000);
    expect(new Set([...given].map(secondOf)).size).toBe(2);
  });

  it('exceeds the last write of the row, also across the wrap', () => {
    const ids = new TransactionIds(clockAt(NOON).now);
    ids.force({ counter: 65_535 });
    const before = ids.next();
    expect(ids.next({ above: before })).toBeGreaterThan(before);
  });

  it('takes another time when told to', () => {
    const ids = new TransactionIds(clockAt(NOON).now);
    const past = ids.next({ at: new Date('2020-01-01T00:00:00Z') });
    expect(secondOf(past) * 1000).toBe(Date.parse('2020-01-01T00:00:00Z'));
    ids.force({ time: new Date('2021-01-01T00:00:00Z') });
    expect(secondOf(ids.next()) * 1000).toBe(Date.parse('2021-01-01T00:00:00Z'));
    expect(secondOf(ids.next()) * 1000).toBe(NOON);
  });
});

describe('a pagination key', () => {
  it('has the recorded layout: p and 20 digits of transaction and row', () => {
    const transaction = 0x6a03bc24 * 65_536 + 817;
    expect(paginationKeyOf(transaction, 0)).toBe(
      `p${0x6a03bc2403310000n.toString().padStart(20, '0')}`,
    );
    expect(paginationKeyOf(transaction, 65_535) < paginationKeyOf(transaction + 1, 0)).toBe(true);
  });
});
