import type { TargetRow } from '../../interfaces/index.js';
import { isOneOf } from '../records/records-query.js';
import { NO_HOLDS } from './holds.js';
import { readById } from './read-by-id.js';
import type { ReadContext } from './read-by-id.js';
import type { RetainedRow } from './retained-row.js';

/** The most ids that one query names. */
export const IDS_PER_QUERY = 1_000;

/** Rows by the object that holds them, in the order of their first row. */
export function byObject<T extends Pick<TargetRow, 'objectId'>>(
  rows: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.objectId);
    if (group === undefined) groups.set(row.objectId, [row]);
    else group.push(row);
  }
  return groups;
}

/** Parts of a list with at most `most` items each. */
export function inParts<T>(items: readonly T[], most: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += most) parts.push(items.slice(from, from + most));
  return parts;
}

/**
 * Which of the rows are there, in any version: one that is back in an earlier one is not gone.
 * @throws SourceError as `readById` does.
 */
export async function remainingRows(
  context: Omit<ReadContext, 'holds'>,
  rows: readonly TargetRow[],
): Promise<readonly RetainedRow[]> {
  const found: RetainedRow[] = [];
  for (const [objectId, own] of byObject(rows))
    for (const part of inParts(own, IDS_PER_QUERY)) {
      const ids = new Set(part.map(({ id }) => id));
      const read = await readById(
        { ...context, holds: NO_HOLDS, toEmptyPage: true },
        {
          objectId,
          conditions: [isOneOf('id', [...ids])],
          most: ids.size,
          isWanted: (row) => ids.has(row.id),
        },
      );
      found.push(...read.rows);
    }
  return found;
}
