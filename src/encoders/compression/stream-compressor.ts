import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';

import type { Compressor } from './compressor.js';

/** Large enough that the output of one write comes in few pieces. */
const OUTPUT_CHUNK_BYTES = 256 * 1024;

export interface StreamOptions {
  readonly chunkSize: number;
}

/** A compressor over one of Node's zlib streams, which work on other threads. Gives one member or frame. */
export class StreamCompressor implements Compressor {
  readonly #stream: Transform;
  #ready: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(create: (options: StreamOptions) => Transform) {
    this.#stream = create({ chunkSize: OUTPUT_CHUNK_BYTES });
    this.#stream.on('data', (chunk: Uint8Array) => {
      this.#ready.push(chunk);
      this.#heldBytes = 0;
    });
    // Failures reach the caller through `write` and `finish`; without a listener they would end the process.
    this.#stream.on('error', () => undefined);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  async write(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#heldBytes += bytes.length;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    return this.#takeReady();
  }

  async finish(): Promise<readonly Uint8Array[]> {
    this.#stream.end();
    await finished(this.#stream);
    return this.#takeReady();
  }

  abort(): void {
    this.#stream.destroy();
    this.#ready = [];
    this.#heldBytes = 0;
  }

  #takeReady(): readonly Uint8Array[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}
