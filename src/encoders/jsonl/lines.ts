import { isUtf8 } from 'node:buffer';

import { EncodeError } from '../../errors/index.js';
import type { RowText } from '../../interfaces/index.js';
import { JsonScanner, JsonTextError } from '../../rows/scanner.js';

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
/** Bytes copied in one go; a longer row gets a chunk of its own. */
const CHUNK_BYTES = 1024 * 1024;

/** Rows that were found fit to be written one per line. */
export interface CheckedText extends RowText {
  /** Whether any row holds line breaks between its tokens. */
  readonly hasLineBreaks: boolean;
}

/**
 * Checks all rows before any of them is written.
 * @throws EncodeError `ROW_UNENCODABLE` for a row that is not UTF-8, or has a line break where JSON allows none.
 */
export function checkLines(text: RowText): CheckedText {
  const { bounds } = text;
  const end = bounds[bounds.length - 1] ?? 0;
  const region = asBuffer(text.bytes).subarray(bounds[0] ?? 0, end);
  const hasLineBreaks = region.includes(NEWLINE) || region.includes(CARRIAGE_RETURN);
  if (hasLineBreaks || !isUtf8(region)) checkEachLine(text);
  return { ...text, hasLineBreaks };
}

/** The rows as bytes, a newline after each, in chunks that belong to the caller. */
export function* lineChunks(text: CheckedText): Generator<Uint8Array, void, undefined> {
  const rows = text.bounds.length / 2;
  for (let from = 0; from < rows;) {
    let size = rowSize(text, from) + 1;
    let to = from + 1;
    while (to < rows && size + rowSize(text, to) < CHUNK_BYTES) {
      size += rowSize(text, to) + 1;
      to += 1;
    }
    yield joinLines(text, { from, to, size });
    from = to;
  }
}

interface RowRange {
  readonly from: number;
  readonly to: number;
  /** Bytes of the rows and their newlines. */
  readonly size: number;
}

function joinLines(text: CheckedText, { from, to, size }: RowRange): Uint8Array {
  const { bytes, bounds } = text;
  const chunk = Buffer.allocUnsafeSlow(size);
  const ends: number[] = [];
  let at = 0;
  for (let row = from; row < to;) {
    const start = bounds[2 * row] as number;
    // Rows that lie one byte apart, as in an answer without spaces, are copied together: a copy has a fixed cost.
    do {
      ends.push(at + (bounds[2 * row + 1] as number) - start);
      row += 1;
    } while (row < to && bounds[2 * row] === (bounds[2 * row - 1] as number) + 1);
    const end = bounds[2 * row - 1] as number;
    chunk.set(bytes.subarray(start, end), at);
    at += end - start + 1;
  }
  if (text.hasLineBreaks) replaceLineBreaks(chunk);
  for (const end of ends) chunk[end] = NEWLINE;
  return chunk;
}

/** Both count as line ends for some readers; outside of strings, where JSON allows them, they mean nothing. */
function replaceLineBreaks(chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; at += 1) {
    if (chunk[at] === NEWLINE || chunk[at] === CARRIAGE_RETURN) chunk[at] = SPACE;
  }
}

function checkEachLine({ bytes, bounds }: RowText): void {
  const scanner = new JsonScanner(bytes);
  for (let at = 0; at < bounds.length; at += 2) {
    const row = asBuffer(bytes).subarray(bounds[at], bounds[at + 1]);
    if (!isUtf8(row)) throw unencodable(at / 2, 'its text is not UTF-8');
    if (!row.includes(NEWLINE) && !row.includes(CARRIAGE_RETURN)) continue;
    if (!isJson(scanner, bounds[at] as number, bounds[at + 1] as number)) {
      throw unencodable(at / 2, 'its text is not JSON');
    }
  }
}

function isJson(scanner: JsonScanner, start: number, end: number): boolean {
  try {
    return scanner.skipValue(start) === end;
  } catch (error) {
    if (error instanceof JsonTextError) return false;
    throw error;
  }
}

function unencodable(rowIndex: number, reason: string): EncodeError {
  return new EncodeError('ROW_UNENCODABLE', `Row ${rowIndex} cannot be a line: ${reason}.`, {
    remedy: 'See what makes the text of the rows.',
    details: { rowIndex },
  });
}

function rowSize({ bounds }: RowText, row: number): number {
  return (bounds[2 * row + 1] as number) - (bounds[2 * row] as number);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
