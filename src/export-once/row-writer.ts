import { createHash } from 'node:crypto';

import { RunError, assert, isExportError } from '../errors/index.js';
import type { Awaitable, ObjectEncoder, RowBatch } from '../interfaces/index.js';
import { abortable } from '../util/abortable.js';
import type { ByteOutput } from './byte-output.js';
import type { ExportOnceSettings } from './export-once-options.js';
import { openOutput } from './open-output.js';

/** One object in the making: an encoder before an output, counted and hashed on the way. */
export class RowWriter {
  readonly #settings: ExportOnceSettings;
  readonly #encoder: ObjectEncoder;
  readonly #output: ByteOutput;
  readonly #signal: AbortSignal;
  readonly #hash = createHash('sha256');
  #rows = 0;
  #bytes = 0;

  private constructor(
    settings: ExportOnceSettings,
    pipe: { readonly encoder: ObjectEncoder; readonly output: ByteOutput },
    signal: AbortSignal,
  ) {
    this.#settings = settings;
    this.#encoder = pipe.encoder;
    this.#output = pipe.output;
    this.#signal = signal;
  }

  static async open(settings: ExportOnceSettings, signal: AbortSignal): Promise<RowWriter> {
    const output = await openOutput(settings, signal);
    try {
      const encoder = await abortable(Promise.resolve(settings.encoder.open()), signal);
      return new RowWriter(settings, { encoder, output }, signal);
    } catch (error) {
      await output.discard(error);
      throw error;
    }
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get mistypedValues(): number {
    return this.#encoder.mistypedValues ?? 0;
  }

  /**
   * Encodes the rows; one that the encoder refuses is handed to `refuse`, which throws or lets the others go on.
   */
  async write(rows: RowBatch, refuse: (error: Error, row: number) => void): Promise<void> {
    for (let at = 0; at < rows.length;) {
      const refused = await this.#tryWrite(rows.slice(at, rows.length));
      if (refused === null) return;
      // The encoder took nothing: what stands before the refused row is given to it once more.
      const again = await this.#tryWrite(rows.slice(at, at + refused.row));
      if (again !== null) throw again.error;
      refuse(refused.error, at + refused.row);
      at += refused.row + 1;
    }
  }

  /** Completes the object. */
  async finish(): Promise<{ readonly sha256: string; readonly key: string | null }> {
    await this.#send(await this.#untilAbort(this.#encoder.finish()));
    assert(this.#encoder.rowCount === this.#rows, 'rows in and rows encoded differ');
    const sha256 = this.#hash.digest('hex');
    return { sha256, key: await this.#output.finish({ bytes: this.#bytes, sha256 }) };
  }

  /** Gives up the object. Never throws. */
  async discard(reason: unknown): Promise<void> {
    this.#encoder.abort();
    await this.#output.discard(reason);
  }

  async #tryWrite(rows: RowBatch): Promise<{ readonly error: Error; readonly row: number } | null> {
    if (rows.length === 0) return null;
    try {
      const pieces = await this.#untilAbort(this.#encoder.write(rows));
      this.#rows += rows.length;
      await this.#send(pieces);
      return null;
    } catch (error) {
      if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
      const row = error.details['rowIndex'];
      if (typeof row !== 'number') throw error;
      return { error, row };
    }
  }

  async #send(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#bytes += piece.length;
      if (this.#bytes > this.#settings.maxBytes) throw tooLarge(this.#settings.maxBytes);
      this.#hash.update(piece);
      await this.#output.write(piece);
    }
  }

  /** Encoders know no signal: an abort ends the waiting for them. */
  async #untilAbort<T>(work: Awaitable<T>): Promise<T> {
    return await abortable(Promise.resolve(work), this.#signal);
  }
}

function tooLarge(maxBytes: number): RunError {
  return new RunError('LIMIT_EXCEEDED', `The object would have more than ${maxBytes} bytes.`, {
    remedy: 'Set a `limit`, narrow the source, or raise `maxBytes`.',
  });
}
