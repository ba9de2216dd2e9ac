import type { Bounds } from '../file/leaf.js';

/** A longer one would make the footer big. */
const BOUND_MAX_BYTES = 64;

interface Place {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * One bound of strings. Of a longer string only the beginning is kept: another string that begins alike is as long
 * or comes before it, so that it stays known whether the bound is too long.
 */
class StringBound {
  readonly #beginning = Buffer.alloc(BOUND_MAX_BYTES);
  /** Of the whole string; -1 when there is none. */
  #length = -1;

  /** Whether there is one, short enough to be given. */
  get isKnown(): boolean {
    return this.#length !== -1 && this.#length <= BOUND_MAX_BYTES;
  }

  /** Below 0 when the value comes before the bound, above 0 when after it; `first` when there is no bound yet. */
  order({ bytes, start, end }: Place, first: number): number {
    if (this.#length === -1) return first;
    const common = Math.min(end - start, this.#length, BOUND_MAX_BYTES);
    for (let at = 0; at < common; at += 1) {
      const difference = (bytes[start + at] as number) - (this.#beginning[at] as number);
      if (difference !== 0) return difference;
    }
    return end - start - this.#length;
  }

  set({ bytes, start, end }: Place): void {
    this.#length = end - start;
    const kept = Math.min(this.#length, BOUND_MAX_BYTES);
    for (let at = 0; at < kept; at += 1) this.#beginning[at] = bytes[start + at] as number;
  }

  /** A copy; begins anew. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.#beginning.subarray(0, Math.max(0, this.#length)));
    this.#length = -1;
    return bytes;
  }
}

/** The lowest and highest of strings, in the order of their bytes, whatever the order in which they come. */
export class StringBounds {
  readonly #min = new StringBound();
  readonly #max = new StringBound();

  /** Takes the bytes from `start` to `end` into account. */
  note(bytes: Buffer, start: number, end: number): void {
    const value: Place = { bytes, start, end };
    if (this.#min.order(value, -1) < 0) this.#min.set(value);
    if (this.#max.order(value, 1) > 0) this.#max.set(value);
  }

  /** The bounds, or `null` without strings or when one is too long to be given; begins anew. */
  take(): Bounds | null {
    const isKnown = this.#min.isKnown && this.#max.isKnown;
    const bounds = { min: this.#min.take(), max: this.#max.take() };
    return isKnown ? bounds : null;
  }
}
