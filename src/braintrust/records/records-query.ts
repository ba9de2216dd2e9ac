import { assert } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { xactIdAt } from '../query/xact.js';
import { selectFields } from './record-kind.js';
import type { RecordChoice, RecordKind } from './record-kind.js';

/** A place in a scan by (`_xact_id`, object, `id`). */
export interface Position {
  readonly xactId: string;
  /** The last row given of this transaction; `null` when the whole transaction was given. */
  readonly row: RowPlace | null;
}

export interface RowPlace {
  readonly objectId: string;
  /** `null` for a row without an id, which stands before all others. */
  readonly id: string | null;
}

/** Which rows of which objects: transactions from one whole second up to, not including, another. */
export interface ScanRange {
  /** Ascending. */
  readonly objectIds: readonly string[];
  /** Seconds since 1970. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly after: Position | null;
}

interface RecordsQuery extends RecordChoice {
  readonly objectIds: readonly string[];
  readonly conditions: readonly Json[];
  /** Fields in ascending order; with none, the rows come in no order. */
  readonly sort: readonly string[];
  readonly limit: number;
  /** How many characters of each long value come; -1 is all. The service cuts those of some shapes by itself. */
  readonly previewLength?: number;
}

type Comparison = 'eq' | 'gt' | 'ge' | 'lt';

/** The query for one page, as a parsed query: values are literals, so no text is ever quoted. */
export function recordsQuery(query: RecordsQuery): Json {
  const conditions = [...query.conditions];
  if (query.filter !== undefined) conditions.push(query.filter);
  const { sort, previewLength } = query;
  return {
    select: query.select ?? [{ op: 'star' }],
    from: fromObjects(query),
    filter: { op: 'and', children: conditions },
    ...(sort.length > 0 && { sort: sort.map((name) => ({ expr: field(name), dir: 'asc' })) }),
    limit: query.limit,
    ...(previewLength !== undefined && { preview_length: previewLength }),
  };
}

/** The `from` of a parsed query. */
export function fromObjects({
  kind,
  objectIds,
  shape,
}: Pick<RecordsQuery, 'kind' | 'objectIds' | 'shape'>): Json {
  return {
    op: 'function',
    name: { op: 'ident', name: [kind.from] },
    args: objectIds.map((value) => ({ op: 'literal', value })),
    shape,
  };
}

/** The rows of a range that come after its position, in the order of {@link scanOrder}. */
export function scanConditions(kind: RecordKind, range: ScanRange): readonly Json[] {
  const below = compare('lt', '_xact_id', xactIdAt(range.until));
  if (range.after === null) return [compare('ge', '_xact_id', xactIdAt(range.from)), below];
  const { xactId, row } = range.after;
  if (row === null) return [compare('gt', '_xact_id', xactId), below];
  // The plain bounds stand alone: the service finds the segments to read by them.
  const rest = conditionsAfterRow(kind, range.objectIds, { xactId, row });
  return [compare('ge', '_xact_id', xactId), below, ...rest];
}

/** The sort that makes a range one sequence without ties. */
export function scanOrder(kind: RecordKind, range: ScanRange): readonly string[] {
  return range.objectIds.length > 1 ? ['_xact_id', objectFieldOf(kind), 'id'] : ['_xact_id', 'id'];
}

/** The rows of one transaction in one object, after one of them or all. */
export function tieConditions(
  kind: RecordKind,
  objectId: string,
  { xactId, row }: Position,
): readonly Json[] {
  const conditions = [compare('eq', '_xact_id', xactId)];
  if (kind.objectField !== null) conditions.push(compare('eq', kind.objectField, objectId));
  if (row !== null) conditions.push(idAfter(row.id));
  return conditions;
}

/** Finds no row, and costs the service next to nothing: for its clock and for the right to ask. */
export function emptyQuery(kind: RecordKind, objectId: string): Json {
  return recordsQuery({
    kind,
    shape: 'spans',
    select: selectFields(['id']),
    filter: undefined,
    objectIds: [objectId],
    conditions: [compare('ge', '_xact_id', xactIdAt(0)), compare('lt', '_xact_id', xactIdAt(1))],
    sort: ['_xact_id'],
    limit: 1,
  });
}

function conditionsAfterRow(
  kind: RecordKind,
  objectIds: readonly string[],
  { xactId, row }: { readonly xactId: string; readonly row: RowPlace },
): readonly Json[] {
  const laterTransaction = compare('gt', '_xact_id', xactId);
  const [only] = objectIds;
  if (objectIds.length === 1 && only !== undefined) {
    // The position may have been left by a scan of several objects.
    if (only < row.objectId) return [laterTransaction];
    if (only > row.objectId) return [];
    return [either(laterTransaction, idAfter(row.id))];
  }
  const objectField = objectFieldOf(kind);
  const sameObject = {
    op: 'and',
    children: [compare('eq', objectField, row.objectId), idAfter(row.id)],
  };
  return [either(laterTransaction, compare('gt', objectField, row.objectId), sameObject)];
}

function objectFieldOf({ objectField, from }: RecordKind): string {
  assert(objectField !== null, `rows of ${from} do not name their object: one is asked at a time`);
  return objectField;
}

function idAfter(id: string | null): Json {
  return id === null ? { op: 'isnotnull', expr: field('id') } : compare('gt', 'id', id);
}

/** The rows that meet one of the conditions. */
export function either(...children: readonly Json[]): Json {
  return { op: 'or', children };
}

/** The rows in which a field stands so to a text. */
export function compare(op: Comparison, name: string, value: string): Json {
  return { op, left: field(name), right: { op: 'literal', value } };
}

/** The rows in which a field is one of the texts. */
export function isOneOf(name: string, values: readonly string[]): Json {
  return { op: 'in', left: field(name), right: { op: 'literal', value: values } };
}

/** The rows that have no such field. */
export function isNull(name: string): Json {
  return { op: 'isnull', expr: field(name) };
}

function field(name: string): Json {
  return { op: 'ident', name: [name] };
}
