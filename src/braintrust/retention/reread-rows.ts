import { assert } from '../../errors/index.js';
import type {
  DeletionBatch,
  Json,
  OperationOptions,
  Reread,
  RetentionScope,
  TargetUnit,
} from '../../interfaces/index.js';
import { xactIdAt } from '../query/xact.js';
import { compare, either, isNull, isOneOf } from '../records/records-query.js';
import { readById } from './read-by-id.js';
import type { ReadContext } from './read-by-id.js';
import { byObject, IDS_PER_QUERY, inParts } from './remaining-rows.js';
import { boundSecond, readContext } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';
import { conditionsOfUnit, readTraces, ROOTS_PER_QUERY, traceUnitId } from './trace-reading.js';
import { unitsOfRows } from './units-of-rows.js';

/** More requests than a batch should ever need; what goes beyond waits for the request budget. */
const RESERVED_MAX = 5;

/**
 * Reads the rows of a batch as they are now, with requests that are reserved together with that of the deletion.
 * @throws SourceError as `readById` does; what `client.reserve` throws.
 */
export async function rereadBatch(
  settings: ReaderSettings,
  batch: DeletionBatch,
  operation: OperationOptions,
): Promise<Reread> {
  const reads = readsExpected(settings.scope, batch);
  await settings.client.reserve(Math.min(RESERVED_MAX, reads + 1), operation);
  const context = { ...readContext(settings, operation), reserved: true };
  // A row that is missed stays.
  if (settings.scope.unit === 'row') return await rereadRows(context, settings, batch);
  return await rereadWhole({ ...context, toEmptyPage: true }, settings.scope, batch);
}

async function rereadWhole(
  context: ReadContext,
  scope: RetentionScope,
  batch: DeletionBatch,
): Promise<Reread> {
  return batch.isPart
    ? await rereadPart(context, scope, batch)
    : await rereadTraces(context, batch);
}

function readsExpected({ unit }: RetentionScope, { units, isPart }: DeletionBatch): number {
  let pages = 0;
  for (const [, own] of byObject(units.flatMap(({ rows }) => rows)))
    pages += Math.ceil(own.length / IDS_PER_QUERY);
  // Of rows by their ids as many as were asked for are all.
  if (unit === 'row') return pages;
  // Of traces nobody knows how many there are: each query ends with a page without rows, and may cut one more.
  const queries = isPart ? 1 : Math.ceil(units.length / ROOTS_PER_QUERY);
  return pages + 2 * queries - 1;
}

async function rereadRows(
  context: ReadContext,
  { rowUnitId }: ReaderSettings,
  { units }: DeletionBatch,
): Promise<Reread> {
  const found: TargetUnit[] = [];
  let readAt: Date | undefined;
  for (const [objectId, own] of byObject(units.flatMap(({ rows }) => rows)))
    for (const part of inParts(own, IDS_PER_QUERY)) {
      const ids = new Set(part.map(({ id }) => id));
      const read = await readById(context, {
        objectId,
        conditions: [isOneOf('id', [...ids])],
        most: ids.size,
        isWanted: (row) => ids.has(row.id),
      });
      readAt ??= read.readAt;
      found.push(...unitsOfRows(read.rows, { unitIdOf: rowUnitId }));
    }
  assert(readAt !== undefined, 'a batch has rows');
  return { units: found, readAt };
}

async function rereadTraces(context: ReadContext, { units }: DeletionBatch): Promise<Reread> {
  const [objectId = ''] = byObject(units.flatMap(({ rows }) => rows)).keys();
  assert(objectId !== '', 'a batch has rows');
  return await readTraces(context, { objectId, unitIds: units.map(({ id }) => id) });
}

/** Rows of the part that are still there, and all that forbid the unit to go. */
async function rereadPart(
  context: ReadContext,
  scope: RetentionScope,
  { units }: DeletionBatch,
): Promise<Reread> {
  const [unit] = units;
  const objectId = unit?.rows[0]?.objectId;
  assert(
    unit !== undefined && objectId !== undefined && units.length === 1,
    'a part is of one unit',
  );
  const ids = unit.rows.map(({ id }) => id);
  const read = await readById(context, {
    objectId,
    conditions: [...conditionsOfUnit(unit.id), either(isOneOf('id', ids), ...outsideOf(scope))],
    isWanted: (row) => traceUnitId(row) === unit.id,
  });
  const found = unitsOfRows(read.rows, { unitIdOf: traceUnitId, isTooLarge: read.isCut });
  return { units: found, readAt: read.readAt };
}

function outsideOf(scope: RetentionScope): readonly Json[] {
  return [
    compare('ge', '_xact_id', xactIdAt(boundSecond(scope))),
    compare('ge', 'created', scope.cutoff.toISOString()),
    isNull('created'),
  ];
}
