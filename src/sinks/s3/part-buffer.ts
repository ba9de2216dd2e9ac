import { type ChecksumInput, RunningChecksum, type S3Checksum } from '../../aws/checksum.js';

/** The bytes of one request and their checksum. */
export interface PartContent {
  readonly body: Buffer;
  readonly checksum: ChecksumInput;
}

/** Collects the bytes of one part. */
export class PartBuffer {
  readonly #checksum: RunningChecksum;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(kind: S3Checksum) {
    this.#checksum = new RunningChecksum(kind);
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#bytes += bytes.byteLength;
    this.#checksum.update(bytes);
  }

  /** The part. Nothing may be added afterwards. */
  take(): PartContent {
    const body = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces.length = 0;
    return { body, checksum: this.#checksum.finish() };
  }
}
