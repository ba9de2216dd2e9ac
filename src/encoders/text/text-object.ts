import { assert } from '../../errors/index.js';
import type { Awaitable, ObjectEncoder, RowBatch } from '../../interfaces/index.js';
import type { Compressor } from '../compression/compressor.js';

/** What usual text shrinks to, until the object itself has shown it. */
const RATIO_GUESS = 0.25;

/** The text of one object, before it is compressed. */
export interface TextWriter {
  /**
   * The text of the rows, in chunks that belong to the caller. A batch with a row that cannot be held is
   * refused before there is a first chunk, and leaves no trace.
   */
  write(rows: RowBatch): Awaitable<Iterable<Uint8Array>>;
  /** What stands behind the last row. */
  finish(): readonly Uint8Array[];
}

/** One object of a text format in the making; without a compressor it gives the text itself. */
export class TextObject implements ObjectEncoder {
  readonly #writer: TextWriter;
  readonly #compressor: Compressor | null;
  #state: 'open' | 'finished' | 'aborted' = 'open';
  #rowCount = 0;
  #inputBytes = 0;
  #outputBytes = 0;

  constructor(writer: TextWriter, compressor: Compressor | null) {
    this.#writer = writer;
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
    this.#assertOpen('write()');
    const text = await this.#writer.write(rows);
    this.#assertOpen('a write under way');
    const ready = await this.#compress(text);
    this.#rowCount += rows.length;
    return this.#count(ready);
  }

  async finish(): Promise<readonly Uint8Array[]> {
    this.#assertOpen('finish()');
    this.#state = 'finished';
    const ready = await this.#compress(this.#writer.finish());
    return this.#count([...ready, ...((await this.#compressor?.finish()) ?? [])]);
  }

  abort(): void {
    if (this.#state === 'open') this.#state = 'aborted';
    this.#compressor?.abort();
  }

  async #compress(text: Iterable<Uint8Array>): Promise<readonly Uint8Array[]> {
    const ready: Uint8Array[] = [];
    try {
      for (const chunk of text) {
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

  #assertOpen(what: string): void {
    assert(this.#state === 'open', `${what} after the object was ${this.#state}`);
  }
}
