import { describe, expect, it } from 'vitest';

import { ColumnKernel } from '../../src/encoders/parquet/kernel/column-kernel.js';
import type { MemberText } from '../../src/encoders/parquet/row-window.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { Column } from '../../src/encoders/parquet/schema.js';
import { indexedTextOf } from '../../src/rows/row-batch.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { NoKernel, encodeRowGroup } from '../support/parquet/encode-row-group.js';
import type { Cut } from '../support/parquet/encode-row-group.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import type { Choices } from '../support/parquet/random-rows.js';
import { textBatch } from '../support/rows.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const CASES = Number(process.env['EXPORT_CASES'] ?? 25);
/** Around what a dictionary, a bound or a copy by words has room for. */
const LENGTHS = [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 200, 255, 256, 257];

/** Strings of lengths at which something ends, of a few beginnings or all the same. */
function stringColumns(choices: Choices): {
  readonly columns: readonly Column[];
  readonly members: () => string;
} {
  const columns = Array.from({ length: choices.of([1, 3, 70]) }, (_, at): Column => {
    return { name: `s${at}`, path: [`s${at}`], type: 'utf8' };
  });
  const variety = columns.map(() => choices.of([1, 30, 5000]));
  const longest = columns.map(() => choices.of([8, 12, LENGTHS.length]));
  const value = (at: number): string => {
    const number = choices.below(variety[at] as number);
    const length = LENGTHS[(number + choices.below(2)) % (longest[at] as number)] as number;
    return `${'mnopqrst'[number % 8]}${number}`.padEnd(length, 'ab\u007f').slice(0, length);
  };
  const members = (): string =>
    columns
      .filter(() => choices.chance(0.9))
      .map(({ name }) => `"${name}":"${value(Number(name.slice(1)))}"`)
      .join(',');
  return { columns, members };
}

/** Batches of rows of which some are left out. */
function batches(choices: Choices, makeRow: () => string): readonly MemberText[] {
  return Array.from({ length: 1 + choices.below(4) }, () => {
    const texts = Array.from({ length: 1 + choices.below(400) }, makeRow);
    const kept = choices.of([0.02, 0.5, 1]);
    const indexes = [...texts.keys()].filter(() => choices.chance(kept));
    const from = choices.below(indexes.length + 1);
    const batch = textBatch(...texts).select(indexes);
    return indexedTextOf(batch.slice(from, indexes.length).text());
  });
}

/** The key of an object inside of which a column's value stands, as JSON. */
function outerKey(columns: readonly Column[]): string {
  return JSON.stringify(columns.find(({ path }) => path.length > 1)?.path[0] ?? 'a');
}

/** Members that the kernel has no room for, or that nest deeper than it goes. */
function oddMembers(choices: Choices, columns: readonly Column[]): readonly string[] {
  const [size, count, depth] = [choices.below(700_000), choices.below(20_000), 16_400];
  return choices.of([
    () => [`"large":"${'x'.repeat(size)}"`],
    () => Array.from({ length: count }, (_, at) => `"w${at}":${at}`),
    () => [`${outerKey(columns)}:{"deep":${'['.repeat(depth)}${']'.repeat(depth)},"b":1}`],
  ])();
}

const PLAIN = ['1', '-0.5', 'null', 'true', '"x"', '{}', '[ "a" ]', '"2025-03-09T12:00:00Z"'];

/** A row without escapes, which are what the kernel leaves to its caller. */
function plainRow(choices: Choices, columns: readonly Column[]): string {
  const members = columns
    .filter(({ path }) => path.every((key) => JSON.stringify(key) === `"${key}"`))
    .flatMap(({ path }) =>
      Array.from({ length: choices.below(3) }, () => {
        const end = choices.chance(0.2) ? choices.below(path.length) : path.length;
        const [first = 'a', ...inside] = path.slice(0, end);
        const value = inside.reduceRight(
          (text, key) => `{"a":{},"${key}": ${text} ,"":7}`,
          choices.of(PLAIN),
        );
        return `"${first}" : ${value}`;
      }),
    );
  return `{${members.join(' ,')}}`;
}

/** Rows of any shape, often with the strings, and seldom with something odd. */
function rowsOf(choices: Choices, columns: readonly Column[], strings: () => string): () => string {
  return () => {
    const makeRow = choices.chance(0.5) ? randomRow : plainRow;
    const row = makeRow(choices, columns).trim().slice(1, -1);
    const odd = choices.chance(0.004) ? oddMembers(choices, columns) : [];
    // Takes away what an earlier member with this key has inside.
    const last = choices.chance(0.1) ? [`${outerKey(columns)}:${choices.of(['{}', '1'])}`] : [];
    return `{${[row, strings(), ...last, ...odd].filter((part) => part.trim() !== '').join(',')}}`;
  };
}

describe('a row group', () => {
  it(
    'is the same with the kernel and without it, wherever windows end and rows are left out',
    async () => {
      for (let seed = SEED; seed < SEED + CASES; seed += 1) {
        const choices = choicesFrom(seededRandom(seed));
        const other = randomColumns(choices, choices.below(9));
        const strings = stringColumns(choices);
        const schema = createSchema('random', [...other, ...strings.columns]);
        const texts = batches(choices, rowsOf(choices, other, strings.members));
        const cut: Cut = ({ rows, bytes }) => ({
          rows: 1 + choices.below(rows),
          bytes: 1 + choices.below(bytes),
        });
        const encode = (kernel: ColumnKernel, cuts?: Cut) =>
          encodeRowGroup(schema, texts, { kernel, ...(cuts && { cut: cuts }) });
        const expected = await encode(new NoKernel(schema.columns));
        const message = `EXPORT_SEED=${seed} EXPORT_CASES=1 repeats it`;
        for (const group of [
          await encode(new ColumnKernel(schema.columns)),
          await encode(new ColumnKernel(schema.columns), cut),
        ]) {
          expect(group.facts, message).toEqual(expected.facts);
          expect(group.refusals, message).toEqual(expected.refusals);
          expect(Buffer.compare(group.bytes, expected.bytes), message).toBe(0);
        }
      }
    },
    60_000 + 1000 * CASES,
  );
});
