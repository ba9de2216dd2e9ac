const INITIAL_BYTES = 64 * 1024;
const HINT_MAX_BYTES = 16 * 1024 * 1024;

/** Raised by {@link ByteBuffer} instead of growing past its limit. */
export class ByteLimitError extends Error {
  override readonly name = 'ByteLimitError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** Collects the pieces of one answer in one buffer that grows by doubling, up to a limit. */
export class ByteBuffer {
  readonly #maxBytes: number;
  #bytes: Buffer;
  #length = 0;

  /** @param hintBytes what the sender announced; trusted up to 16 MiB only. */
  constructor(maxBytes: number, hintBytes = 0) {
    this.#maxBytes = maxBytes;
    const wanted = Math.max(INITIAL_BYTES, Math.min(hintBytes, HINT_MAX_BYTES));
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(wanted, maxBytes));
  }

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#maxBytes) throw new ByteLimitError(this.#maxBytes);
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** What was collected. Shares memory with the buffer. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const size = Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2));
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.take());
    this.#bytes = grown;
  }
}
