import { setImmediate as nextTurn } from 'node:timers/promises';

import { assert } from '../../errors/index.js';
import type { Compressor } from './compressor.js';

/** Compresses a whole frame at once, on this thread. */
export type CompressFrame = (bytes: Uint8Array) => Uint8Array;

/**
 * Input of one frame. It bounds how long the event loop is held (about 3 ms at level 1), and is twice the
 * window of the quick levels: frames of 4 MiB would be 1 to 2 % smaller.
 */
const FRAME_BYTES = 1024 * 1024;

/** A compressor that cuts its input into frames of equal size; readers take frames in a row as one stream. */
export class FrameCompressor implements Compressor {
  readonly #compressFrame: CompressFrame;
  #frame: Uint8Array | null = null;
  #heldBytes = 0;
  #hasOutput = false;
  #aborted = false;

  constructor(compressFrame: CompressFrame) {
    this.#compressFrame = compressFrame;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  async write(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    const ready: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const room = Math.min(FRAME_BYTES - this.#heldBytes, bytes.length - at);
      this.#frame ??= Buffer.allocUnsafeSlow(FRAME_BYTES);
      this.#frame.set(bytes.subarray(at, at + room), this.#heldBytes);
      this.#heldBytes += room;
      at += room;
      if (this.#heldBytes < FRAME_BYTES) break;
      // What the caller did before must not add to the time that one turn takes.
      await nextTurn();
      assert(!this.#aborted, 'the compressor was aborted during a write');
      ready.push(this.#closeFrame());
    }
    return ready;
  }

  async finish(): Promise<readonly Uint8Array[]> {
    // Without any frame the object would be no zstd file at all.
    const last = this.#heldBytes > 0 || !this.#hasOutput ? [this.#closeFrame()] : [];
    this.abort();
    return Promise.resolve(last);
  }

  abort(): void {
    this.#aborted = true;
    this.#frame = null;
    this.#heldBytes = 0;
  }

  #closeFrame(): Uint8Array {
    const frame = this.#frame ?? new Uint8Array(0);
    const output = this.#compressFrame(frame.subarray(0, this.#heldBytes));
    this.#heldBytes = 0;
    this.#hasOutput = true;
    return output;
  }
}
