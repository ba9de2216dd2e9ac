import { createKeyFinder } from '../key-finder.js';
import type { KeyFinder, KeyNode } from '../key-finder.js';
import type { Column } from '../schema.js';
import { MemoryLayout } from './memory-layout.js';

const NODE_BYTES = 16;
const FINDER_BYTES = 20;
const GUESSES_BYTES: number = 256 * 4;
/** What may be read behind a key. */
const KEY_SLACK_BYTES = 8;

/** One finder and where its parts stand. */
interface FinderPlace {
  readonly finder: KeyFinder;
  readonly nodes: readonly KeyNode[];
  readonly keysAt: readonly number[];
  readonly at: number;
  readonly nodesAt: number;
  readonly guessesAt: number;
  readonly columnsAt: number;
}

/** The keys that columns want, as tables for the kernel: see `locate.ts` there. */
export class KeyTables {
  readonly #layout = new MemoryLayout(0);
  /** Those inside of others come before them. */
  readonly #places: FinderPlace[] = [];

  constructor(columns: readonly Column[]) {
    this.#addFinder(createKeyFinder(columns));
  }

  get byteLength(): number {
    return this.#layout.byteLength;
  }

  /** Writes the tables at an address, and answers that of the finder for whole rows. */
  write(memory: ArrayBuffer, address: number): number {
    const addresses = new Map<KeyFinder, number>();
    for (const place of this.#places) {
      this.#writeFinder(memory, address, { place, addresses });
      addresses.set(place.finder, address + place.at);
    }
    return address + (this.#places.at(-1)?.at ?? 0);
  }

  #addFinder(finder: KeyFinder): void {
    // A key that is always spelt with escapes is none for the kernel.
    const nodes = finder.nodes.filter(({ spelling }) => spelling !== null);
    for (const { children } of finder.nodes) if (children !== null) this.#addFinder(children);
    const layout = this.#layout;
    this.#places.push({
      finder,
      nodes,
      keysAt: nodes.map(({ spelling }) =>
        layout.take((spelling?.bytes.length ?? 0) + KEY_SLACK_BYTES),
      ),
      at: layout.take(FINDER_BYTES),
      nodesAt: layout.take(NODE_BYTES * nodes.length),
      guessesAt: layout.take(GUESSES_BYTES),
      columnsAt: layout.take(4 * finder.columns.length),
    });
  }

  #writeFinder(
    memory: ArrayBuffer,
    address: number,
    {
      place,
      addresses,
    }: { readonly place: FinderPlace; readonly addresses: ReadonlyMap<KeyFinder, number> },
  ): void {
    const { finder, nodes, keysAt, at, nodesAt, guessesAt, columnsAt } = place;
    const { columns } = finder;
    const [first, guesses, list] = [nodesAt, guessesAt, columnsAt].map((part) => address + part);
    const head = [nodes.length, first as number, guesses as number, columns.length, list as number];
    new Uint32Array(memory, address + at, head.length).set(head);
    new Uint32Array(memory, address + columnsAt, columns.length).set(columns);
    for (const [index, { spelling, column, children }] of nodes.entries()) {
      const key = spelling?.bytes ?? Buffer.alloc(0);
      const keyAt = address + (keysAt[index] as number);
      new Uint8Array(memory, keyAt, key.length).set(key);
      const inside = children === null ? 0 : (addresses.get(children) ?? 0);
      const numbers = new Int32Array(memory, address + nodesAt + NODE_BYTES * index, 4);
      numbers.set([keyAt, key.length, column, inside]);
    }
  }
}
