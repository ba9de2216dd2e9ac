import { createHash } from 'node:crypto';

import type { ManifestObject } from '../../exporter/manifest.js';
import type { OperationOptions } from '../../interfaces/index.js';
import { type RowCounter, gzipLines, lines, uncounted } from './count-rows.js';

/** What was read of an object. */
export interface ObjectContent {
  /** Of the bytes as stored, 64 hexadecimal digits. */
  readonly sha256: string;
  /** `null` where they are not counted: only lines are, plain or in gzip. `unreadable` when it is no gzip. */
  readonly rows: number | null | 'unreadable';
}

/** Reads an object in memory that does not grow with it, to its end or to where it is longer than it should be. */
export async function readContent(
  stream: AsyncIterable<Uint8Array>,
  object: ManifestObject,
  operation: OperationOptions,
): Promise<ObjectContent> {
  const hash = createHash('sha256');
  const counter = rowCounter(object);
  let bytes = 0;
  try {
    for await (const piece of stream) {
      operation.signal?.throwIfAborted();
      hash.update(piece);
      bytes += piece.length;
      await counter.write(piece);
      if (bytes > object.bytes) break;
    }
    return { sha256: hash.digest('hex'), rows: await counter.end() };
  } finally {
    counter.close();
  }
}

function rowCounter({ format, compression }: ManifestObject): RowCounter {
  if (format !== 'jsonl') return uncounted();
  if (compression === 'none') return lines();
  return compression === 'gzip' ? gzipLines() : uncounted();
}
