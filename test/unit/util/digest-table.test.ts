import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DIGEST_BYTES, DigestTable } from '../../../src/util/digest-table.js';

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES);
}

describe('DigestTable', () => {
  it('holds what was added and nothing else, as a set does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 300 }),
        fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 30 }),
        (added, others) => {
          const table = new DigestTable();
          const model = new Set<string>();
          const isZero = (digest: Uint8Array): boolean => digest.every((byte) => byte === 0);
          for (const digest of added.filter((digest) => !isZero(digest))) {
            table.add(digest, 0);
            model.add(Buffer.from(digest).toString('hex'));
          }
          expect(table.length).toBe(model.size);
          for (const digest of [...added, ...others].filter((digest) => !isZero(digest)))
            expect(table.has(Buffer.from(digest).toString('latin1'))).toBe(
              model.has(Buffer.from(digest).toString('hex')),
            );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('holds the same after making room, before and between', () => {
    const table = new DigestTable();
    table.reserve(10);
    const digests = Array.from({ length: 3_000 }, (_, row) => digestOf(String(row)));
    for (const digest of digests.slice(0, 700)) table.add(digest, 0);
    table.reserve(100_000);
    for (const digest of digests) table.add(digest, 0);
    expect(table.length).toBe(3_000);
    expect(digests.every((digest) => table.has(digest.toString('latin1')))).toBe(true);
  });

  it('grows past its first size', () => {
    const table = new DigestTable();
    const digests = Array.from({ length: 10_000 }, (_, row) => digestOf(String(row)));
    for (const digest of digests) table.add(digest, 0);
    expect(table.length).toBe(10_000);
    expect(digests.every((digest) => table.has(digest.toString('latin1')))).toBe(true);
    expect(table.has(digestOf('x').toString('latin1'))).toBe(false);
  });
});
