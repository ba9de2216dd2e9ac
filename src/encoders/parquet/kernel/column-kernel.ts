import { assert } from '../../../errors/index.js';
import { compileKernel, startKernel } from '../../../util/load-kernel.js';
import { byteSource } from '../growing-bytes.js';
import type { ByteSource } from '../growing-bytes.js';
import type { Column } from '../schema.js';
import { COLUMN_KERNEL_CODE } from './column-kernel-code.js';
import { KeyTables } from './key-tables.js';
import { MemoryLayout } from './memory-layout.js';

/** Most rows that the kernel looks at together. */
export const KERNEL_ROWS_MAX = 512;
const TEXT_MAX_BYTES = 512 * 1024;
const NOTES_MAX: number = 16 * 1024;
/** Numbers for each member. */
const NOTE_NUMBERS = 4;
const NOTE_BYTES = 16;
/** The scanner's stack stands at the beginning. */
const STACK_BYTES = 16 + 16 * 1024;
/** What is read or written beyond the end of something. */
const SLACK_BYTES = 32;

/** Form of a dictionary in memory, as the kernel has it. */
const DICTIONARY = { starts: 16_400, entries: 49_168, bytes: 49_168 + 65_536 + 320 } as const;
/** Of each schema, so many string columns have a dictionary at most: 115 KB each. */
const DICTIONARIES_MAX = 64;

/** Values that the kernel can take. */
export type KernelValues = 'json' | 'text' | 'boolean' | 'double' | 'int64' | 'timestamp';

/** Rows from `row` on, up to but not including `rows`. */
export interface KernelRun {
  readonly column: number;
  readonly row: number;
  readonly rows: number;
}

type Take = (column: number, row: number, rows: number) => number;

interface KernelExports {
  setUp(places: number): void;
  locateRows: (...places: readonly [number, number, number, number, number]) => number;
  takeJson: Take;
  takeTexts: Take;
  takeBooleans: Take;
  takeDoubles: Take;
  takeIntegers: Take;
  takeTimes: Take;
  takeEntries: (...places: readonly [number, number, number, number]) => number;
  addEntry(dictionary: number, at: number, length: number): number;
  clearDictionary(dictionary: number): void;
  readonly valuesEnd: { readonly value: number };
  readonly minRow: { readonly value: number };
  readonly maxRow: { readonly value: number };
}

/** A piece of a text, and the notes of its rows' members. */
export interface KernelPiece {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly notes: Uint32Array;
  /** Begin and end of each row among the notes. */
  readonly noteBounds: Uint32Array;
}

/** One dictionary as it stands in memory. */
export interface KernelDictionary {
  readonly address: number;
  /** Size, bytes and so on. */
  readonly numbers: Uint32Array;
  readonly starts: Uint32Array;
  readonly entries: ByteSource;
}

let code: object | undefined;

/**
 * Finds and takes values of columns with WebAssembly, for windows of rows. What it does not understand, such as strings
 * with escapes, it leaves to its caller. Its memory never grows.
 */
export class ColumnKernel {
  /** The text of the window; zero bytes follow. */
  readonly text: ByteSource;
  /** Where the value of a column and a row begins, `KERNEL_ROWS_MAX` for each column; 0 when there is none. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Which note each value comes from; for columns of top-level members. */
  readonly sources: Uint32Array;
  /** 1 for each member that no column holds. */
  readonly loose: Uint8Array;
  /** 1 for each row with such members. */
  readonly looseRows: Uint8Array;
  /** 1 for each row of the last run that has a value. */
  readonly levels: Uint8Array;
  /** Values of the last run, `valueBytes` of them. */
  readonly values: ByteSource;
  readonly #exports: KernelExports;
  readonly #takes: Readonly<Record<KernelValues, Take>>;
  readonly #notes: Uint32Array;
  readonly #noteBounds: Uint32Array;
  readonly #finder: number;
  readonly #valuesAt: number;
  readonly #dictionaries = new Map<number, KernelDictionary>();

