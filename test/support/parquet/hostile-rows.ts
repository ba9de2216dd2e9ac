import { isUtf8 } from 'node:buffer';

import type { Column } from '../../../src/encoders/parquet/schema.js';
import type { Row, RowBatch } from '../../../src/interfaces/index.js';
import { randomRow, randomValue } from './random-rows.js';
import type { Choices } from './random-rows.js';

/** Pieces that break JSON, or change what it says, wherever they are put. */
const PIECES: readonly Buffer[] = [
  ['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\t', '\0', '\u001f', '\ufeff', '\u2028'],
  ['0', '-', '+', '.', 'e', 'E9', '01', '1.', '.5', '1e', '1e+', '--1', '0x1f', '9'.repeat(40)],
  ['NaN', 'Infinity', 'undefined', 'nul', 'truefalse', 'True', "'a'", '/*c*/', '//c', '`'],
  ['\\x', '\\u', '\\u12', '\\u12g4', '\\U0041', '\\ud800', '\\udc00', '\\ud83d\\ude00', '\\"'],
  ['""', '{}', '[]', '{"a":1}', ',"id":7', ',"a":{"b":[]}', '"a":', ',,', '}}', ']]', 'null,'],
].flatMap((texts) => texts.map((text) => Buffer.from(text)));
/** No UTF-8: lone and missing continuations, long forms, surrogates, beyond the last character. */
const BAD_BYTES: readonly Buffer[] = [
  '80',
  'c0',
  'c3',
  'c080',
  'e282',
  'eda080',
  'f09f98',
  'f4908080',
  'ff',
].map((digits) => Buffer.from(digits, 'hex'));
const DEEP = 3000;
const LONG = 70_000;
const POOL_ROWS = 40;

/** Rows to make hostile ones of; making a row costs more than spoiling one. */
export function rowPool(choices: Choices, columns: readonly Column[]): readonly Buffer[] {
  return Array.from({ length: POOL_ROWS }, (_, at) => {
    if (at === 0) return Buffer.from(randomValue(choices, 2));
    return Buffer.from(choices.chance(0.02) ? hugeRow(choices) : randomRow(choices, columns));
  });
}

/** The bytes of a row that are often no JSON, no UTF-8 or no object, and seldom what columns expect. */
export function hostileRow(choices: Choices, pool: readonly Buffer[]): Buffer {
  let row = choices.of(pool);
  const changes = choices.below(4);
  for (let change = 0; change < changes; change += 1) row = changed(choices, row);
  return row;
}

type Change = (choices: Choices, row: Buffer, at: number) => Buffer;

const CHANGES: readonly Change[] = [
  (_, row, at) => row.subarray(0, at),
  (_, row, at) => splice(row, at, { remove: 1 }),
  (choices, row, at) => splice(row, at, { insert: choices.of(PIECES) }),
  (choices, row, at) => splice(row, at, { remove: 1, insert: choices.of(PIECES) }),
  (choices, row, at) => splice(row, at, { insert: choices.of(BAD_BYTES) }),
  (choices, row, at) => splice(row, at, { remove: 1, insert: Buffer.of(choices.below(256)) }),
  (choices, row, at) => splice(row, at, { remove: choices.below(12) }),
  (choices, row, at) =>
    splice(row, choices.below(row.length + 1), { insert: row.subarray(at, at + 30) }),
];

function changed(choices: Choices, row: Buffer): Buffer {
  return choices.of(CHANGES)(choices, row, choices.below(row.length + 1));
}

interface Splice {
  readonly remove?: number;
  readonly insert?: Uint8Array;
}

function splice(row: Buffer, at: number, { remove = 0, insert = Buffer.of() }: Splice): Buffer {
  return Buffer.concat([row.subarray(0, at), insert, row.subarray(at + remove)]);
}

function hugeRow(choices: Choices): string {
  const deep = 1 + choices.below(DEEP);
  const long = 1 + choices.below(LONG);
  const value = choices.of([
    `${'['.repeat(deep)}${']'.repeat(deep)}`,
    `${'{"a":'.repeat(deep)}null${'}'.repeat(deep)}`,
    `"${'é\\n'.repeat(long)}"`,
    '9'.repeat(long),
    `0.${'0'.repeat(long)}1`,
    `"2025-03-09T12:00:00.${'0'.repeat(long)}Z"`,
    `[${'"a",'.repeat(long)}null]`,
  ]);
  return `{"${choices.of(['id', 'a', 'metrics', 'other'])}":${value}}`;
}

/** Whether bytes are one JSON object in UTF-8, with nothing around it. */
export function isRow(bytes: Buffer): boolean {
  if (bytes[0] !== 0x7b || bytes.at(-1) !== 0x7d || !isUtf8(bytes)) return false;
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** A batch that checked nothing of its rows, as a careless source would give it. */
export function uncheckedBatch(rows: readonly Buffer[]): RowBatch {
  const bytes = Buffer.concat(rows.flatMap((row) => [row, Buffer.from('\n')]));
  const bounds = new Uint32Array(rows.length * 2);
  let end = 0;
  for (const [index, row] of rows.entries()) {
    bounds.set([end, end + row.length], 2 * index);
    end += row.length + 1;
  }
  const refuse = (): never => {
    throw new Error('the batch has nothing but text');
  };
  return {
    length: rows.length,
    byteLength: bytes.length - rows.length,
    text: () => ({ bytes, bounds }),
    fields: refuse,
    objects: refuse as () => readonly Row[],
    slice: refuse,
    select: refuse,
  };
}
