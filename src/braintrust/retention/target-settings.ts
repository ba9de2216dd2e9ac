import type { OperationOptions, RetentionScope } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import { PageSize } from '../query/page-size.js';
import { LAST_SECOND } from '../query/xact.js';
import type { RecordKind } from '../records/record-kind.js';
import type { HoldRules } from './holds.js';
import type { ReadContext } from './read-by-id.js';
import type { RetainedRow } from './retained-row.js';

/** What a reader of rows works on. */
export interface ReaderSettings {
  readonly client: BraintrustClient;
  readonly kind: RecordKind;
  /** Ascending, without duplicates. */
  readonly objectIds: readonly string[];
  readonly scope: RetentionScope;
  readonly holds: HoldRules;
  /** The id of the unit that a row is for itself, where rows are the units. */
  readonly rowUnitId: (row: RetainedRow) => string;
}

/** Rows of a page, the most that the service gives. */
export const PAGE_ROWS = 1_000;

/** The context in which rows are read by id. */
export function readContext(
  { client, kind, holds }: ReaderSettings,
  { signal, observer }: OperationOptions,
): ReadContext {
  return { client, kind, holds, pageSize: newPageSize(), signal, observer };
}

/** How many rows a page has: as many as the service gives, at first. */
export function newPageSize(): PageSize {
  return new PageSize(PAGE_ROWS);
}

/** Seconds since 1970, within those that a transaction id can hold. */
export function secondOf(date: Date): number {
  return Math.min(LAST_SECOND, Math.max(0, Math.floor(date.getTime() / 1_000)));
}

/** The second before which rows of a unit must have been written. */
export function boundSecond({ unit, cutoff, before }: RetentionScope): number {
  // A trace is old when its last change is.
  return unit === 'trace' ? Math.min(secondOf(cutoff), secondOf(before)) : secondOf(before);
}
