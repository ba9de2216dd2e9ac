import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Encoder } from '../../src/interfaces/index.js';
import { splitAnswerInSlices } from '../../src/rows/answer.js';

/** What keys, manifests and row indexes read of every row. */
const FIELDS = ['id', '_xact_id', 'created'] as const;

/** Pages through scanner and encoder into nothing, as an export does it; answers the bytes of the pages. */
export async function encodePages(
  encoder: Encoder,
  pages: Iterable<Uint8Array>,
  onPage?: (bytes: number) => void,
): Promise<number> {
  const object = await encoder.open();
  let bytes = 0;
  for (const page of pages) {
    // A page comes from a socket, which always gives the event loop a turn.
    await nextTurn();
    const { rows } = await splitAnswerInSlices(page);
    rows.fields(FIELDS);
    await object.write(rows);
    bytes += page.length;
    onPage?.(bytes);
  }
  await object.finish();
  return bytes;
}
