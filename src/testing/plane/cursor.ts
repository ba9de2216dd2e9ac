import { badRequest } from './refusal.js';
import type { Query } from './query/syntax.js';
import type { StoredRow } from './row-table.js';

/** The order in which a cursor can go on. */
export interface CursorOrder {
  readonly field: '_pagination_key' | '_xact_id';
  readonly descending: boolean;
}

/** The place after which a page begins. */
export interface CursorPlace {
  readonly xactId: string | null;
  readonly paginationKey: string;
}

/** The order of a query that cursors work with, or `null` when they do not. */
export function cursorOrderOf({ sort }: Pick<Query, 'sort'>): CursorOrder | null {
  if (sort.length === 0) return { field: '_pagination_key', descending: true };
  const [only, second] = sort;
  if (only === undefined || second !== undefined || only.expr.op !== 'ident') return null;
  const [field] = only.expr.name;
  if (only.expr.name.length !== 1) return null;
  if (field !== '_pagination_key' && field !== '_xact_id') return null;
  return { field, descending: only.descending };
}

/** Writes the place of a page's last row: 8 bytes of its pagination key, after those of its `_xact_id` when sorted by that. */
export function encodeCursor(row: StoredRow, order: CursorOrder): string | null {
  if (row.paginationKey === null || !/^p\d{1,20}$/u.test(row.paginationKey)) return null;
  const numbers = order.field === '_xact_id' ? [BigInt(row.xactId)] : [];
  numbers.push(BigInt(row.paginationKey.slice(1)));
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, index) => bytes.writeBigUInt64BE(number, 8 * index));
  return bytes.toString('base64').replace(/=+$/u, '');
}

/** Reads a cursor that was made for the same order. */
export function decodeCursor(text: string, order: CursorOrder): CursorPlace {
  const bytes = Buffer.from(text, 'base64');
  const withXact = order.field === '_xact_id';
  if (!/^[A-Za-z0-9+/]+$/u.test(text) || bytes.length !== (withXact ? 16 : 8))
    throw badRequest('Invalid cursor.');
  const key = bytes.readBigUInt64BE(withXact ? 8 : 0);
  return {
    xactId: withXact ? bytes.readBigUInt64BE(0).toString() : null,
    paginationKey: `p${key.toString().padStart(20, '0')}`,
  };
}

/** Whether a row comes after the place in the given order. */
export function isAfter(row: StoredRow, place: CursorPlace, order: CursorOrder): boolean {
  const sign = order.descending ? -1 : 1;
  if (place.xactId !== null && row.xactId !== place.xactId)
    return sign * (row.xactId < place.xactId ? -1 : 1) > 0;
  if (row.paginationKey === null || row.paginationKey === place.paginationKey) return false;
  return sign * (row.paginationKey < place.paginationKey ? -1 : 1) > 0;
}
