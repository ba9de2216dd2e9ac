import type { Json, TargetUnit } from '../../interfaces/index.js';
import { isOneOf } from '../records/records-query.js';
import { readById, UNIT_MAX_ROWS } from './read-by-id.js';
import type { ReadContext, RowsRead } from './read-by-id.js';
import { IDS_PER_QUERY, inParts } from './remaining-rows.js';
import type { RetainedRow } from './retained-row.js';
import { unitsOfRows } from './units-of-rows.js';

/** The most roots that one query names. */
export const ROOTS_PER_QUERY = 1_000;

/** Stands before the id of a row that names no trace and is a unit by itself. */
const LONE_ROW = 'row:';
/** Stands before the ids of traces that begin with a mark themselves. */
const TRACE = 'trace:';

/** The id of the unit that a row belongs to: its trace, or else itself. */
export function traceUnitId({ id, rootSpanId }: RetainedRow): string {
  if (rootSpanId === null) return LONE_ROW + id;
  const isMarked = rootSpanId.startsWith(LONE_ROW) || rootSpanId.startsWith(TRACE);
  return isMarked ? TRACE + rootSpanId : rootSpanId;
}

/** Which traces of a project. */
export interface WantedTraces {
  readonly objectId: string;
  readonly unitIds: readonly string[];
}

export interface TracesRead {
  readonly units: readonly TargetUnit[];
  /** The host's clock just before the first request. */
  readonly readAt: Date;
}

/**
 * Reads traces whole, in any version, and gives them in the order in which they are wanted; those that have no rows
 * are not given. A trace with too many rows is cut.
 * @returns `null` when they have too many rows together, and fewer traces can be asked for.
 */
export async function readTracesAtOnce(
  context: ReadContext,
  wanted: WantedTraces,
): Promise<TracesRead | null> {
  const units: TargetUnit[] = [];
  let rows = 0;
  let readAt: Date | undefined;
  for (const part of partsOf(wanted.unitIds)) {
    const read = await readPart(context, wanted.objectId, part);
    readAt ??= read.readAt;
    rows += read.rows.length;
    const isTooMuch = read.isCut || rows > UNIT_MAX_ROWS;
    if (isTooMuch && wanted.unitIds.length > 1) return null;
    units.push(...unitsOfRows(read.rows, { unitIdOf: traceUnitId, isTooLarge: read.isCut }));
  }
  if (readAt === undefined) return null;
  const places = new Map(wanted.unitIds.map((unitId, place) => [unitId, place]));
  const placeOf = ({ id }: TargetUnit): number => places.get(id) ?? 0;
  return { units: units.sort((left, right) => placeOf(left) - placeOf(right)), readAt };
}

/** Reads traces whole, as {@link readTracesAtOnce} does, in groups as small as they must be. */
export async function readTraces(
  context: ReadContext,
  { objectId, unitIds }: WantedTraces,
): Promise<TracesRead> {
  const read = await readTracesAtOnce(context, { objectId, unitIds });
  if (read !== null) return read;
  const middle = Math.ceil(unitIds.length / 2);
  const first = await readTraces(context, { objectId, unitIds: unitIds.slice(0, middle) });
  const second = await readTraces(context, { objectId, unitIds: unitIds.slice(middle) });
  return { units: [...first.units, ...second.units], readAt: first.readAt };
}

/** What meets the rows of one unit. */
export function conditionsOfUnit(unitId: string): readonly Json[] {
  return conditionsOf([unitId]);
}

async function readPart(
  context: ReadContext,
  objectId: string,
  unitIds: readonly string[],
): Promise<RowsRead> {
  const conditions = conditionsOf(unitIds);
  const asked = new Set(unitIds);
  const isAsked = (row: RetainedRow): boolean => asked.has(traceUnitId(row));
  if (!unitIds.every(isLone))
    return await readById(context, { objectId, conditions, isWanted: isAsked });
  const most = unitIds.length;
  const isWanted = ({ id }: RetainedRow): boolean => asked.has(LONE_ROW + id);
  const read = await readById(context, { objectId, conditions, most, isWanted });
  // One that has a trace by now is not alone any more.
  return { ...read, rows: read.rows.filter(isAsked) };
}

/** Of units that are all alike: traces, or rows that name none. */
function conditionsOf(unitIds: readonly string[]): readonly Json[] {
  if (!unitIds.every(isLone)) return [isOneOf('root_span_id', unitIds.map(rootSpanIdOf))];
  const ids = unitIds.map((unitId) => unitId.slice(LONE_ROW.length));
  return [isOneOf('id', ids)];
}

function partsOf(unitIds: readonly string[]): readonly (readonly string[])[] {
  const traces = unitIds.filter((unitId) => !isLone(unitId));
  const lone = unitIds.filter(isLone);
  return [...inParts(traces, ROOTS_PER_QUERY), ...inParts(lone, IDS_PER_QUERY)];
}

function rootSpanIdOf(unitId: string): string {
  return unitId.startsWith(TRACE) ? unitId.slice(TRACE.length) : unitId;
}

function isLone(unitId: string): boolean {
  return unitId.startsWith(LONE_ROW);
}
