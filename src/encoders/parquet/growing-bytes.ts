const ROOM_MIN_BYTES = 1024;
/** Below this, a copy word by word costs less than a call. */
const WORDS_MAX_BYTES = 256;
const WORD_BYTES = 4;
const WIDE_BYTES = 8;

/** Bytes that are read word by word as well. */
export interface ByteSource {
  readonly bytes: Buffer;
  /** Over the same bytes. */
  readonly view: DataView;
}

/** A view of bytes for {@link GrowingBytes.add}. */
export function byteSource(bytes: Uint8Array): ByteSource {
  const { buffer, byteOffset, length } = bytes;
  return {
    bytes: Buffer.from(buffer, byteOffset, length),
    view: new DataView(buffer, byteOffset, length),
  };
}

/** A buffer that grows as it is filled, and is filled again after `clear`. */
export class GrowingBytes implements ByteSource {
  #bytes: Buffer;
  #view: DataView;
  /** How many bytes are filled. May be advanced after writing into `reserve`d room. */
  length = 0;

  constructor() {
    this.#bytes = Buffer.alloc(0);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, 0);
  }

  /** The whole room; another one after it grew. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Makes room for `count` bytes after the filled ones. May replace `bytes` and `view`. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.#bytes.length) this.#grow(needed);
  }

  /** Adds the bytes of `source` from `start` to `end`. */
  add(source: ByteSource, start: number, end: number): void {
    this.reserve(end - start);
    this.#copy(source, start, end);
  }

  /** Adds the bytes of `source` with their count in front: a byte array of Parquet. */
  addCounted(source: ByteSource, start: number, end: number): void {
    const count = end - start;
    this.reserve(WORD_BYTES + count);
    this.#view.setUint32(this.length, count, true);
    this.length += WORD_BYTES;
    this.#copy(source, start, end);
  }

  addByte(byte: number): void {
    if (this.length === this.#bytes.length) this.#grow(this.length + 1);
    this.#bytes[this.length] = byte;
    this.length += 1;
  }

  /** Adds 32 bits, the lowest byte first. */
  addUint32(value: number): void {
    this.reserve(WORD_BYTES);
    this.#view.setUint32(this.length, value, true);
    this.length += WORD_BYTES;
  }

  addDouble(value: number): void {
    this.reserve(WIDE_BYTES);
    this.#view.setFloat64(this.length, value, true);
    this.length += WIDE_BYTES;
  }

  /** Adds 64 bits of an integer, which must be a safe one when it is a number. */
  addInt64(value: number | bigint): void {
    this.reserve(WIDE_BYTES);
    if (typeof value === 'bigint') {
      this.#view.setBigInt64(this.length, value, true);
    } else {
      this.#view.setInt32(this.length, value | 0, true);
      this.#view.setInt32(this.length + WORD_BYTES, Math.floor(value / 0x1_0000_0000), true);
    }
    this.length += WIDE_BYTES;
  }

  /** What is filled; valid until the next change. */
  filled(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets what is filled, and gives room back when it is more than `keepBytes`. */
  clear(keepBytes: number = Infinity): void {
    this.length = 0;
    if (this.#bytes.length > keepBytes) this.#replace(Buffer.alloc(0));
  }

  #copy(source: ByteSource, start: number, end: number): void {
    const at = this.length;
    this.length = at + end - start;
    if (end - start >= WORDS_MAX_BYTES) {
      source.bytes.copy(this.#bytes, at, start, end);
      return;
    }
    const from = source.view;
    const to = this.#view;
    const shift = at - start;
    let place = start;
    for (; place + WORD_BYTES <= end; place += WORD_BYTES) {
      to.setInt32(place + shift, from.getInt32(place, true), true);
    }
    for (; place < end; place += 1) to.setUint8(place + shift, from.getUint8(place));
  }

  #grow(needed: number): void {
    const doubled = Math.max(ROOM_MIN_BYTES, this.#bytes.length * 2);
    const grown = Buffer.allocUnsafeSlow(Math.max(doubled, needed));
    this.#bytes.copy(grown, 0, 0, this.length);
    this.#replace(grown);
  }

  #replace(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}
