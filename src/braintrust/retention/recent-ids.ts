import { hash } from 'node:crypto';

/** Remembers the ids that were met last, whatever their length, in memory of a fixed size. */
export class RecentIds {
  readonly #most: number;
  /** In the order in which they were met. */
  readonly #digests = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  has(id: string): boolean {
    return this.#digests.has(digestOf(id));
  }

  add(id: string): void {
    this.#digests.add(digestOf(id));
    if (this.#digests.size <= this.#most) return;
    for (const oldest of this.#digests) {
      this.#digests.delete(oldest);
      return;
    }
  }
}

/** 128 bits: two ids never share them. */
function digestOf(id: string): string {
  return hash('sha256', id, 'binary').slice(0, 16);
}
