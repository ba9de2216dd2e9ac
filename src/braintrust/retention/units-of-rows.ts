import type { TargetRow, TargetUnit } from '../../interfaces/index.js';
import { compareForDeletion } from './retained-row.js';
import type { RetainedRow } from './retained-row.js';

export interface UnitsChoice {
  readonly unitIdOf: (row: RetainedRow) => string;
  /** Whether rows are missing because there were too many. @defaultValue false */
  readonly isTooLarge?: boolean | undefined;
}

/** Rows as units, in the order of each one's first row; within a unit as they are deleted. */
export function unitsOfRows(
  rows: readonly RetainedRow[],
  { unitIdOf, isTooLarge = false }: UnitsChoice,
): readonly TargetUnit[] {
  const groups = new Map<string, TargetRow[]>();
  for (const row of rows) {
    const unitId = unitIdOf(row);
    const group = groups.get(unitId);
    if (group === undefined) groups.set(unitId, [targetRow(row)]);
    else group.push(targetRow(row));
  }
  return [...groups].map(([id, own]) => ({
    id,
    rows: own.sort(compareForDeletion),
    isTooLarge,
    object: null,
  }));
}

/** The row without what only this adapter knows. */
export function targetRow(row: RetainedRow): TargetRow {
  const { objectId, id, version, created, isRoot, heldBy } = row;
  return { objectId, id, version, created, isRoot, heldBy };
}
