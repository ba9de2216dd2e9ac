import type { AttachmentFetcher, AttachmentReference, Row } from '../../interfaces/index.js';

/** A reference inside the text of a row. */
export interface FoundReference {
  readonly reference: AttachmentReference;
  /** Where the brace is that ends its object. */
  readonly end: number;
}

export interface TextRange {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

interface OpenObject {
  readonly start: number;
  mayBeReference: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Finds the references at any depth of one row, in the order of their ends. The text is walked only if it holds one of
 * the fetcher's types as a string, and only objects that do are parsed.
 */
export function findReferences(text: TextRange, fetcher: AttachmentFetcher): FoundReference[] {
  const marks = fetcher.types.map((type) => Buffer.from(JSON.stringify(type)));
  const row = Buffer.from(
    text.bytes.buffer,
    text.bytes.byteOffset + text.from,
    text.to - text.from,
  );
  if (!marks.some((mark) => row.includes(mark))) return [];
  const found: FoundReference[] = [];
  const open: OpenObject[] = [];
  for (let at = 0; at < row.length; at += 1) {
    const byte = row[at];
    if (byte === OPEN) open.push({ start: at, mayBeReference: false });
    else if (byte === QUOTE) {
      const end = endOfString(row, at);
      const parent = open.at(-1);
      if (parent !== undefined && marks.some((mark) => mark.equals(row.subarray(at, end + 1))))
        parent.mayBeReference = true;
      at = end;
    } else if (byte === CLOSE) {
      const object = open.pop();
      if (object?.mayBeReference !== true) continue;
      const value = JSON.parse(row.toString('utf8', object.start, at + 1)) as Row;
      const isMarked = fetcher.types.includes(value['type'] as string);
      const reference = isMarked ? fetcher.read(value) : null;
      if (reference !== null) found.push({ reference, end: text.from + at });
    }
  }
  return found;
}

/** Where the quote is that ends the string. The text was checked: there is one. */
function endOfString(row: Buffer, start: number): number {
  let at = start + 1;
  while (row[at] !== QUOTE) at += row[at] === BACKSLASH ? 2 : 1;
  return at;
}
