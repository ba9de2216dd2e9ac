import type { RowBatch } from '../../interfaces/index.js';
import { rowBatchFromText } from '../../rows/row-batch.js';
import type { AttachmentCopy } from './attachment-copy.js';

/** What is to be said of one reference. */
export interface Annotation {
  /** Where the brace is that ends the reference's object, in the text of the batch. */
  readonly end: number;
  readonly copy: AttachmentCopy;
}

const LINE_FEED = Buffer.from('\n');

/**
 * Adds the member `tracehaul` to references, and leaves every other byte of the rows as it is.
 * @param annotations by row, in ascending order of their places.
 */
export function annotateRows(
  rows: RowBatch,
  annotations: ReadonlyMap<number, readonly Annotation[]>,
): RowBatch {
  const { bytes, bounds } = rows.text();
  const pieces: Uint8Array[] = [];
  const newBounds = new Uint32Array(bounds.length);
  let length = 0;
  const add = (piece: Uint8Array): void => {
    pieces.push(piece);
    length += piece.length;
  };
  for (let row = 0; row < rows.length; row += 1) {
    let at = bounds[2 * row] ?? 0;
    newBounds[2 * row] = length;
    for (const { end, copy } of annotations.get(row) ?? []) {
      add(bytes.subarray(at, end));
      add(Buffer.from(`,"tracehaul":${JSON.stringify(copy)}`));
      at = end;
    }
    add(bytes.subarray(at, bounds[2 * row + 1]));
    newBounds[2 * row + 1] = length;
    add(LINE_FEED);
  }
  return rowBatchFromText(Buffer.concat(pieces, length), newBounds);
}
