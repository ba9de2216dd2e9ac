import type { ByteSource } from '../growing-bytes.js';
import type { ColumnKernel, KernelDictionary } from '../kernel/column-kernel.js';

const INDEXES_MIN = 512;
const SIZE_BYTES = 4;

/** The different strings of one column in one row group, and which of them each value is. */
export class StringDictionary {
  readonly #kernel: ColumnKernel;
  readonly #dictionary: KernelDictionary;
  #valueCount = 0;
  #indexes = new Uint16Array(INDEXES_MIN);

  constructor(kernel: ColumnKernel, dictionary: KernelDictionary) {
    this.#kernel = kernel;
    this.#dictionary = dictionary;
  }

  get size(): number {
    return this.#dictionary.numbers[0] as number;
  }

  /** The entries, each with its size in front. */
  get entries(): ByteSource {
    return this.#dictionary.entries;
  }

  /** A copy of all entries. */
  entryBytes(): Uint8Array {
    return new Uint8Array(this.entries.bytes.subarray(0, this.#dictionary.numbers[1]));
  }

  /** The place of each value. */
  get indexes(): Uint16Array {
    return this.#indexes.subarray(0, this.#valueCount);
  }

  /** Where the string of an entry begins and ends in `entries`. */
  boundsOf(entry: number): readonly [number, number] {
    const at = this.#dictionary.starts[entry] as number;
    const start = at + SIZE_BYTES;
    return [start, start + this.entries.view.getUint32(at, true)];
  }

  /** Takes one value, or answers false when a dictionary is not worth while any more. */
  add(source: ByteSource, start: number, end: number): boolean {
    const entry = this.#kernel.addEntry(this.#dictionary, source, { start, end });
    if (entry === -1) return false;
    this.#reserve(1);
    this.#indexes[this.#valueCount] = entry;
    this.#valueCount += 1;
    return true;
  }

  /** Takes a column's values from a row on. Answers the row at which it stopped. */
  addRun(column: number, row: number, rows: number): number {
    const end = this.#kernel.takeEntries(this.#dictionary, { column, row, rows });
    const count = this.#kernel.valueBytes / 2;
    const { buffer, byteOffset } = this.#kernel.values.bytes;
    this.#reserve(count);
    this.#indexes.set(new Uint16Array(buffer, byteOffset, count), this.#valueCount);
    this.#valueCount += count;
    return end;
  }

  /** Begins anew. */
  clear(): void {
    this.#kernel.clearDictionary(this.#dictionary);
    this.#valueCount = 0;
  }

  #reserve(count: number): void {
    const needed = this.#valueCount + count;
    if (needed <= this.#indexes.length) return;
    const grown = new Uint16Array(Math.max(needed, this.#indexes.length * 2));
    grown.set(this.indexes);
    this.#indexes = grown;
  }
}
