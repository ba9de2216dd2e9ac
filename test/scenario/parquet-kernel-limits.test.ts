import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { ColumnKernel } from '../../src/encoders/parquet/kernel/column-kernel.js';
import { RowWindow } from '../../src/encoders/parquet/row-window.js';
import { createSchema } from '../../src/encoders/parquet/schema.js';
import type { Column, ColumnType } from '../../src/encoders/parquet/schema.js';
import { indexedTextOf } from '../../src/rows/row-batch.js';
import { NoKernel, encodeRowGroup } from '../support/parquet/encode-row-group.js';
import { textBatch } from '../support/rows.js';

/** What the kernel has room for. */
const TEXT_BYTES = 512 * 1024;
const MEMBERS = 16 * 1024;
const ROWS = 512;
/** What a window takes before its last row. */
const WINDOW_BYTES = 256 * 1024;

const AFTER = ['{"id":"after","j":[1],"d":1.5}', String.raw`{"id":"aft\u0065r","j":null,"d":7}`];

function columnOf(type: ColumnType, ...path: readonly [string, ...string[]]): Column {
  return { name: path.join('_').slice(0, 40), path, type };
}

const SIMPLE = [columnOf('utf8', 'id'), columnOf('json', 'j'), columnOf('double', 'd')];

/** Encodes rows with the kernel, once more after them, and without it. */
async function expectEqual(columns: readonly Column[], rows: readonly string[]): Promise<void> {
  const schema = createSchema('limits', columns);
  const texts = [rows, AFTER, rows].map((each) => indexedTextOf(textBatch(...each).text()));
  const actual = await encodeRowGroup(schema, texts, { kernel: new ColumnKernel(schema.columns) });
  const expected = await encodeRowGroup(schema, texts, { kernel: new NoKernel(schema.columns) });
  expect(actual.facts).toEqual(expected.facts);
  expect(actual.refusals).toEqual(expected.refusals);
  expect(Buffer.compare(actual.bytes, expected.bytes)).toBe(0);
}

/** A row of so many bytes, most of them in one value. */
function rowOf(key: string, bytes: number): string {
  const empty = JSON.stringify({ [key]: '' });
  return JSON.stringify({ [key]: 'x'.repeat(bytes - empty.length) });
}

describe('a window at the limits of the kernel', () => {
  it.each([-1, 0, 1])('has a text of 512 KiB and %i bytes in one row', async (more) => {
    for (const key of ['id', 'j', 'other']) {
      await expectEqual(SIMPLE, [rowOf(key, TEXT_BYTES + more)]);
    }
  });

  it.each([-1, 0, 1])('has a text of 512 KiB and %i bytes in 512 rows', async (more) => {
    const size = Math.floor(WINDOW_BYTES / ROWS) - 2;
    for (const key of ['id', 'j', 'other']) {
      const rows = Array.from({ length: ROWS - 1 }, () => rowOf(key, size));
      // Rows have a comma between them.
      const rest = TEXT_BYTES - (ROWS - 1) * (size + 1);
      await expectEqual(SIMPLE, [...rows, rowOf(key, rest + more)]);
    }
  });

  it.each([-1, 0, 1])('has 16,384 and %i members', async (more) => {
    const members = (count: number): string =>
      Array.from({ length: count }, (_, at) => `"${at}":${at}`).join(',');
    const wide = `{${members(MEMBERS + more)}}`;
    const rest = `{${members(MEMBERS + more - ROWS + 1)}}`;
    await expectEqual(SIMPLE, [wide]);
    await expectEqual(SIMPLE, [...Array.from({ length: ROWS - 1 }, () => '{"d":1}'), rest]);
    await expectEqual([...SIMPLE, columnOf('int64', '16383')], [wide, '{"16383":1}']);
  });

  it('has values of every size around a copy, at the end of its text', async () => {
    const sizes = Array.from({ length: 300 }, (_, size) => size);
    for (const key of ['id', 'j']) {
      await expectEqual(
        SIMPLE,
        sizes.map((size) => rowOf(key, size + 10)),
      );
    }
  });
});

describe('a schema', () => {
  it('has 1,000 columns, of which more hold strings than there are dictionaries', async () => {
    const columns = Array.from({ length: 1000 }, (_, at) =>
      columnOf(at % 10 === 0 ? 'utf8' : 'int64', `c${at}`),
    );
    const rows = Array.from({ length: 30 }, (_, row) =>
      JSON.stringify(
        Object.fromEntries(
          columns.map(({ name, type }, at) => [name, type === 'utf8' ? `${at % 7}` : at + row]),
        ),
      ),
    );
    await expectEqual(columns, [...rows, ...rows.toReversed()]);
  });

  it('has no columns', async () => {
    await expectEqual([], ['{}', '{"":0}', '{"a":{"b":1}}']);
  });

  it('has keys of no character, of many, and of those that are always escaped', async () => {
    const long = 'long key '.repeat(10_000);
    const columns = [columnOf('int64', ''), columnOf('json', long), columnOf('utf8', '\n', '"\\')];
    const row = JSON.stringify({ '': 1, [long]: [2], '\n': { '"\\': 'three', '"': 4 } });
    const near = JSON.stringify({ ' ': 1, [`${long} `]: [2], '\\n': { '"\\': 'three' } });
    await expectEqual(columns, [row, near, '{"":null,"":7}', row]);
  });

  it('has paths a hundred deep', async () => {
    const path = Array.from({ length: 100 }, (_, depth) => `k${depth}`) as [string, ...string[]];
    const inside = (value: string): string =>
      path.reduceRight((text, key) => `{"before":{},"${key}":${text},"after":[]}`, value);
    const columns = [columnOf('int64', ...path), columnOf('json', path[0])];
    const middle = { ...columnOf('json', ...path), path: path.slice(0, 50), name: 'middle' };
    await expectEqual([...columns, middle], [inside('1'), inside('"x"'), '{"k0":{"k1":{}}}']);
  });
});

describe('a window that is closed', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  /** The memory of a text that a window has gone through. */
  function usedText(window: RowWindow, row: string): WeakRef<ArrayBufferLike> {
    const text = indexedTextOf(textBatch(row).text());
    window.open(text);
    while (window.advance() > 0);
    window.close();
    return new WeakRef(text.bytes.buffer);
  }

  it.each([TEXT_BYTES / 2, TEXT_BYTES + 1])('keeps nothing of a text of %i bytes', async (size) => {
    const { columns } = createSchema('closed', SIMPLE);
    const window = new RowWindow(columns, new ColumnKernel(columns));
    const used = usedText(window, rowOf('id', size));
    // A reference is kept until the end of the turn in which it was made.
    await nextTurn();
    collectGarbage();
    expect(used.deref()).toBeUndefined();
    expect(window.rows).toBe(0);
  });
});
