import { byteSource } from './growing-bytes.js';
import type { ByteSource } from './growing-bytes.js';
import type { Column } from './schema.js';
import { hasEscape } from './values/strings.js';

const GUESSES_MAX = 256;
const WORD_BYTES = 4;

/** One key that some column's path has, at one depth. */
export interface KeyNode {
  readonly key: string;
  /** `null` for a key that can only be spelt with escapes. */
  readonly spelling: ByteSource | null;
  /** The column that holds the value, or -1. */
  column: number;
  /** The keys that columns look for inside of the value. */
  children: KeyFinder | null;
}

/** Finds the keys of one object that columns want, without making strings of the others. */
export class KeyFinder {
  readonly #nodes = new Map<string, KeyNode>();
  /** By the bytes of the key. */
  readonly #byLength: KeyNode[][] = [];
  /** What stood at each place in the object before: most objects have their keys in one order. */
  readonly #guesses: (KeyNode | undefined)[] = [];
  #source: ByteSource = byteSource(new Uint8Array(0));
  /** All columns in or below the objects that this finder is for. */
  readonly columns: number[] = [];

  /** All keys that columns want. */
  get nodes(): readonly KeyNode[] {
    return [...this.#nodes.values()];
  }

  /** The node for a key, made when it is missing. */
  nodeOf(key: string): KeyNode {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    // A backslash in a text begins an escape, so such a key is always spelt with one.
    const spelling = key.includes('\\') ? null : byteSource(Buffer.from(key));
    const node: KeyNode = { key, spelling, column: -1, children: null };
    this.#nodes.set(key, node);
    if (spelling !== null) (this.#byLength[spelling.bytes.length] ??= []).push(node);
    return node;
  }

  /** Gives the finder, and those inside of it, the text in which keys are to be found. */
  open(source: ByteSource): void {
    this.#source = source;
    for (const { children } of this.#nodes.values()) children?.open(source);
  }

  /**
   * What the key from `start` to `end`, inside its quotes, is to columns; `undefined` when they do not want it.
   * @param order how many keys the object has before it.
   */
  find(start: number, end: number, order: number): KeyNode | undefined {
    const guess = this.#guesses[order];
    if (guess !== undefined && this.#isSpelt(guess, start, end)) return guess;
    const found = this.#search(start, end);
    if (order < GUESSES_MAX) this.#guesses[order] = found;
    return found;
  }

  #search(start: number, end: number): KeyNode | undefined {
    const candidates = this.#byLength[end - start];
    if (candidates !== undefined) {
      for (const node of candidates) if (this.#isSpelt(node, start, end)) return node;
    }
    if (!hasEscape(this.#source, start, end)) return undefined;
    return this.#nodes.get(
      JSON.parse(this.#source.bytes.toString('utf8', start - 1, end + 1)) as string,
    );
  }

  #isSpelt({ spelling }: KeyNode, start: number, end: number): boolean {
    const length = end - start;
    if (spelling === null || spelling.bytes.length !== length) return false;
    const { view } = this.#source;
    let at = 0;
    for (; at + WORD_BYTES <= length; at += WORD_BYTES) {
      if (view.getInt32(start + at) !== spelling.view.getInt32(at)) return false;
    }
    for (; at < length; at += 1) {
      if (view.getUint8(start + at) !== spelling.view.getUint8(at)) return false;
    }
    return true;
  }
}

/** A finder for the top-level keys of rows, with finders for what lies deeper. */
export function createKeyFinder(columns: readonly Column[]): KeyFinder {
  const root = new KeyFinder();
  for (const [index, { path }] of columns.entries()) {
    let finder = root;
    for (const [depth, key] of path.entries()) {
      finder.columns.push(index);
      const node = finder.nodeOf(key);
      if (depth === path.length - 1) node.column = index;
      else finder = node.children ??= new KeyFinder();
    }
  }
  return root;
}
