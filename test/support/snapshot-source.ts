import type { Cursor, Page, ReadOptions, Row, Source } from '../../src/interfaces/index.js';

/** Rows whose whole is read anew each time. Change `rows` between reads. */
export interface SnapshotTable {
  rows: readonly Row[];
  /** Called before each page. */
  onPage: () => void;
  source(): Source;
}

/** A table whose rows have no identity of their own: it is told beside them. */
export function snapshotTable(rows: readonly Row[]): SnapshotTable {
  const table: SnapshotTable = {
    rows,
    onPage: () => undefined,
    source: () => ({
      name: 'snapshots',
      identity: null,
      rowIdentity: { object: null, id: 'row', version: 'snapshot', created: null },
      isSnapshot: true,
      read: (options) => readSnapshot(table, options),
    }),
  };
  return table;
}

async function* readSnapshot(
  table: SnapshotTable,
  { cursor, pageSize, signal }: ReadOptions,
): AsyncGenerator<Page> {
  const snapshot = numberOf(cursor) + 1;
  const version = String(snapshot).padStart(6, '0');
  for (let from = 0; from < table.rows.length; from += pageSize) {
    signal?.throwIfAborted();
    table.onPage();
    const rows = table.rows.slice(from, from + pageSize);
    const row = rows.map((_, index) => String(from + index));
    const identities = { row, snapshot: rows.map(() => version) };
    yield { rows, identities, cursor: `within ${snapshot} at ${from}` };
  }
  yield { rows: [], cursor: `after ${snapshot}` };
}

function numberOf(cursor: Cursor | null): number {
  if (cursor === null) return 0;
  const match = /^after (\d+)$/u.exec(cursor);
  if (match === null) throw new Error(`a snapshot cannot be resumed at ${cursor}`);
  return Number(match[1]);
}
