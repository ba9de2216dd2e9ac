import { GrowingBytes } from '../growing-bytes.js';

/** How values are stored, by their numbers in the format. */
export const PHYSICAL_TYPES = { boolean: 0, int64: 2, double: 5, bytes: 6 } as const;

/** See {@link PHYSICAL_TYPES}. */
export type PhysicalType = keyof typeof PHYSICAL_TYPES;

/** What never changes about a leaf, which is a column of the file's format: a map has two of them. */
export interface LeafShape {
  /** Names from the outermost group to the leaf. */
  readonly path: readonly string[];
  readonly type: PhysicalType;
  /** Highest definition level: how many of the names in the path may be null or repeated. */
  readonly maxDefinition: number;
  /** 1 inside a list or a map. */
  readonly maxRepetition: number;
}

/** Lowest and highest value, as they are stored. */
export interface Bounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
}

/** The entries of a dictionary, and which of them the values are. */
export interface Dictionary {
  readonly size: number;
  /** The entries, each with its size in front. */
  readonly bytes: Uint8Array;
  readonly indexes: Uint16Array;
}

/** Room that is kept for the next page. */
const KEEP_BYTES = 2 * 1024 * 1024;

/** Levels and values on their way into a page. */
export class Leaf {
  readonly shape: LeafShape;
  readonly values: GrowingBytes = new GrowingBytes();
  readonly #definitions = new GrowingBytes();
  readonly #repetitions = new GrowingBytes();

  constructor(shape: LeafShape) {
    this.shape = shape;
  }

  /** Rows of the page, or, in a list or map, its entries and the rows without any. */
  get levelCount(): number {
    return this.#definitions.length;
  }

  get definitions(): Uint8Array {
    return this.#definitions.filled();
  }

  get repetitions(): Uint8Array {
    return this.#repetitions.filled();
  }

  /** Makes room for the levels of `rows` rows of a flat column and answers it; all of it must be filled. */
  addRows(rows: number): Uint8Array {
    const from = this.#definitions.length;
    this.#definitions.reserve(rows);
    this.#definitions.length = from + rows;
    return this.#definitions.bytes.subarray(from, from + rows);
  }

  /** Notes one value or null of a list or map; `repetition` is 0 for the first one of a row. */
  addLevels(definition: number, repetition: number): void {
    this.#definitions.addByte(definition);
    this.#repetitions.addByte(repetition);
  }

  /** Where the leaf stands now, for `restore`. */
  mark(): LeafMark {
    return { levels: this.#definitions.length, valueBytes: this.values.length };
  }

  /** Forgets what was added since the mark. */
  restore(mark: LeafMark): void {
    this.#definitions.length = mark.levels;
    if (this.shape.maxRepetition > 0) this.#repetitions.length = mark.levels;
    this.values.length = mark.valueBytes;
  }

  /** Begins the next page. */
  clear(): void {
    this.#definitions.clear(KEEP_BYTES);
    this.#repetitions.clear(KEEP_BYTES);
    this.values.clear(KEEP_BYTES);
  }
}

/** See {@link Leaf.mark}. */
export interface LeafMark {
  readonly levels: number;
  readonly valueBytes: number;
}
