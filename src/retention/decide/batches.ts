import type { DeletionBatch, TargetObject, TargetRow, TargetUnit } from '../../interfaces/index.js';
import { deletionOrder } from './judge.js';

/** What one receipt is about: rows, or one object whose rows are gone. */
export interface Batch extends DeletionBatch {
  readonly object: TargetObject | null;
  /** Whether what was decided before must be confirmed first: this batch holds what the rest hangs on. */
  readonly isLast: boolean;
}

/**
 * Gathers units into batches of rows of one object. Units stay together as long as a batch can hold them; a larger
 * one is cut into parts, its roots in the last of them.
 */
export class BatchQueue {
  readonly #maxRows: number;
  #units: TargetUnit[] = [];
  #rows = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  /** True when nothing waits for a batch. */
  get isEmpty(): boolean {
    return this.#units.length === 0;
  }

  /** Adds a unit; gives the batches that are full by now. */
  *add(unit: TargetUnit): Generator<Batch, void, undefined> {
    const isAlone = unit.object !== null || unit.rows.length > this.#maxRows;
    const fits = this.#rows + unit.rows.length <= this.#maxRows && this.#isOfOneObject(unit);
    if (isAlone || !fits) yield* this.flush();
    if (isAlone) {
      yield* batchesOfUnit(unit, this.#maxRows);
      return;
    }
    this.#units.push(unit);
    this.#rows += unit.rows.length;
    if (this.#rows >= this.#maxRows) yield* this.flush();
  }

  /** Gives what waits, as a batch that is not full. */
  *flush(): Generator<Batch, void, undefined> {
    if (this.isEmpty) return;
    const units = this.#units;
    this.#units = [];
    this.#rows = 0;
    yield { units, isPart: false, object: null, isLast: false };
  }

  #isOfOneObject(unit: TargetUnit): boolean {
    const waiting = this.#units[0]?.rows[0]?.objectId;
    return waiting === undefined || waiting === unit.rows[0]?.objectId;
  }
}

function* batchesOfUnit(unit: TargetUnit, maxRows: number): Generator<Batch, void, undefined> {
  const rows = deletionOrder(unit.rows);
  for (let start = 0; start < rows.length; start += maxRows) {
    const part = { ...unit, rows: rows.slice(start, start + maxRows) };
    const isRest = start + maxRows >= rows.length;
    yield { units: [part], isPart: !isRest, object: null, isLast: isRest && start > 0 };
  }
  if (unit.object !== null)
    yield { units: [{ ...unit, rows: [] }], isPart: false, object: unit.object, isLast: false };
}

/** Which rows of a batch may be deleted now. */
export interface Chosen {
  /** In the order of their deletion, unit by unit. */
  readonly rows: readonly TargetRow[];
  readonly object: TargetObject | null;
  /** Units of which something is there that the batch does not know: they have to be looked at anew. */
  readonly unknown: number;
}

/**
 * The rows of a batch that may go, given its units as they are now.
 *
 * A row goes only in the version that the batch has. A whole unit goes only if it has no row besides those of the
 * batch, whatever that row is; an object only when no row of it is left.
 */
export function chooseRows(batch: Batch, present: readonly TargetUnit[]): Chosen {
  const known = new Set(batch.units.flatMap(({ rows }) => rows.map((row) => nameOf(row))));
  const rows: TargetRow[] = [];
  let unknown = 0;
  let object: TargetObject | null = null;
  for (const unit of present) {
    const own = unit.rows.filter((row) => known.has(nameOf(row)));
    const isWhole = own.length === unit.rows.length;
    if (!isWhole && !batch.isPart) unknown += 1;
    else rows.push(...deletionOrder(own));
    if (isWhole && unit.rows.length === 0 && batch.object !== null) ({ object } = unit);
  }
  return { rows, object, unknown };
}

/** Rows of which the first list has the same version. */
export function sameRows(
  rows: readonly TargetRow[],
  among: readonly TargetRow[],
): readonly TargetRow[] {
  const known = new Set(among.map((row) => nameOf(row)));
  return rows.filter((row) => known.has(nameOf(row)));
}

/** What became of the rows of a batch, by their places in it. */
export interface Remains {
  /** There in the version that was to go, or in an earlier one. */
  readonly remained: readonly number[];
  /** There in a later version: new data. */
  readonly changed: readonly number[];
}

/** Compares what was to go with what is there. */
export function remainsOf(
  rows: readonly Pick<TargetRow, 'objectId' | 'id' | 'version'>[],
  present: readonly Pick<TargetRow, 'objectId' | 'id' | 'version'>[],
): Remains {
  const versions = new Map(present.map((row) => [placeOf(row), row.version]));
  const remained: number[] = [];
  const changed: number[] = [];
  rows.forEach((row, place) => {
    const version = versions.get(placeOf(row));
    if (version === undefined) return;
    if (version > row.version) changed.push(place);
    else remained.push(place);
  });
  return { remained, changed };
}

function placeOf({ objectId, id }: Pick<TargetRow, 'objectId' | 'id'>): string {
  return `${objectId.length}:${objectId}${id}`;
}

function nameOf(row: TargetRow): string {
  return `${row.version} ${placeOf(row)}`;
}
