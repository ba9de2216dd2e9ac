import type { TargetObject, TargetRow, TargetUnit } from '../../src/interfaces/index.js';

/** A row of retention: of the object `p-1`, version `0001`, created on the first of January 2026. */
export function targetRow(id: string, change: Partial<TargetRow> = {}): TargetRow {
  return {
    objectId: 'p-1',
    id,
    version: '0001',
    created: '2026-01-01T00:00:00Z',
    isRoot: false,
    heldBy: [],
    ...change,
  };
}

/** A unit of rows. */
export function targetUnit(
  id: string,
  rows: readonly TargetRow[],
  change: Partial<TargetUnit> = {},
): TargetUnit {
  return { id, rows, isTooLarge: false, object: null, ...change };
}

/** An object that goes as a whole, created on the first of January 2026. */
export function targetObject(id: string, change: Partial<TargetObject> = {}): TargetObject {
  return { id, created: '2026-01-01T00:00:00Z', heldBy: [], members: { id }, ...change };
}

/** A unit of so many rows, named after it; the first of them is its root. */
export function unitOf(id: string, count: number, change: Partial<TargetRow> = {}): TargetUnit {
  const rows = Array.from({ length: count }, (_, place) =>
    targetRow(`${id}-${place}`, { isRoot: place === 0, ...change }),
  );
  return targetUnit(id, rows);
}
