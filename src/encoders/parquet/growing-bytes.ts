const ROOM_MIN_BYTES = 1024;
/** Below this, a copy costs more than a loop over the bytes. */
const LOOP_MAX_BYTES = 24;

/** A buffer that grows as it is filled, and is filled again after `clear`. */
export class GrowingBytes {
  #bytes: Buffer = Buffer.alloc(0);
  /** How many bytes are filled. May be advanced after writing into `reserve`d room. */
  length = 0;

  /** The whole room. Replaced when it grows: take it anew after `reserve`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Makes room for `count` bytes after the filled ones, and answers the whole room. */
  reserve(count: number): Buffer {
    const needed = this.length + count;
    if (needed > this.#bytes.length) this.#grow(needed);
    return this.#bytes;
  }

  /** Adds the bytes of `source` from `start` to `end`. */
  add(source: Buffer, start: number, end: number): void {
    const count = end - start;
    const target = this.reserve(count);
    const at = this.length;
    this.length = at + count;
    if (count >= LOOP_MAX_BYTES) {
      source.copy(target, at, start, end);
      return;
    }
    for (let place = 0; place < count; place += 1)
      target[at + place] = source[start + place] as number;
  }

  addByte(byte: number): void {
    this.reserve(1)[this.length] = byte;
    this.length += 1;
  }

  /** Adds 32 bits, the lowest byte first. */
  addUint32(value: number): void {
    putUint32(this.reserve(4), this.length, value);
    this.length += 4;
  }

  addDouble(value: number): void {
    const target = this.reserve(8);
    this.length = target.writeDoubleLE(value, this.length);
  }

  /** Adds the bytes of `source` with their count in front: a byte array of Parquet. */
  addCounted(source: Buffer, start: number, end: number): void {
    this.addUint32(end - start);
    this.add(source, start, end);
  }

  /** What is filled; valid until the next change. */
  filled(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets what is filled, and gives room back when it is more than `keepBytes`. */
  clear(keepBytes: number = Infinity): void {
    this.length = 0;
    if (this.#bytes.length > keepBytes) this.#bytes = Buffer.alloc(0);
  }

  #grow(needed: number): void {
    const doubled = Math.max(ROOM_MIN_BYTES, this.#bytes.length * 2);
    const grown = Buffer.allocUnsafeSlow(Math.max(doubled, needed));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#bytes = grown;
  }
}

/** Writes 32 bits, the lowest byte first. */
export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
