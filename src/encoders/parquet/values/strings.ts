import { byteSource } from '../growing-bytes.js';
import type { ByteSource } from '../growing-bytes.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BACKSLASHES = 0x5c5c5c5c;
const WORD_BYTES = 4;
/** Up to here a loop finds a byte quicker than a call does. */
const WORDS_MAX_BYTES = 256;

/** Where a value stands in a buffer. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Takes text in UTF-8, from `start` to `end` of `source`. */
export type TakeText = (source: ByteSource, start: number, end: number) => void;

/**
 * Gives what the JSON string at `place` says, its escapes resolved, to `take`. Answers false, and gives nothing,
 * when it is another kind of value or has a lone surrogate, which UTF-8 cannot hold.
 */
export function takeString(source: ByteSource, { start, end }: Place, take: TakeText): boolean {
  const { bytes } = source;
  if (bytes[start] !== QUOTE) return false;
  if (!hasEscape(source, start, end)) {
    take(source, start + 1, end - 1);
    return true;
  }
  const text = JSON.parse(bytes.toString('utf8', start, end)) as string;
  if (!text.isWellFormed()) return false;
  const decoded = Buffer.from(text);
  take(byteSource(decoded), 0, decoded.length);
  return true;
}

/** Whether a backslash stands from `start` to `end`. */
export function hasEscape({ bytes, view }: ByteSource, start: number, end: number): boolean {
  if (end - start > WORDS_MAX_BYTES) return bytes.subarray(start, end).includes(BACKSLASH);
  let at = start;
  for (; at + WORD_BYTES <= end; at += WORD_BYTES) {
    // A byte that becomes zero borrows, and then sets its top bit; one at least is found when there is any.
    const word = view.getInt32(at, true) ^ BACKSLASHES;
    if (((word - 0x01010101) & ~word & 0x80808080) !== 0) return true;
  }
  for (; at < end; at += 1) if (bytes[at] === BACKSLASH) return true;
  return false;
}
