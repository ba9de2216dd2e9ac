import type { OperationOptions, Sink } from '../../interfaces/index.js';
import type { CatalogEntry } from './catalog.js';
import { type LoadedIndex, indexBytes, loadIndex, readEntry } from './loaded-index.js';

/**
 * The row indexes that were used last. Together they stay below a number of bytes, or there is one alone: memory is
 * that of the largest one, however many there are.
 */
export class IndexCache {
  readonly #sink: Sink;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #loaded = new Map<string, LoadedIndex>();
  #bytes = 0;

  constructor(sink: Sink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** What the loaded ones take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The index of a manifest, loaded when it is not there. One call at a time. */
  async get(entry: CatalogEntry, operation: OperationOptions): Promise<LoadedIndex> {
    const known = this.#loaded.get(entry.manifestKey);
    if (known !== undefined) {
      this.#loaded.delete(entry.manifestKey);
      this.#loaded.set(entry.manifestKey, known);
      return known;
    }
    const manifest = await readEntry(this.#sink, entry, operation);
    this.#makeRoom(indexBytes(manifest));
    const index = await loadIndex(this.#sink, manifest, operation);
    this.#loaded.set(entry.manifestKey, index);
    this.#bytes += index.bytes;
    return index;
  }

  #makeRoom(bytes: number): void {
    for (const [key, index] of this.#loaded) {
      if (this.#bytes + bytes <= this.#maxBytes) return;
      this.#loaded.delete(key);
      this.#bytes -= index.bytes;
    }
  }
}
