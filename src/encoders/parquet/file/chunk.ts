import { assert } from '../../../errors/index.js';
import type { Bounds, Leaf, LeafShape } from './leaf.js';
import type { Page } from './page-writer.js';

/** What the footer says of one leaf in one row group. */
export interface ChunkFacts {
  readonly shape: LeafShape;
  /** Levels, nulls among them. */
  readonly valueCount: number;
  /** Known for flat columns only. */
  readonly nullCount: number | null;
  readonly bounds: Bounds | null;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly dictionaryOffset: number | null;
  readonly dataOffset: number;
}

/** The pages of one leaf in one row group in the making. */
export class ChunkBuilder {
  readonly leaf: Leaf;
  #pages: Uint8Array[] = [];
  #dictionaryBytes = 0;
  #compressedBytes = 0;
  #uncompressedBytes = 0;
  #valueCount = 0;
  #nullCount = 0;

  constructor(leaf: Leaf) {
    this.leaf = leaf;
  }

  /** Size of the pages so far. */
  get compressedBytes(): number {
    return this.#compressedBytes;
  }

  /** Must come before any data page. */
  addDictionaryPage(page: Page): void {
    assert(this.#pages.length === 0, 'a dictionary page must be the first one');
    this.addPage(page);
    this.#dictionaryBytes = this.#compressedBytes;
  }

  /** Counts the levels that the leaf holds now; they go into the next page. */
  count(): void {
    const { definitions, shape } = this.leaf;
    this.#valueCount += definitions.length;
    this.#nullCount += countBelow(definitions, shape.maxDefinition);
  }

  addPage(page: Page): void {
    this.#pages.push(page.header, page.body);
    this.#compressedBytes += page.header.length + page.body.length;
    this.#uncompressedBytes += page.uncompressedBytes;
  }

  /** Hands the pages over, to be written at `offset` of the file, and begins the next row group. */
  take(
    offset: number,
    bounds: Bounds | null,
  ): { readonly pages: readonly Uint8Array[]; readonly facts: ChunkFacts } {
    const pages = this.#pages;
    const { shape } = this.leaf;
    const facts: ChunkFacts = {
      shape,
      valueCount: this.#valueCount,
      nullCount: shape.maxRepetition === 0 ? this.#nullCount : null,
      bounds,
      uncompressedBytes: this.#uncompressedBytes,
      compressedBytes: this.#compressedBytes,
      dictionaryOffset: this.#dictionaryBytes === 0 ? null : offset,
      dataOffset: offset + this.#dictionaryBytes,
    };
    this.#pages = [];
    this.#dictionaryBytes = 0;
    this.#compressedBytes = 0;
    this.#uncompressedBytes = 0;
    this.#valueCount = 0;
    this.#nullCount = 0;
    return { pages, facts };
  }
}

/** The iterator of a typed array takes several times as long. */
function countBelow(levels: Uint8Array, max: number): number {
  let count = 0;
  for (let at = 0; at < levels.length; at += 1) if ((levels[at] as number) < max) count += 1;
  return count;
}
