import { createHash, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCheckpoint } from '../../src/exporter/checkpoint.js';
import type { RunRecord } from '../../src/exporter/results.js';
import { isAtRisk } from '../../src/exporter/risk.js';
import {
  DIGEST_BYTES,
  DigestSet,
  indexHeader,
  readIndex,
  rowDigest,
} from '../../src/exporter/row-index.js';

const DAY_MS = 86_400_000;
const NOW = new Date(Date.UTC(2026, 0, 31));

function ago(days: number): Date {
  return new Date(NOW.getTime() - days * DAY_MS);
}

function runRecord(
  endedDaysAgo: number,
  watermarkDaysAgo: number,
  reason = 'row-limit',
): RunRecord {
  const endedAt = ago(endedDaysAgo).toISOString();
  const watermark = ago(watermarkDaysAgo).toISOString();
  return {
    runId: 'r',
    startedAt: endedAt,
    endedAt,
    reason,
    rows: 1,
    bytes: 1,
    objects: 1,
    watermark,
    error: null,
  };
}

describe('isAtRisk', () => {
  const retentionMs = 14 * DAY_MS;
  const judge = (runs: RunRecord[], lagDays: number): boolean =>
    isAtRisk({ runs, watermark: ago(lagDays), now: NOW, retentionMs });

  it('is true when unread rows have expired already', () => {
    expect(judge([], 14)).toBe(true);
  });

  it('is false after a run that caught up', () => {
    expect(judge([runRecord(0, 1, 'caught-up'), runRecord(1, 2)], 1)).toBe(false);
  });

  it('is false when the backlog of 10 days is worked off at ten days a day', () => {
    expect(judge([runRecord(0, 10), runRecord(0.5, 15)], 10)).toBe(false);
  });

  it('is true when the rows written now will be reached after they expire', () => {
    // Half a day of source time a day: the rows of now, 10 days away, are reached in 20 days, and live 14.
    expect(judge([runRecord(0, 10), runRecord(1, 10.5)], 10)).toBe(true);
  });

  it('is false at the same rate when the backlog is small', () => {
    expect(judge([runRecord(0, 1), runRecord(1, 1.5)], 1)).toBe(false);
  });

  it('is true when nothing moves', () => {
    expect(judge([runRecord(0, 3, 'SOURCE_UNAVAILABLE'), runRecord(1, 3)], 3)).toBe(true);
  });

  it('says nothing on one run alone', () => {
    expect(judge([runRecord(0, 3)], 3)).toBe(false);
  });
});

describe('the row index', () => {
  it('has the digests of the documented recipe', () => {
    const text = '2:ob3:r\u00e44:0042';
    const expected = createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES);
    expect(rowDigest('ob', 'r\u00e4', '0042')).toEqual(expected);
  });

  it('tells rows apart whose texts run together alike', () => {
    expect(rowDigest('a', 'bc', 'd')).not.toEqual(rowDigest('ab', 'c', 'd'));
    expect(rowDigest('1:a', '', '')).not.toEqual(rowDigest('1', ':a', ''));
  });

  it('gives the digests of a set sorted, every one once for each time it was added', () => {
    const set = new DigestSet();
    const digests = Array.from({ length: 5_000 }, () => randomBytes(DIGEST_BYTES));
    for (const digest of digests) set.add(digest.toString('latin1'));
    const sorted = Buffer.concat([...set.sorted()]);
    expect(set.length).toBe(5_000);
    expect(sorted).toEqual(Buffer.concat(digests.sort((a, b) => Buffer.compare(a, b))));
  });

  async function read(bytes: Buffer, chunkBytes: number): Promise<Buffer> {
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += chunkBytes)
        yield bytes.subarray(at, at + chunkBytes);
    }
    const reader = await readIndex('k', chunks());
    const parts: Buffer[] = [];
    for await (const part of reader.digests()) parts.push(part);
    return Buffer.concat(parts);
  }

  it.each([1, 7, 16, 100, 100_000])(
    'reads back however it is cut (%d bytes a piece)',
    async (chunkBytes) => {
      const digests = randomBytes(DIGEST_BYTES * 20);
      const header = indexHeader([
        { object: 'a', rows: 12, rejected: false },
        { object: 'b', rows: 8, rejected: true },
      ]);
      expect(await read(Buffer.concat([header, digests]), chunkBytes)).toEqual(digests);
    },
  );

  it.each([
    ['is cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['lacks a digest', (bytes: Buffer) => bytes.subarray(0, -DIGEST_BYTES)],
    ['is too long', (bytes: Buffer) => Buffer.concat([bytes, randomBytes(16)])],
    ['has no header', () => randomBytes(500)],
    ['is empty', () => Buffer.alloc(0)],
    ['is of another form', () => Buffer.from('{"format":"x"}\n')],
  ])('that %s is refused', async (_name, damage) => {
    const header = indexHeader([{ object: 'a', rows: 3, rejected: false }]);
    const whole = Buffer.concat([header, randomBytes(48)]);
    await expect(read(damage(whole), 64)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
  });
});

describe('parseCheckpoint', () => {
  it('refuses whatever is no checkpoint', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => parseCheckpoint(value as never, 'prod')).toThrow(/checkpoint/);
      }),
    );
  });
});
