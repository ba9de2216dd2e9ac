import { isUtf8 } from 'node:buffer';

import { describe, expect, it } from 'vitest';

import { KernelText } from '../../src/rows/kernel/row-kernel.js';
import { JsonScanner, JsonTextError } from '../../src/rows/scanner.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { hostileRow, rowPool } from '../support/parquet/hostile-rows.js';
import { choicesFrom, randomColumns } from '../support/parquet/random-rows.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const CASES = Number(process.env['EXPORT_CASES'] ?? 20_000);
const TEXTS_PER_SEED = 1_000;
/** What the kernel takes in one piece, and a row may have. */
const PIECE_BYTES = 300_000;
const MEMBERS_MAX = 4_096;

interface Reading {
  readonly end: number;
  /** Begin and end of key and value of each member. */
  readonly notes: readonly number[];
}

/** What a row of the text is to the scanner in TypeScript, or `null`. */
function scanned(bytes: Uint8Array, at: number): Reading | null {
  const scanner = new JsonScanner(bytes);
  try {
    return scanObject(scanner, at);
  } catch (error) {
    if (error instanceof JsonTextError) return null;
    throw error;
  }
}

function scanObject(scanner: JsonScanner, at: number): Reading {
  const notes: number[] = [];
  let next = scanner.skipSpace(scanner.skipByte(at, 0x7b));
  if (scanner.byteAt(next) === 0x7d) return { end: next + 1, notes };
  for (;;) {
    const keyEnd = scanner.skipString(next);
    const value = scanner.skipSpace(scanner.skipByte(scanner.skipSpace(keyEnd), 0x3a));
    const end = scanner.skipValue(value);
    notes.push(next + 1, keyEnd - 1, value, end);
    next = scanner.skipSpace(end);
    if (scanner.byteAt(next) === 0x7d) return { end: next + 1, notes };
    next = scanner.skipSpace(scanner.skipByte(next, 0x2c));
  }
}

function indexed(text: KernelText, at: number): Reading | null {
  const end = text.indexRow(at);
  if (end === -1) return null;
  const notes = new Uint32Array(text.noteCount);
  text.copyNotes(notes, 0);
  return { end, notes: [...notes] };
}

function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let max = 0;
  for (const byte of bytes) {
    if (byte === 0x7b || byte === 0x5b) max = Math.max(max, (depth += 1));
    if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return max;
}

/** Several texts in one buffer, so that each has neighbours. */
function hostileTexts(seed: number): readonly Buffer[] {
  const choices = choicesFrom(seededRandom(seed));
  const pool = rowPool(choices, randomColumns(choices, 1 + choices.below(10)));
  return Array.from({ length: TEXTS_PER_SEED }, () => hostileRow(choices, pool));
}

function compare(texts: readonly Buffer[]): { readonly accepted: number } {
  let accepted = 0;
  const bytes = Buffer.concat(texts);
  const kernel = new KernelText(bytes);
  let at = 0;
  for (const text of texts) {
    const expected = scanned(bytes, at);
    const actual = indexed(kernel, at);
    const isSmall =
      expected !== null &&
      expected.end - at < PIECE_BYTES &&
      expected.notes.length <= 4 * MEMBERS_MAX &&
      depthOf(bytes.subarray(at, expected.end)) < 16_000;
    if (actual !== null || isSmall) expect(actual).toEqual(expected);
    if (actual !== null) accepted += 1;
    at += text.length;
  }
  return { accepted };
}

describe('the row kernel', () => {
  it(
    'finds what the scanner finds, and takes nothing that the scanner refuses',
    () => {
      let [cases, accepted] = [0, 0];
      for (let seed = SEED; cases < CASES; seed += 1) {
        try {
          accepted += compare(hostileTexts(seed)).accepted;
        } catch (cause) {
          throw new Error(`EXPORT_SEED=${seed} EXPORT_CASES=1 repeats it`, { cause });
        }
        cases += TEXTS_PER_SEED;
      }
      expect(accepted).toBeGreaterThan(cases / 4);
      expect(cases - accepted).toBeGreaterThan(cases / 4);
    },
    60_000 + CASES,
  );

  it('never reads further than the text, wherever it is cut off', () => {
    const row = Buffer.from(
      String.raw`{ "a" : [ 1 , -2.5e+3 , true,false,null ] , "b\u00e9" : { "c" : "x\n" , "d" : { } } }`,
    );
    expect(isUtf8(row)).toBe(true);
    for (let end = 0; end < row.length; end += 1) {
      // The rest of the row stands in the kernel's memory still.
      expect(indexed(new KernelText(row), 0)?.end).toBe(row.length);
      expect(indexed(new KernelText(row.subarray(0, end)), 0)).toBeNull();
    }
  });

  it('goes on with a text after another one was read', () => {
    const texts = ['{"a":1}{"b":[2]}', '{"c":"three"}{"d":{}}'].map((text) => Buffer.from(text));
    const [one, other] = texts.map((text) => new KernelText(text)) as [KernelText, KernelText];
    expect(indexed(one, 0)).toEqual({ end: 7, notes: [2, 3, 5, 6] });
    expect(indexed(other, 0)).toEqual({ end: 13, notes: [2, 3, 5, 12] });
    expect(indexed(one, 7)).toEqual({ end: 16, notes: [9, 10, 12, 15] });
    expect(indexed(other, 13)).toEqual({ end: 21, notes: [15, 16, 18, 20] });
  });

  it('finds rows behind the piece that it holds, and leaves those that are larger', () => {
    const small = Buffer.from(`{"a":"${'x'.repeat(100_000)}"}`);
    const large = Buffer.from(`{"a":"${'y'.repeat(400_000)}"}`);
    const texts = [small, small, small, small, large, small];
    const bytes = Buffer.concat(texts);
    const kernel = new KernelText(bytes);
    let at = 0;
    for (const text of texts) {
      const expected = text === large ? null : scanned(bytes, at);
      expect(indexed(kernel, at)).toEqual(expected);
      at += text.length;
    }
  });
});
