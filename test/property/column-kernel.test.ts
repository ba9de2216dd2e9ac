import { describe, expect, it } from 'vitest';

import { ColumnKernel } from '../../src/encoders/parquet/kernel/column-kernel.js';
import type { KernelValues } from '../../src/encoders/parquet/kernel/column-kernel.js';
import { byteSource } from '../../src/encoders/parquet/growing-bytes.js';
import { readDouble, readInt64 } from '../../src/encoders/parquet/values/numbers.js';
import { readTimestamp } from '../../src/encoders/parquet/values/timestamps.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { choicesFrom } from '../support/parquet/random-rows.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const TEXTS = 40_000;
const NO_NOTES = new Uint32Array(0);

const columns = [{ name: 'a', path: ['a'], type: 'utf8' as const }];

/** Gives the kernel one value for each row, and has it taken. */
class Taking {
  readonly #kernel = new ColumnKernel(columns);

  /** What was taken of each text, or `null` where the kernel left it to its caller. */
  take(kind: KernelValues, texts: readonly string[]): readonly (DataView | null)[] {
    const found: (DataView | null)[] = [];
    for (let at = 0; at < texts.length; at += 1) {
      this.load([texts[at] as string]);
      const end = this.#kernel.take(kind, { column: 0, row: 0, rows: 1 });
      const bytes = Uint8Array.from(this.#kernel.values.bytes.subarray(0, this.#kernel.valueBytes));
      found.push(end === 1 ? new DataView(bytes.buffer) : null);
    }
    return found;
  }

  load(texts: readonly string[]): ColumnKernel {
    const bytes = Buffer.from(` ${texts.join(' ')}`);
    const { length: end } = bytes;
    this.#kernel.load({ bytes, start: 0, end, notes: NO_NOTES, noteBounds: NO_NOTES });
    let at = 1;
    for (const [row, text] of texts.entries()) {
      this.#kernel.starts[row] = at;
      at += Buffer.byteLength(text);
      this.#kernel.ends[row] = at;
      at += 1;
    }
    return this.#kernel;
  }
}

function randomNumber(random: () => number): string {
  const value = random();
  const forms = [
    () => String(value),
    () => (1_763_750_000 + value * 1e6).toFixed(7),
    () => String(1.7e9 + value * 1e8),
    () => (value * 10).toFixed(16),
    () => `${Math.floor(value * 2 ** 53)}.5`,
    () => `-${(value * 1e5).toFixed(12)}`,
    () => (Math.floor(value * 2 ** 54) + 0.5).toFixed(1),
    () => `0.${String(Math.floor(value * 1e16)).padStart(16, '0')}`,
    () => String(Math.floor(value * 1e4)),
    () => `-${Math.floor(value * 2 ** 60)}`,
    () => String(BigInt(Math.floor(value * 2 ** 53)) * 2n ** 12n),
    () => `${Math.floor(value * 1e6)}e${Math.floor(value * 20) - 10}`,
  ];
  return (forms[Math.floor(random() * forms.length)] as () => string)();
}

const EDGES = [
  ['0', '-0', '0.0', '-0.0', '9007199254740992', '9007199254740993', '9007199254740993.0'],
  ['9007199254740992.5', '4503599627370496.5', '4503599627370497.5', '0.30000000000000004'],
  ['99999999999999999', '9999999999999999.9', '999999999999999999', '-999999999999999999'],
  ['9223372036854775807', '-9223372036854775808', '9223372036854775808', '1e5', '1E-7', '0.1e1'],
  ['true', 'null', '"1"', '[1]', '{}', '00', '1.', '.5', '-'],
].flat();

function numberTexts(): readonly string[] {
  const random = seededRandom(SEED);
  return [...EDGES, ...Array.from({ length: TEXTS }, () => randomNumber(random))];
}

describe('the column kernel', () => {
  it('reads doubles to the last bit, as the code without it does', () => {
    const texts = numberTexts();
    const taken = new Taking().take('double', texts);
    for (const [at, text] of texts.entries()) {
      const view = taken[at] ?? null;
      if (view === null || view.byteLength === 0) continue;
      const bytes = Buffer.from(text);
      expect([text, view.getFloat64(0, true)]).toEqual([text, readDouble(bytes, 0, bytes.length)]);
    }
    expect(taken.filter((view) => view !== null).length).toBeGreaterThan(texts.length / 2);
  });

  it('reads integers as the code without it does', () => {
    const texts = numberTexts();
    const taken = new Taking().take('int64', texts);
    for (const [at, text] of texts.entries()) {
      const view = taken[at] ?? null;
      if (view === null || view.byteLength === 0) continue;
      const bytes = Buffer.from(text);
      const expected = readInt64(bytes, 0, bytes.length);
      expect([text, view.getBigInt64(0, true)]).toEqual([text, BigInt(expected ?? NaN)]);
    }
    expect(taken.filter((view) => view !== null).length).toBeGreaterThan(texts.length / 10);
  });

  it('reads times as the code without it does, and none that is not there', () => {
    const choices = choicesFrom(seededRandom(SEED));
    const two = (below: number): string => String(choices.below(below)).padStart(2, '0');
    const texts = Array.from({ length: TEXTS }, () => {
      const year = String(choices.below(10_000)).padStart(4, '0');
      const date = `${year}-${two(14)}-${two(33)}`;
      const fraction = String(choices.below(10_000)).slice(0, choices.below(5));
      const time = `${two(25)}:${two(61)}:${two(61)}${fraction === '' ? '' : `.${fraction}`}`;
      return `"${date}${choices.below(20) === 0 ? ' ' : 'T'}${time}${choices.below(20) === 0 ? '+01:00' : 'Z'}"`;
    });
    const taken = new Taking().take('timestamp', texts);
    let read = 0;
    for (const [at, text] of texts.entries()) {
      const bytes = Buffer.from(text);
      const expected = readTimestamp(byteSource(bytes), 0, bytes.length);
      const view = taken[at] ?? null;
      if (view === null) continue;
      expect([text, Number(view.getBigInt64(0, true))]).toEqual([text, expected]);
      read += 1;
    }
    expect(read).toBeGreaterThan(TEXTS / 2);
  });

  it('takes every day of five centuries', () => {
    const texts: string[] = [];
    for (let day = Date.UTC(1600, 0, 1); day < Date.UTC(2100, 0, 1); day += 86_400_000)
      texts.push(JSON.stringify(new Date(day)));
    const taken = new Taking().take('timestamp', texts);
    const wrong = texts.filter(
      (text, at) =>
        Number(taken[at]?.getBigInt64(0, true)) !== Date.parse(JSON.parse(text) as string),
    );
    expect(wrong).toEqual([]);
  });

  it('finds the lowest and highest of strings in the order of their bytes', () => {
    const choices = choicesFrom(seededRandom(SEED));
    const taking = new Taking();
    for (let round = 0; round < 500; round += 1) {
      const rows = 1 + choices.below(100);
      const texts = Array.from({ length: rows }, () => {
        const length = choices.below(20);
        const letters = Array.from({ length }, () => 'ab\u00e9z\u{1f600}'.at(choices.below(5)));
        return `"${letters.join('').toWellFormed()}"`;
      });
      const kernel = taking.load(texts);
      expect(kernel.take('text', { column: 0, row: 0, rows })).toBe(rows);
      const strings = texts.map((text) => Buffer.from(text.slice(1, -1)));
      const sorted = strings.toSorted((one, other) => Buffer.compare(one, other));
      expect(strings[kernel.minRow]).toEqual(sorted[0]);
      expect(strings[kernel.maxRow]).toEqual(sorted.at(-1));
    }
  });

  it('gives equal strings one place in a dictionary, and different ones different places', () => {
    const choices = choicesFrom(seededRandom(SEED));
    const taking = new Taking();
    const texts = Array.from(
      { length: 400 },
      () => `"${'xyz'.repeat(choices.below(12))}${choices.below(60)}"`,
    );
    const kernel = taking.load(texts);
    const dictionary = kernel.dictionaryOf(0);
    if (dictionary === null) throw new Error('the column has no dictionary');
    expect(kernel.takeEntries(dictionary, { column: 0, row: 0, rows: 400 })).toBe(400);
    const { buffer, byteOffset } = kernel.values.bytes;
    const entries = [...new Uint16Array(buffer, byteOffset, 400)];
    const entryOf = new Map(texts.map((text, at) => [text, entries[at]]));
    expect(texts.map((text) => entryOf.get(text))).toEqual(entries);
    expect(new Set(entryOf.values()).size).toBe(entryOf.size);
    expect(dictionary.numbers[0]).toBe(entryOf.size);
  });

  it('stops at what it does not understand: escapes, and values of another type', () => {
    const taking = new Taking();
    const rows = 3;
    for (const odd of [String.raw`"a\n"`, '1', '[]', '{}', 'true']) {
      const kernel = taking.load(['"x"', odd, '"y"']);
      expect(kernel.take('text', { column: 0, row: 0, rows })).toBe(1);
      expect(kernel.take('text', { column: 0, row: 2, rows })).toBe(rows);
    }
    const kernel = taking.load(['true', '"true"', 'false']);
    expect(kernel.take('boolean', { column: 0, row: 0, rows })).toBe(1);
  });
});
