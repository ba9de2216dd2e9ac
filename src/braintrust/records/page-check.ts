import { SourceError } from '../../errors/index.js';
import type { FieldValue, RowBatch } from '../../interfaces/index.js';
import { compareKeys } from '../../util/key-order.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { isXactId, xactIdAt } from '../query/xact.js';
import type { RecordKind } from './record-kind.js';
import type { Position, ScanRange } from './records-query.js';

/** What the rows of an answer must obey. */
export interface PageCheck {
  readonly kind: RecordKind;
  readonly range: ScanRange;
  /** How many rows were asked for. */
  readonly limit: number;
}

/** The places of a page's rows in the order of the scan. */
export interface RowPlaces {
  readonly xactIds: readonly string[];
  /** How many rows, from the first, can be given: a place strictly after the last of them exists. */
  readonly usable: number;
  /** Whether there is a place strictly after each row. */
  readonly everyRow: boolean;
  /** The place after row `index`. */
  after(index: number): Position;
}

/**
 * Says why an answer may lack rows of its range, or `null` when it is complete. Only what the plane reports can be
 * judged; the settle delay and the lookback stand behind it.
 */
export function incompleteReason(answer: QueryAnswer, until: number): string | null {
  const { realtimeState, freshnessState } = answer;
  if (realtimeState === null) return null;
  if (realtimeState.type !== 'on')
    return `it reports the state "${realtimeState.type.slice(0, 40)}" instead of "on"`;
  const considered = freshnessState?.lastConsideredXactId ?? null;
  const reached = realtimeState.actualXactId ?? freshnessState?.lastProcessedXactId ?? '';
  if (considered === null || reached >= considered || reached >= xactIdAt(until)) return null;
  return 'it knows of transactions in this range that its answers do not cover yet';
}

/**
 * Checks that the rows of an answer lie in the range, after its position, in strictly ascending order.
 * @throws SourceError `SOURCE_PROTOCOL` naming the row that does not.
 */
export function checkRows(rows: RowBatch, check: PageCheck): RowPlaces {
  const { range, limit } = check;
  const xactIds = checkTransactions(rows, check);
  const objectIds = objectsOf(rows, check);
  const columns = rows.fields(['id']);
  const ids = (columns['id'] ?? []).map((id: FieldValue) => id ?? null);
  const place = (index: number): Position => ({
    xactId: xactIds[index] ?? '',
    row: { objectId: objectIds[index] ?? '', id: ids[index] ?? null },
  });
  let before = range.after;
  for (let index = 0; index < rows.length; index += 1) {
    const present = place(index);
    if (before !== null && !comesAfter(present, before)) throw orderError(index);
    before = present;
  }
  const usable = ids.at(-1) === null ? beforeLastRun(place, rows.length, limit) : rows.length;
  return { xactIds, usable, everyRow: !ids.includes(null), after: place };
}

/** Checks only that transactions lie in the range and do not descend: for a plane that sorts by nothing else. */
export function checkTransactions(
  rows: RowBatch,
  { range, limit }: Pick<PageCheck, 'range' | 'limit'>,
): readonly string[] {
  if (rows.length > limit) throw protocolError(`has ${rows.length} rows where ${limit} were asked`);
  const column = rows.fields(['_xact_id'])['_xact_id'] ?? [];
  const lowest = range.after?.xactId ?? xactIdAt(range.from);
  const end = xactIdAt(range.until);
  let before = lowest;
  return column.map((xactId, index) => {
    if (!isXactId(xactId)) throw protocolError(`has a row without \`_xact_id\` (row ${index})`);
    if (xactId < lowest || xactId >= end)
      throw protocolError(`has a row outside of what was asked for (row ${index})`);
    if (xactId < before) throw orderError(index);
    before = xactId;
    return xactId;
  });
}

function objectsOf(rows: RowBatch, { kind, range }: PageCheck): readonly string[] {
  const [only = ''] = range.objectIds;
  const { objectField } = kind;
  if (objectField === null) return Array.from({ length: rows.length }, () => only);
  const asked = new Set(range.objectIds);
  return (rows.fields([objectField])[objectField] ?? []).map((value, index) => {
    if (value === null && asked.size === 1) return only;
    if (typeof value === 'string' && asked.has(value)) return value;
    throw protocolError(`has a row of another ${kind.noun} (row ${index})`);
  });
}

/** Rows without an id stand first in their transaction, in no order among themselves. */
function comesAfter(place: Position, before: Position): boolean {
  if (place.xactId !== before.xactId) return place.xactId > before.xactId;
  if (place.row === null || before.row === null) return false;
  if (place.row.objectId !== before.row.objectId) return place.row.objectId > before.row.objectId;
  if (before.row.id === null) return true;
  return place.row.id !== null && compareKeys(place.row.id, before.row.id) > 0;
}

/**
 * A place behind a row without id passes over all such rows of its transaction. When a page ends with them, more
 * may follow: they are left to the next page, which then begins with them.
 */
function beforeLastRun(place: (index: number) => Position, length: number, limit: number): number {
  const last = place(length - 1);
  let start = length - 1;
  while (start > 0 && sameRun(place(start - 1), last)) start -= 1;
  if (start > 0) return start;
  if (length < limit) return length;
  throw protocolError('has more rows without `id` in one transaction than fit a page');
}

function sameRun(left: Position, right: Position): boolean {
  return (
    left.xactId === right.xactId &&
    left.row?.objectId === right.row?.objectId &&
    left.row?.id === null
  );
}

function orderError(index: number): SourceError {
  return protocolError(`does not go on after what was read before (row ${index})`);
}

function protocolError(what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust's answer ${what}.`, {
    remedy:
      'Nothing of it was used. Run again; if it happens again, the data plane or something before it is broken.',
  });
}
