import { describe, expect, it } from 'vitest';

import { createPageCompressor } from '../../src/encoders/parquet/file/codec.js';
import { ColumnKernel } from '../../src/encoders/parquet/kernel/column-kernel.js';
import { RowGroup } from '../../src/encoders/parquet/row-group.js';
import type { ClosedRowGroup } from '../../src/encoders/parquet/row-group.js';
import { RowWindow } from '../../src/encoders/parquet/row-window.js';
import type { MemberText, WindowRoom } from '../../src/encoders/parquet/row-window.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { Column, ParquetSchema } from '../../src/encoders/parquet/schema.js';
import { indexedTextOf } from '../../src/rows/row-batch.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { choicesFrom, randomColumns, randomRow } from '../support/parquet/random-rows.js';
import type { Choices } from '../support/parquet/random-rows.js';
import { textBatch } from '../support/rows.js';

const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const CASES = Number(process.env['EXPORT_CASES'] ?? 25);
/** Around what a dictionary, a bound or a copy by words has room for. */
const LENGTHS = [0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 200, 255, 256, 257];

/** Leaves all rows in their text. */
class NoKernel extends ColumnKernel {
  override hasRoom(): boolean {
    return false;
  }
}

/** Says which room the next window has of what there is. */
type Cut = (room: WindowRoom) => WindowRoom;

/** The row group of the rows, in windows that end where `cut` says. */
async function encode(
  schema: ParquetSchema,
  texts: readonly MemberText[],
  { kernel, cut }: { readonly kernel: ColumnKernel; readonly cut: Cut },
): Promise<ClosedRowGroup> {
  const window = new RowWindow(schema.columns, kernel);
  const group = new RowGroup(schema, kernel, await createPageCompressor('none', 0));
  for (const text of texts) {
    window.open(text);
    for (;;) {
      const bytes = window.advance(cut(group.room));
      if (bytes === 0) break;
      await group.take(window, bytes);
    }
    window.close();
  }
  return await group.close();
}

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

/** Members that the kernel has no room for, or that nest deeper than it goes. */
function oddMembers(choices: Choices, columns: readonly Column[]): readonly string[] {
  const inside = columns.find(({ path }) => path.length > 1)?.path[0] ?? 'a';
  const [size, count, depth] = [choices.below(700_000), choices.below(20_000), 16_400];
  return choices.of([
    () => [`"large":"${'x'.repeat(size)}"`],
    () => Array.from({ length: count }, (_, at) => `"w${at}":${at}`),
    () => [`${JSON.stringify(inside)}:{"deep":${'['.repeat(depth)}${']'.repeat(depth)},"b":1}`],
  ])();
}

/** Rows of any shape, often with the strings, and seldom with something odd. */
function rowsOf(choices: Choices, columns: readonly Column[], strings: () => string): () => string {
  return () => {
    const row = randomRow(choices, columns).trim().slice(1, -1);
    const odd = choices.chance(0.004) ? oddMembers(choices, columns) : [];
    return `{${[row, strings(), ...odd].filter((part) => part.trim() !== '').join(',')}}`;
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
        const [expected, ...others] = [
          await encode(schema, texts, {
            kernel: new NoKernel(schema.columns),
            cut: (room) => room,
          }),
          await encode(schema, texts, { kernel: new ColumnKernel(schema.columns), cut }),
          await encode(schema, texts, {
            kernel: new ColumnKernel(schema.columns),
            cut: (room) => room,
          }),
        ];
        for (const { pages, facts } of others) {
          const message = `EXPORT_SEED=${seed} EXPORT_CASES=1 repeats it`;
          expect(facts, message).toEqual(expected?.facts);
          const same = Buffer.compare(Buffer.concat(pages), Buffer.concat(expected?.pages ?? []));
          expect(same, message).toBe(0);
        }
      }
    },
    60_000 + 1000 * CASES,
  );
});
