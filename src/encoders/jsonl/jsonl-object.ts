import { assert } from '../../errors/index.js';
import type { ObjectEncoder, RowBatch } from '../../interfaces/index.js';
import type { Compressor } from '../compression/compressor.js';
import { checkLines, lineChunks } from './lines.js';
import type { CheckedText } from './lines.js';

/** What text usually shrinks to, until the object itself has shown it. */
const RATIO_GUESS = 0.25;

/** One object of JSON Lines in the making; without a compressor it gives the lines themselves. */
export class JsonlObject implements ObjectEncoder {
  readonly #compressor: Compressor | null;
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #rowCount = 0;
  #inputBytes = 0;
  #outputBytes = 0;

  constructor(compressor: Compressor | null) {
    this.#compressor = compressor;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get pendingBytes(): number {
    const held = this.#compressor?.heldBytes ?? 0;
    const ratio = this.#outputBytes === 0 ? RATIO_GUESS : this.#outputBytes / this.#inputBytes;
    return Math.ceil(held * Math.min(ratio, 1));
  }

  async write(rows: RowBatch): Promise<readonly Uint8Array[]> {
    assert(this.#state === 'open', `write() after the object was ${this.#state}`);
    const text = checkLines(rows.text());
    const ready = await this.#compress(text);
    this.#rowCount += rows.length;
    return this.#count(ready);
  }

  async finish(): Promise<readonly Uint8Array[]> {
    assert(this.#state === 'open', `finish() after the object was ${this.#state}`);
    this.#state = 'finished';
    return this.#count((await this.#compressor?.finish()) ?? []);
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'aborted';
    this.#compressor?.abort();
  }

  async #compress(text: CheckedText): Promise<readonly Uint8Array[]> {
    const ready: Uint8Array[] = [];
    try {
      for (const chunk of lineChunks(text)) {
        this.#inputBytes += chunk.length;
        ready.push(...(this.#compressor === null ? [chunk] : await this.#compressor.write(chunk)));
      }
    } catch (error) {
      // Some of the rows may have been taken: nothing sound can come out of this object any more.
      this.abort();
      throw error;
    }
    return ready;
  }

  #count(ready: readonly Uint8Array[]): readonly Uint8Array[] {
    for (const chunk of ready) this.#outputBytes += chunk.length;
    return ready;
  }
}
