import type { RowBatch } from '../../src/interfaces/index.js';
import { rowBatchFromText } from '../../src/rows/row-batch.js';

/** A batch of the given row texts, which lie in one buffer with a comma between them. */
export function textBatch(...texts: readonly string[]): RowBatch {
  const bounds: number[] = [];
  let end = 0;
  for (const text of texts) {
    bounds.push(end, end + Buffer.byteLength(text));
    end += Buffer.byteLength(text) + 1;
  }
  return rowBatchFromText(Buffer.from(texts.join(',')), Uint32Array.from(bounds));
}

/** The text of every row of a batch. */
export function textsOf(batch: RowBatch): string[] {
  const { bytes, bounds } = batch.text();
  return Array.from({ length: batch.length }, (_, index) =>
    Buffer.from(bytes.subarray(bounds[2 * index], bounds[2 * index + 1])).toString(),
  );
}
