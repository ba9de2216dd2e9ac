import type { Encoder, RowBatch } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { Compression } from '../compression/compressor.js';
import { readCompression } from '../compression/read-compression.js';
import { textEncoder } from '../text/text-encoder.js';
import type { TextFormat } from '../text/text-encoder.js';
import type { TextWriter } from '../text/text-object.js';
import { checkLines, lineChunks } from './lines.js';

export interface JsonlEncoderOptions {
  /**
   * How objects are compressed. `gzip` (`.jsonl.gz`) is read by every warehouse and by `zcat`; `zstd`
   * (`.jsonl.zst`) is smaller and several times quicker, and on Node.js before 22.15 needs the package
   * `@foxglove/wasm-zstd`; `none` (`.jsonl`) writes plain text. It is part of an export's fingerprint.
   * @defaultValue `'gzip'`
   */
  readonly compression?: Compression | undefined;
  /**
   * How hard to compress: 1 to 9 for gzip, 1 to 19 for zstd; not allowed with `none`. May change between runs.
   * @defaultValue 6 for gzip, 3 for zstd
   */
  readonly level?: number | undefined;
}

/**
 * Encodes rows as JSON Lines: the text of each row as the source wrote it, and a newline after it. Number
 * spelling, key order and duplicate keys stay; only line breaks between tokens become spaces.
 *
 * gzip, and zstd where Node.js has it, work on other threads; otherwise the work is cut into slices that
 * hold the event loop a few milliseconds each. Memory does not grow with the object.
 * @throws ConfigurationError `OPTION_INVALID`, or `CAPABILITY_MISSING` when zstd cannot be written here.
 */
export function jsonlEncoder(options: JsonlEncoderOptions = {}): Encoder {
  const choice = readOptions('jsonlEncoder', options, readCompression);
  return textEncoder(JSON_LINES, choice);
}

/** Lines need nothing before the first and nothing behind the last. */
export const lineWriter: TextWriter = Object.freeze({
  write: (rows: RowBatch) => lineChunks(checkLines(rows.text())),
  finish: () => [],
});

const JSON_LINES: TextFormat = {
  format: 'jsonl',
  extension: '.jsonl',
  contentType: 'application/x-ndjson',
  open: () => lineWriter,
};