  constructor(columns: readonly Column[]) {
    const layout = new MemoryLayout(STACK_BYTES);
    const places = layout.take(40);
    const cells = 4 * KERNEL_ROWS_MAX * columns.length;
    const [starts, ends, sources] = [layout.take(cells), layout.take(cells), layout.take(cells)];
    const notes = layout.take(NOTE_BYTES * NOTES_MAX);
    const noteBounds = layout.take(8 * KERNEL_ROWS_MAX);
    const loose = layout.take(NOTES_MAX);
    const looseRows = layout.take(KERNEL_ROWS_MAX);
    const levels = layout.take(KERNEL_ROWS_MAX);
    const text = layout.take(TEXT_MAX_BYTES + SLACK_BYTES);
    const values = layout.take(TEXT_MAX_BYTES + 8 * KERNEL_ROWS_MAX + SLACK_BYTES);
    const tables = new KeyTables(columns);
    const tablesAt = layout.take(tables.byteLength + SLACK_BYTES);
    const withDictionary = columnsWithDictionary(columns);
    const dictionaries = withDictionary.map(() => layout.take(DICTIONARY.bytes));
    code ??= compileKernel(COLUMN_KERNEL_CODE);
    const { memory, exports } = startKernel(code, layout.byteLength);
    const cellsAt = (address: number): Uint32Array =>
      new Uint32Array(memory, address, KERNEL_ROWS_MAX * columns.length);
    this.starts = cellsAt(starts);
    this.ends = cellsAt(ends);
    this.sources = cellsAt(sources);
    this.#notes = new Uint32Array(memory, notes, NOTE_NUMBERS * NOTES_MAX);
    this.#noteBounds = new Uint32Array(memory, noteBounds, 2 * KERNEL_ROWS_MAX);
    this.loose = new Uint8Array(memory, loose, NOTES_MAX);
    this.looseRows = new Uint8Array(memory, looseRows, KERNEL_ROWS_MAX);
    this.levels = new Uint8Array(memory, levels, KERNEL_ROWS_MAX);
    this.text = byteSource(new Uint8Array(memory, text, TEXT_MAX_BYTES + SLACK_BYTES));
    this.values = byteSource(new Uint8Array(memory, values, tablesAt - values));
    this.#valuesAt = values;
    this.#finder = tables.write(memory, tablesAt);
    for (const [index, column] of withDictionary.entries())
      this.#dictionaries.set(column, dictionaryAt(memory, dictionaries[index] as number));
    this.#exports = exports as KernelExports;
    this.#takes = takesOf(this.#exports);
    const at = new Uint32Array(memory, places, 10);
    at.set([text, starts, ends, sources, notes, noteBounds, loose, looseRows, levels, values]);
    this.#exports.setUp(places);
  }

  /** Whether a window of so much text and so many members has room. */
  hasRoom(textBytes: number, members: number): boolean {
    return textBytes <= TEXT_MAX_BYTES && members <= NOTES_MAX;
  }

  /** Takes the text and the notes of a window, which must have room. */
  load({ bytes, start, end, notes, noteBounds }: KernelPiece): void {
    const size = end - start;
    this.text.bytes.set(bytes.subarray(start, end));
    this.text.bytes.fill(0, size, size + SLACK_BYTES);
    this.#notes.set(notes);
    this.#noteBounds.set(noteBounds);
  }

  /**
   * Finds the columns' values in rows of the window, from `row` on. Answers the row at which it stopped, or `rows`.
   * @param origin where the window begins in its text, and its notes in theirs.
   */
  locate(
    row: number,
    rows: number,
    origin: { readonly text: number; readonly note: number },
  ): number {
    return this.#exports.locateRows(this.#finder, row, rows, origin.text, origin.note);
  }

  /** Takes a column's values from `row` on, into `values` and `levels`. Answers the row at which it stopped. */
  take(kind: KernelValues, run: KernelRun): number {
    return this.#takes[kind](run.column, run.row, run.rows);
  }

  /** Takes strings as places in the column's dictionary, 16 bits each, else as {@link take} does. */
  takeEntries({ address }: KernelDictionary, run: KernelRun): number {
    return this.#exports.takeEntries(run.column, run.row, run.rows, address);
  }

  /** Size of what the last run took. */
  get valueBytes(): number {
    return this.#exports.valuesEnd.value - this.#valuesAt;
  }

  /** The row with the lowest string of the last run, or -1. */
  get minRow(): number {
    return this.#exports.minRow.value;
  }

  get maxRow(): number {
    return this.#exports.maxRow.value;
  }

  /** The dictionary of a column, if it has one. */
  dictionaryOf(column: number): KernelDictionary | null {
    return this.#dictionaries.get(column) ?? null;
  }

  /** The place of a string in a dictionary, or -1 when it is full. */
  addEntry(
    { address }: KernelDictionary,
    source: ByteSource,
    place: { readonly start: number; readonly end: number },
  ): number {
    const length = place.end - place.start;
    if (length > TEXT_MAX_BYTES) return -1;
    source.bytes.copy(this.values.bytes, 0, place.start, place.end);
    return this.#exports.addEntry(address, this.#valuesAt, length);
  }

  clearDictionary({ address }: KernelDictionary): void {
    this.#exports.clearDictionary(address);
  }
}

function columnsWithDictionary(columns: readonly Column[]): readonly number[] {
  return columns
    .flatMap(({ type }, index) => (type === 'utf8' ? [index] : []))
    .slice(0, DICTIONARIES_MAX);
}

function dictionaryAt(memory: ArrayBuffer, address: number): KernelDictionary {
  const entriesAt = address + DICTIONARY.entries;
  return {
    address,
    numbers: new Uint32Array(memory, address, 4),
    starts: new Uint32Array(memory, address + DICTIONARY.starts, 4096),
    entries: byteSource(new Uint8Array(memory, entriesAt, DICTIONARY.bytes - DICTIONARY.entries)),
  };
}

function takesOf(exports: KernelExports): Readonly<Record<KernelValues, Take>> {
  assert(typeof exports.takeJson === 'function', 'the kernel has other functions');
  return {
    json: exports.takeJson,
    text: exports.takeTexts,
    boolean: exports.takeBooleans,
    double: exports.takeDoubles,
    int64: exports.takeIntegers,
    timestamp: exports.takeTimes,
  };
}
