import type { Column } from './schema.js';
import { hasEscape } from './values/strings.js';

const GUESSES_MAX = 256;

/** One key that some column's path has, at one depth. */
export interface KeyNode {
  readonly key: string;
  readonly spelling: Buffer;
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
  #bytes: Buffer = Buffer.alloc(0);
  /** All columns in or below the objects that this finder is for. */
  readonly columns: number[] = [];

  /** The node for a key, made when it is missing. */
  nodeOf(key: string): KeyNode {
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node: KeyNode = { key, spelling: Buffer.from(key), column: -1, children: null };
    this.#nodes.set(key, node);
    (this.#byLength[node.spelling.length] ??= []).push(node);
    return node;
  }

  /** Gives the finder, and those inside of it, the text in which keys are to be found. */
  open(bytes: Buffer): void {
    this.#bytes = bytes;
    for (const { children } of this.#nodes.values()) children?.open(bytes);
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
    if (!hasEscape(this.#bytes, start, end)) return undefined;
    return this.#nodes.get(JSON.parse(this.#bytes.toString('utf8', start - 1, end + 1)) as string);
  }

  #isSpelt({ spelling }: KeyNode, start: number, end: number): boolean {
    const bytes = this.#bytes;
    const length = end - start;
    if (spelling.length !== length) return false;
    for (let at = 0; at < length; at += 1) if (bytes[start + at] !== spelling[at]) return false;
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
