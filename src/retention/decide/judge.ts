import type { TargetRow, TargetUnit } from '../../interfaces/index.js';
import { parseIsoDate } from '../../util/iso-date.js';
import type { Unproven } from '../proof/proof.js';

/**
 * Why a unit stays: the first of these that holds for it, in this order.
 * - `too-large`: it has more rows than can be judged together.
 * - `undated`: its creation time, or that of one of its rows, is missing or no ISO 8601 time.
 * - `too-young`: it, or one of its rows, was not created before the cutoff.
 * - `written-since`: one of its rows was written at the mark's bound or later.
 * - `on-hold`: a hold exempts it.
 * - `not-exported`, `rejected`, `object-missing`, `object-changed`: not every row version is proven to be in an
 *   object that stands; `rejected` is for dead letters.
 */
export type KeptReason =
  'too-large' | 'undated' | 'too-young' | 'written-since' | 'on-hold' | Unproven;

/** What is old enough. */
export interface AgeScope {
  /** Created before. */
  readonly cutoff: Date;
  /** The lowest version that is too new. */
  readonly versionBound: string;
}

/** Why a unit stays, whatever is proven of it; `null` when nothing but a missing proof can keep it. */
export function keptReason(unit: TargetUnit, scope: AgeScope): KeptReason | null {
  if (unit.isTooLarge) return 'too-large';
  return ageReason(unit, scope) ?? (heldBy(unit).length > 0 ? 'on-hold' : null);
}

/** The holds that exempt a unit, by their places, ascending. */
export function heldBy(unit: TargetUnit): readonly number[] {
  const places = new Set(unit.object?.heldBy);
  for (const row of unit.rows) for (const place of row.heldBy) places.add(place);
  return [...places].sort((left, right) => left - right);
}

function ageReason({ object, rows }: TargetUnit, scope: AgeScope): KeptReason | null {
  // A unit that is an object is as old as the object; its rows follow it.
  const times = object === null ? rows.map(({ created }) => created) : [object.created];
  let youngest = -Infinity;
  for (const time of times) {
    const created = time === null ? null : parseIsoDate(time);
    if (created === null) return 'undated';
    youngest = Math.max(youngest, created.getTime());
  }
  if (youngest >= scope.cutoff.getTime()) return 'too-young';
  return rows.some(({ version }) => version >= scope.versionBound) ? 'written-since' : null;
}

/** The rows in the order of their deletion: those that others hang on come last. */
export function deletionOrder(rows: readonly TargetRow[]): readonly TargetRow[] {
  return [...rows.filter(({ isRoot }) => !isRoot), ...rows.filter(({ isRoot }) => isRoot)];
}
