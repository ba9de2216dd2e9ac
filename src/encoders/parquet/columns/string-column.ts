import { Leaf } from '../file/leaf.js';
import type { ByteSource } from '../growing-bytes.js';
import type { Bounds, Dictionary } from '../file/leaf.js';
import type { RowWindow } from '../row-window.js';
import { takeString } from '../values/strings.js';
import type { TakeText } from '../values/strings.js';
import type { ColumnBuffer } from './column-buffer.js';
import { takeFlat } from './plain-column.js';
import type { AddValue } from './plain-column.js';
import { StringBounds } from './string-bounds.js';
import { StringDictionary } from './string-dictionary.js';

/** With fewer values for each entry the values themselves are as small. */
const VALUES_PER_ENTRY_MIN = 2;

/** Strings: in a dictionary while there are few different ones in a row group, else one by one. */
export class StringColumn implements ColumnBuffer {
  readonly leaves: readonly [Leaf];
  readonly #leaf: Leaf;
  readonly #bounds = new StringBounds();
  readonly #dictionary = new StringDictionary();
  #hasDictionary = true;
  readonly #take: TakeText = (source, start, end) => this.#addText(source, start, end);
  readonly #add: AddValue = (source, start, end) => takeString(source, { start, end }, this.#take);

  constructor(name: string) {
    this.#leaf = new Leaf({ path: [name], type: 'bytes', maxDefinition: 1, maxRepetition: 0 });
    this.leaves = [this.#leaf];
  }

  get pageBytes(): number {
    return this.#leaf.values.length;
  }

  take(window: RowWindow, column: number): void {
    takeFlat(window, column, { leaf: this.#leaf, add: this.#add });
  }

  takeDictionary(): Dictionary | null {
    const dictionary = this.#dictionary;
    const { size, indexes } = dictionary;
    if (!this.#hasDictionary || size === 0 || size * VALUES_PER_ENTRY_MIN > indexes.length) {
      this.#giveUpDictionary();
      this.#hasDictionary = true;
      return null;
    }
    this.#noteEntries();
    const taken = {
      size,
      bytes: new Uint8Array(dictionary.entries.filled()),
      indexes: indexes.slice(),
    };
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
    if (this.#hasDictionary) {
      if (this.#dictionary.add(source, start, end)) return;
      this.#giveUpDictionary();
    }
    this.#leaf.values.addCounted(source, start, end);
    this.#bounds.note(source.bytes, start, end);
  }

  /** Writes the values one by one after all. */
  #giveUpDictionary(): void {
    const dictionary = this.#dictionary;
    this.#hasDictionary = false;
    this.#noteEntries();
    const { entries } = dictionary;
    for (const entry of dictionary.indexes) {
      const [start, end] = dictionary.boundsOf(entry);
      this.#leaf.values.addCounted(entries, start, end);
    }
    dictionary.clear();
  }

  #noteEntries(): void {
    const dictionary = this.#dictionary;
    const entries = dictionary.entries.bytes;
    for (let entry = 0; entry < dictionary.size; entry += 1) {
      const [start, end] = dictionary.boundsOf(entry);
      this.#bounds.note(entries, start, end);
    }
  }
}
