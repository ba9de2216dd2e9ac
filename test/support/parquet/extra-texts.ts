import assert from 'node:assert/strict';

import type { FileRows } from './readers/values.js';

/** The text of each row of a file without columns of its own: all of it is in `_extra`. */
export function textsInExtra({ names, rows }: FileRows): readonly string[] {
  assert.deepEqual(names, ['_extra']);
  return rows.map(([extra]) => (extra === null ? '{}' : String(extra)));
}
