import { GrowingBytes } from '../growing-bytes.js';
import type { ByteSource } from '../growing-bytes.js';

/** Strings of a column with few different values are short. */
const ENTRY_MAX_BYTES = 256;
/** So many entries are kept in any case, and one more for every fourth value. */
const ENTRIES_MIN = 512;
const VALUES_PER_ENTRY = 4;
/** Places are 16-bit numbers. */
const ENTRIES_MAX = 0xffff;
const SLOTS_MIN = 2048;
const EMPTY = -1;
const SIZE_BYTES = 4;

/** The different strings of one column in one row group, and which of them each value is. */
export class StringDictionary {
  /** The entries, each with its size in front. */
  readonly entries: GrowingBytes = new GrowingBytes();
  #size = 0;
  #valueCount = 0;
  #starts = new Uint32Array(SLOTS_MIN / 2);
  #hashes = new Int32Array(SLOTS_MIN / 2);
  /** Entries by hash; half of the slots are empty at least. */
  #slots = new Int32Array(SLOTS_MIN).fill(EMPTY);
  #indexes = new Uint16Array(ENTRIES_MIN);

  get size(): number {
    return this.#size;
  }

  /** The place of each value. */
  get indexes(): Uint16Array {
    return this.#indexes.subarray(0, this.#valueCount);
  }

  /** Where the string of an entry begins and ends in `entries`. */
  boundsOf(entry: number): readonly [number, number] {
    const start = (this.#starts[entry] as number) + SIZE_BYTES;
    return [
      start,
      entry + 1 < this.#size ? (this.#starts[entry + 1] as number) : this.entries.length,
    ];
  }

  /** Takes one value, or answers false when a dictionary is not worth while any more. */
  add(source: ByteSource, start: number, end: number): boolean {
    if (end - start > ENTRY_MAX_BYTES) return false;
    const entry = this.#entryOf(source, start, end);
    if (entry === -1) return false;
    if (this.#valueCount === this.#indexes.length) this.#growIndexes();
    this.#indexes[this.#valueCount] = entry;
    this.#valueCount += 1;
    return true;
  }

  /** Begins anew. */
  clear(): void {
    this.entries.clear();
    this.#slots.fill(EMPTY);
    this.#size = 0;
    this.#valueCount = 0;
  }

  #entryOf(source: ByteSource, start: number, end: number): number {
    const { bytes } = source;
    const hash = hashOf(bytes, start, end);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === EMPTY) break;
      if (this.#hashes[entry] === hash && this.#isEntry(entry, bytes, { start, end })) return entry;
      slot = (slot + 1) & mask;
    }
    const max = ENTRIES_MIN + this.#valueCount / VALUES_PER_ENTRY;
    if (this.#size >= Math.min(max, ENTRIES_MAX)) return -1;
    this.entries.addCounted(source, start, end);
    return this.#addEntry(hash, slot, this.entries.length - (end - start) - SIZE_BYTES);
  }

  #isEntry(
    entry: number,
    bytes: Buffer,
    place: { readonly start: number; readonly end: number },
  ): boolean {
    const [start, end] = this.boundsOf(entry);
    const length = place.end - place.start;
    if (end - start !== length) return false;
    const known = this.entries.bytes;
    for (let at = 0; at < length; at += 1) {
      if (known[start + at] !== bytes[place.start + at]) return false;
    }
    return true;
  }

  #addEntry(hash: number, slot: number, start: number): number {
    const entry = this.#size;
    this.#size += 1;
    this.#slots[slot] = entry;
    this.#starts[entry] = start;
    this.#hashes[entry] = hash;
    if (this.#size === this.#starts.length) this.#growSlots();
    return entry;
  }

  #growSlots(): void {
    this.#starts = grown(this.#starts, new Uint32Array(this.#starts.length * 2));
    this.#hashes = grown(this.#hashes, new Int32Array(this.#hashes.length * 2));
    this.#slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.#size; entry += 1) {
      let slot = (this.#hashes[entry] as number) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }

  #growIndexes(): void {
    this.#indexes = grown(this.#indexes, new Uint16Array(this.#indexes.length * 2));
  }
}

function grown<T extends Uint16Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** FNV-1a, with its high bits mixed into the low ones. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}
