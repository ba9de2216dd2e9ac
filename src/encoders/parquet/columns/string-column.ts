import { Leaf } from '../file/leaf.js';
import type { ByteSource } from '../growing-bytes.js';
import type { Bounds, Dictionary } from '../file/leaf.js';
import type { ColumnKernel, KernelDictionary } from '../kernel/column-kernel.js';
import type { RowWindow } from '../row-window.js';
import { takeString } from '../values/strings.js';
import type { TakeText } from '../values/strings.js';
import type { ColumnBuffer } from './column-buffer.js';
import { takeFlat } from './plain-column.js';
import type { AddValue, FlatColumnParts } from './plain-column.js';
import { StringBounds } from './string-bounds.js';
import { StringDictionary } from './string-dictionary.js';

/** With fewer values for each entry the values themselves are as small. */
const VALUES_PER_ENTRY_MIN = 2;

/** Strings: in a dictionary while there are few different ones in a row group, else one by one. */
export class StringColumn implements ColumnBuffer {
  readonly leaves: readonly [Leaf];
  readonly #leaf: Leaf;
  readonly #kernel: ColumnKernel;
  readonly #bounds = new StringBounds();
  readonly #dictionary: StringDictionary | null;
  #usesDictionary: boolean;
  readonly #take: TakeText = (source, start, end) => this.#addText(source, start, end);
  readonly #add: AddValue = (source, start, end) => takeString(source, { start, end }, this.#take);
  readonly #addRun: FlatColumnParts['addRun'] = (window, column, row) =>
    this.#takeRun(window, column, row);

  /** @param dictionary where its dictionary stands; `null` for a column without one. */
  constructor(name: string, kernel: ColumnKernel, dictionary: KernelDictionary | null) {
    this.#leaf = new Leaf({ path: [name], type: 'bytes', maxDefinition: 1, maxRepetition: 0 });
    this.leaves = [this.#leaf];
    this.#kernel = kernel;
    this.#dictionary = dictionary === null ? null : new StringDictionary(kernel, dictionary);
    this.#usesDictionary = dictionary !== null;
  }

  get pageBytes(): number {
    return this.#leaf.values.length;
  }

  take(window: RowWindow, column: number): void {
    takeFlat(window, column, { leaf: this.#leaf, add: this.#add, addRun: this.#addRun });
  }

  takeDictionary(): Dictionary | null {
    const dictionary = this.#dictionary;
    if (dictionary === null) return null;
    const { size, indexes } = dictionary;
    if (!this.#usesDictionary || size === 0 || size * VALUES_PER_ENTRY_MIN > indexes.length) {
      if (this.#usesDictionary) this.#giveUp(dictionary);
      this.#usesDictionary = true;
      return null;
    }
    this.#noteEntries(dictionary);
    const taken = { size, bytes: dictionary.entryBytes(), indexes: indexes.slice() };
    dictionary.clear();
    return taken;
  }

  sealPage(): void {
    // The values stand in the leaf already.
  }

  takeBounds(): Bounds | null {
    return this.#bounds.take();
  }

  #addText(source: ByteSource, start: number, end: number): void {
    if (this.#usesDictionary && this.#dictionary !== null) {
      if (this.#dictionary.add(source, start, end)) return;
      this.#giveUp(this.#dictionary);
    }
    this.#leaf.values.addCounted(source, start, end);
    this.#bounds.note(source.bytes, start, end);
  }

  #takeRun(window: RowWindow, column: number, row: number): number {
    const { rows } = window;
    if (this.#usesDictionary && this.#dictionary !== null)
      return this.#dictionary.addRun(column, row, rows);
    const kernel = this.#kernel;
    const end = kernel.take('text', { column, row, rows });
    this.#leaf.values.add(kernel.values, 0, kernel.valueBytes);
    if (kernel.minRow === -1) return end;
    for (const bound of [kernel.minRow, kernel.maxRow]) {
      const place = window.placeOf(column, bound);
      const [from, to] = [window.starts[place] as number, window.ends[place] as number];
      this.#bounds.note(window.bytes, from + 1, to - 1);
    }
    return end;
  }

  /** Writes the values one by one after all. */
  #giveUp(dictionary: StringDictionary): void {
    this.#usesDictionary = false;
    this.#noteEntries(dictionary);
    const { entries } = dictionary;
    for (const entry of dictionary.indexes) {
      const [start, end] = dictionary.boundsOf(entry);
      this.#leaf.values.addCounted(entries, start, end);
    }
    dictionary.clear();
  }

  #noteEntries(dictionary: StringDictionary): void {
    const entries = dictionary.entries.bytes;
    for (let entry = 0; entry < dictionary.size; entry += 1) {
      const [start, end] = dictionary.boundsOf(entry);
      this.#bounds.note(entries, start, end);
    }
  }
}
