import type { Bounds } from '../file/leaf.js';

/** A longer one would make the footer big. */
const BOUND_MAX_BYTES = 64;

interface Place {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The lowest and highest of strings, in the order of their bytes. */
export class StringBounds {
  readonly #min = Buffer.alloc(BOUND_MAX_BYTES);
  readonly #max = Buffer.alloc(BOUND_MAX_BYTES);
  #minLength = -1;
  #maxLength = -1;
  #isTooLong = false;

  /** Takes the bytes from `start` to `end` into account. */
  note(bytes: Buffer, start: number, end: number): void {
    if (this.#isTooLong) return;
    const value: Place = { bytes, start, end };
    const isFirst = this.#minLength === -1;
    const isMin = isFirst || order(value, this.#min, this.#minLength) < 0;
    const isMax = isFirst || order(value, this.#max, this.#maxLength) > 0;
    if (!isMin && !isMax) return;
    if (end - start > BOUND_MAX_BYTES) {
      this.#isTooLong = true;
      return;
    }
    if (isMin) this.#minLength = copyTo(this.#min, value);
    if (isMax) this.#maxLength = copyTo(this.#max, value);
  }

  /** The bounds, or `null` without strings or when one is too long to be given; begins anew. */
  take(): Bounds | null {
    const isKnown = this.#minLength !== -1 && !this.#isTooLong;
    const bounds = {
      min: Uint8Array.from(this.#min.subarray(0, Math.max(0, this.#minLength))),
      max: Uint8Array.from(this.#max.subarray(0, Math.max(0, this.#maxLength))),
    };
    this.#minLength = -1;
    this.#maxLength = -1;
    this.#isTooLong = false;
    return isKnown ? bounds : null;
  }
}

/** Below 0 when the value comes before the bound, above 0 when after it. */
function order({ bytes, start, end }: Place, bound: Buffer, boundLength: number): number {
  const common = Math.min(end - start, boundLength);
  for (let at = 0; at < common; at += 1) {
    const difference = (bytes[start + at] as number) - (bound[at] as number);
    if (difference !== 0) return difference;
  }
  return end - start - boundLength;
}

function copyTo(bound: Buffer, { bytes, start, end }: Place): number {
  for (let at = start; at < end; at += 1) bound[at - start] = bytes[at] as number;
  return end - start;
}
