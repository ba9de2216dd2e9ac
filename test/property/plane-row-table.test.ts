import { array, assert, boolean, integer, property, record } from 'fast-check';
import { expect, it } from 'vitest';

import { RowTable } from '../../src/testing/plane/row-table.js';
import type { StoredRow } from '../../src/testing/plane/row-table.js';

/** Transactions are text of equal length. */
const twoDigits = (number: number): string => String(number).padStart(2, '0');

const step = record({
  id: integer({ min: 0, max: 30 }).map((number) => `row-${number}`),
  xactId: integer({ min: 10, max: 40 }).map(twoDigits),
  remove: boolean(),
});

function storedRow(id: string, xactId: string): StoredRow {
  return {
    id,
    xactId,
    paginationKey: null,
    created: '',
    rootSpanId: `trace-${id.at(-1)}`,
    isRoot: false,
    text: Buffer.from(JSON.stringify({ id, _xact_id: xactId })),
  };
}

/** Walks the table from one end, or from a place, to the other. */
function walk(table: RowTable, start: string | null, descending: boolean): string[] {
  const found: string[] = [];
  let xactId = table.nextXact(start, descending);
  while (xactId !== null) {
    found.push(...table.rowsOf(xactId).map((row) => `${row.xactId} ${row.id}`));
    const next = Number(xactId) + (descending ? -1 : 1);
    xactId = table.nextXact(twoDigits(next), descending);
  }
  return found;
}

it('a row table holds what a map would, in the order of transactions and ids, from any place', () => {
  assert(
    property(array(step, { maxLength: 120 }), integer({ min: 5, max: 45 }), (steps, place) => {
      const table = new RowTable();
      const model = new Map<string, string>();
      for (const { id, xactId, remove } of steps) {
        // Asked for in the middle, so that what follows must keep the traces up to date.
        if (xactId === '20') table.ofTrace('trace-0');
        // The same goes for the order inside a transaction.
        if (xactId > '25') table.rowsOf(xactId);
        if (remove) {
          table.remove(id);
          model.delete(id);
        } else {
          table.put(storedRow(id, xactId));
          model.set(id, xactId);
        }
      }
      const all = [...model].map(([id, xactId]) => `${xactId} ${id}`).sort();
      expect(table.size).toBe(model.size);
      const inTraces = Array.from({ length: 10 }, (_, end) => table.ofTrace(`trace-${end}`));
      const byId = inTraces.flatMap((rows) => rows.map((row) => `${row.xactId} ${row.id}`));
      expect(byId.sort()).toEqual(all);
      expect(walk(table, null, false)).toEqual(all);
      const roots = new Set(['trace-1', 'trace-2']);
      const named = table.named({ ids: new Set(['row-1', 'row-3', 'absent']), roots });
      const ids = [...named].map(({ id }) => id).sort();
      const wanted = [...model.keys()].filter((id) => /^row-3$|[12]$/u.test(id));
      expect(ids).toEqual(wanted.sort());
      const above = all.filter((line) => Number(line.slice(0, 2)) >= place);
      expect(walk(table, twoDigits(place), false)).toEqual(above);
      const below = all.filter((line) => Number(line.slice(0, 2)) <= place);
      expect(walk(table, twoDigits(place), true).sort()).toEqual(below);
    }),
    { numRuns: 300 },
  );
});
