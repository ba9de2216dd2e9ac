import { createHash } from 'node:crypto';

import type { OperationOptions, RowBatch } from '../../interfaces/index.js';
import { withoutFields } from '../../rows/without-fields.js';
import type { PageSize } from '../query/page-size.js';
import type { QueryAnswer } from '../query/query-answer.js';
import type { RecordKind } from '../records/record-kind.js';
import type { BtqlSettings } from './btql-options.js';

/** What the reading of one snapshot knows. */
export interface SnapshotContext extends OperationOptions {
  readonly settings: Readonly<BtqlSettings>;
  readonly pageSize: PageSize;
}

/** Some rows of a snapshot, in its order. */
export interface SnapshotRows {
  readonly rows: RowBatch;
  /** The id of the object of each row, or an empty text. */
  readonly objects: readonly string[];
  /** What tells the rows of one snapshot and object apart. */
  readonly ids: readonly string[];
}

/** What is known of a snapshot at its end. */
export interface SnapshotEnd {
  /** When it was taken, in seconds since 1970 by the plane's clock. */
  readonly takenAt: number | null;
  /** Rows that were in the result and changed while it was read; at most 1,000 are counted. */
  readonly tornRows: number;
}

/** A reading: its rows, and what is known at the end. */
export type SnapshotReading = AsyncGenerator<SnapshotRows, SnapshotEnd>;

/** Rows that have an id of their own. One without is known by its text and its place. */
export function rowsWithIds(
  rows: RowBatch,
  { kind, place, removed }: { kind: RecordKind; place: number; removed: readonly string[] },
): SnapshotRows {
  const { objectField } = kind;
  const columns = rows.fields(objectField === null ? ['id'] : ['id', objectField]);
  const objects = objectField === null ? [] : (columns[objectField] ?? []);
  const kept = withoutFields(rows, removed);
  return {
    rows: kept,
    objects: Array.from({ length: rows.length }, (_, row) => objects[row] ?? ''),
    ids: (columns['id'] ?? []).map((id, row) => id ?? digestId(kept, row, place + row)),
  };
}

/** Rows of a result that has no ids: each is known by its text and its place. */
export function rowsWithoutIds(rows: RowBatch, place: number): SnapshotRows {
  const ids = Array.from({ length: rows.length }, (_, row) => digestId(rows, row, place + row));
  return { rows, objects: ids.map(() => ''), ids };
}

/** The plane's clock when it answered, in seconds. */
export function secondOf({ planeNow }: QueryAnswer): number | null {
  return planeNow === null ? null : Math.floor(planeNow.getTime() / 1_000);
}

function digestId(rows: RowBatch, row: number, place: number): string {
  const { bytes, bounds } = rows.text();
  const text = bytes.subarray(bounds[2 * row], bounds[2 * row + 1]);
  return `${place}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}
