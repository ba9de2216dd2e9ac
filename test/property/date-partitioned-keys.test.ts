import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { KeyStrategy } from '../../src/interfaces/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { objectKeyProblem } from '../../src/util/object-key.js';
import { ownerOfKey } from '../../src/util/object-owner.js';

const RUN = new Date('2025-12-08T23:30:00Z');
const FIELDS = ['a', 'b'] as const;

const value = fc.oneof(
  fc.constant(null),
  fc.constantFrom('', '.', '..', '/', '~null', '~empty', '__HIVE_DEFAULT_PARTITION__', '%', '%41'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme', minLength: 30, maxLength: 300 }),
);
const row = fc.record({ a: value, b: value });
const strategies = fc.constantFrom(
  ...(['date', 'slashes', 'hive'] as const).flatMap((layout) => [
    datePartitionedKeys({ layout, partitionBy: FIELDS }),
    datePartitionedKeys({ layout, partitionBy: FIELDS, time: false, prefix: 'some/where' }),
  ]),
  datePartitionedKeys({ template: 'x{field:a}/y-{field:b}-z/{exportId}.{nonce}{extension}' }),
);

function keyOf(keys: KeyStrategy, fields: Record<string, string | null>): string {
  return keys.key({
    exportId: 'x'.repeat(64),
    generation: 12,
    sequence: 7,
    nonce: '0123456789abcdef',
    partition: keys.partition({ fields, runStartedAt: RUN }),
    runStartedAt: RUN,
    extension: '.jsonl.zst',
  });
}

describe('datePartitionedKeys, for any values', () => {
  it('gives keys that every sink takes, that begin with no underscore and tell whose they are', () => {
    fc.assert(
      fc.property(strategies, row, (keys, fields) => {
        const key = keyOf(keys, fields);
        expect(objectKeyProblem(key)).toBeNull();
        expect(key.startsWith('_')).toBe(false);
        const owner = { exportId: 'x'.repeat(64), nonce: '0123456789abcdef' };
        expect(ownerOfKey(key)).toEqual(owner);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives rows with different values different keys, with equal values equal ones', () => {
    fc.assert(
      fc.property(strategies, row, row, (keys, left, right) => {
        const isSame = FIELDS.every((field) => left[field] === right[field]);
        expect(keyOf(keys, left) === keyOf(keys, right)).toBe(isSame);
        expect(keyOf(keys, { ...left })).toBe(keyOf(keys, left));
      }),
      { numRuns: 2_000 },
    );
  });

  it('places by time alone exactly the rows of one UTC hour together', () => {
    const keys = datePartitionedKeys({ by: 'created', granularity: 'hour' });
    const years = { min: new Date('0001-01-01Z'), max: new Date('9998-12-31Z') };
    const date = fc.date({ ...years, noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.integer({ min: 0, max: 7_200_000 }), (first, apart) => {
        const second = new Date(first.getTime() + apart);
        const hour = (each: Date): number => Math.floor(each.getTime() / 3_600_000);
        const isTogether =
          keyOf(keys, { created: first.toISOString() }) ===
          keyOf(keys, { created: second.toISOString() });
        expect(isTogether).toBe(hour(first) === hour(second));
      }),
    );
  });
});
