import type { RowText } from '../../interfaces/index.js';
import { encodableText } from '../text/encodable-text.js';
import type { TextWriter } from '../text/text-object.js';

const OPENING = Buffer.from('[\n');
const SEPARATOR = Buffer.from(',\n');
const CLOSING = Buffer.from('\n]\n');
const EMPTY = Buffer.from('[]\n');
/** Bytes copied in one go; a longer row gets a chunk of its own. */
const CHUNK_BYTES = 1024 * 1024;

/** The text of one array: a row on each line, spelt as it came. */
export function arrayWriter(): TextWriter {
  let isEmpty = true;
  return {
    write: (rows) => {
      // One row that is no JSON would spoil the whole array.
      const text = encodableText(rows);
      const opening = isEmpty ? OPENING : SEPARATOR;
      isEmpty &&= rows.length === 0;
      return joinRows(text, opening);
    },
    finish: () => [Uint8Array.from(isEmpty ? EMPTY : CLOSING)],
  };
}

/** The rows in chunks, `opening` before the first and a separator before each other. */
function* joinRows({ bytes, bounds }: RowText, opening: Buffer): Generator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for (let at = 0; at < bounds.length; at += 2) {
    const row = bytes.subarray(bounds[at], bounds[at + 1]);
    if (size > 0 && size + row.length > CHUNK_BYTES) {
      yield Buffer.concat(parts);
      parts = [];
      size = 0;
    }
    parts.push(at === 0 ? opening : SEPARATOR, row);
    size += SEPARATOR.length + row.length;
  }
  if (size > 0) yield Buffer.concat(parts);
}
