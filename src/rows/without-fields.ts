import type { RowBatch } from '../interfaces/index.js';
import { FieldNames, MEMBER_STRIDE } from './member-index.js';
import { indexedTextOf, rowBatchFromText } from './row-batch.js';
import type { IndexedText } from './row-batch.js';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;

/**
 * The same rows without the named top-level fields, each however often it stands. Keys and values that stay are
 * copied byte by byte, in their order; only space between members is lost.
 */
export function withoutFields(batch: RowBatch, names: readonly string[]): RowBatch {
  if (names.length === 0 || batch.length === 0) return batch;
  const text = indexedTextOf(batch.text());
  const { bytes, bounds } = text;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const removed = new FieldNames(buffer, names);
  const target = Buffer.allocUnsafeSlow(sizeOf(bounds));
  const targetBounds = new Uint32Array(bounds.length);
  let end = 0;
  for (let row = 0; row < batch.length; row += 1) {
    targetBounds[2 * row] = end;
    end = copyRow(text, { buffer, removed, row }, { target, at: end });
    targetBounds[2 * row + 1] = end;
  }
  return rowBatchFromText(target.subarray(0, end), targetBounds);
}

interface RowToCopy {
  readonly buffer: Buffer;
  readonly removed: FieldNames;
  readonly row: number;
}

/** Copies the members that stay; answers the place after the copy. It is never longer than the row. */
function copyRow(
  { members, memberBounds }: IndexedText,
  { buffer, removed, row }: RowToCopy,
  { target, at }: { readonly target: Buffer; readonly at: number },
): number {
  const { places } = members;
  const last = memberBounds[2 * row + 1] as number;
  let end = at;
  for (let place = memberBounds[2 * row] as number; place < last; place += MEMBER_STRIDE) {
    const keyStart = places[place] as number;
    const keyEnd = places[place + 1] as number;
    if (removed.find(keyStart, keyEnd) !== -1 || removed.findEscaped(keyStart, keyEnd) !== -1)
      continue;
    target[end] = end === at ? OPEN_BRACE : COMMA;
    end += 1;
    // A key is noted without its quotes.
    end += buffer.copy(target, end, keyStart - 1, places[place + 3]);
  }
  if (end === at) target[end++] = OPEN_BRACE;
  target[end] = CLOSE_BRACE;
  return end + 1;
}

function sizeOf(bounds: Uint32Array): number {
  let size = 0;
  for (let at = 0; at < bounds.length; at += 2)
    size += (bounds[at + 1] as number) - (bounds[at] as number);
  return size;
}
