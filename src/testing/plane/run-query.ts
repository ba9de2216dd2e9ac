import { cursorOrderOf, decodeCursor, encodeCursor, isAfter } from './cursor.js';
import type { QueriedObject } from './plane-object.js';
import { xactRangeOf } from './query/bounds.js';
import { compile } from './query/compile.js';
import type { CompileContext } from './query/compile.js';
import type { Query, SortItem } from './query/syntax.js';
import { sortOrder } from './query/values.js';
import type { Evaluate } from './query/values.js';
import { badRequest, unsupported } from './refusal.js';
import { ROW_KEYS } from './row-shape.js';
import type { ObjectType } from './row-shape.js';
import type { StoredRow } from './row-table.js';
import { readAggregates, readSelection } from './selection.js';
import type { QueryResult } from './selection.js';
import { StoredRowReader } from './stored-row-reader.js';

/** Rows in an answer when the query names no limit. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

export interface QueryContext {
  readonly objects: readonly QueriedObject[];
  readonly now: Date;
  /** Rows of project logs created before this are gone for queries. */
  readonly visibleFrom: Date | null;
}

/** The limit that holds for a query. */
export function limitOf(query: Query): number {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (limit > MAX_LIMIT) throw badRequest(`\`limit\` may be ${MAX_LIMIT} at most, not ${limit}.`);
  return limit;
}

/** Answers a query from live rows. */
export function runQuery(query: Query, context: QueryContext): QueryResult {
  const type = query.from.source as ObjectType;
  const compileContext = { columns: new Set(ROW_KEYS[type]), now: context.now };
  const limit = limitOf(query);
  const matches = matcherOf(query, context, compileContext);
  const aggregates = readAggregates(query.select, compileContext);
  if (aggregates !== null) {
    if (query.sort.length > 0 || query.cursor !== null)
      throw unsupported('a sort or a cursor beside aggregates');
    return aggregates(scan(query, context, matches));
  }
  const selection = readSelection(query.select, compileContext, ROW_KEYS[type]);
  const found = findRows(query, context, { matches, limit, compileContext });
  const order = cursorOrderOf(query);
  const last = found.at(-1);
  return {
    rows: found.map((reader) => selection.write(reader)),
    cursor: last === undefined || order === null ? null : encodeCursor(last.row, order),
    columns: selection.columns,
  };
}

type Matcher = (reader: StoredRowReader) => boolean;

/** Everything that decides whether a row is in the result: filter, shape, cursor, and what may be seen at all. */
function matcherOf(query: Query, context: QueryContext, compileContext: CompileContext): Matcher {
  const filter = query.filter === null ? null : compile(query.filter, compileContext);
  const visible = visibilityOf(context);
  const direct: Matcher = (reader) =>
    visible(reader) && (filter === null || filter(reader) === true);
  const inShape = query.from.shape === 'traces' ? traceMatcher(context, direct, visible) : direct;
  if (query.cursor === null) return inShape;
  const order = cursorOrderOf(query);
  if (order === null)
    throw badRequest('A cursor works only with a sort by _pagination_key or _xact_id.');
  const place = decodeCursor(query.cursor, order);
  return (reader) => isAfter(reader.row, place, order) && inShape(reader);
}

function visibilityOf({ visibleFrom }: QueryContext): Matcher {
  return ({ object, row }) => {
    const { hiddenAbove } = object.freshness;
    if (hiddenAbove !== undefined && row.xactId > hiddenAbove) return false;
    if (visibleFrom === null || object.type !== 'project_logs') return true;
    return !(Date.parse(row.created) < visibleFrom.getTime());
  };
}

/** `traces`: every span of each trace in which at least one span matches. */
function traceMatcher(context: QueryContext, matches: Matcher, visible: Matcher): Matcher {
  const roots = new Map<QueriedObject, Set<string>>();
  for (const object of context.objects) {
    const found = new Set<string>();
    for (const row of object.table.rows())
      if (matches(new StoredRowReader(object, row))) found.add(row.rootSpanId);
    roots.set(object, found);
  }
  return (reader) =>
    visible(reader) && roots.get(reader.object)?.has(reader.row.rootSpanId) === true;
}

interface Search {
  readonly matches: Matcher;
  readonly limit: number;
  readonly compileContext: CompileContext;
}

function findRows(query: Query, context: QueryContext, search: Search): readonly StoredRowReader[] {
  const { matches, limit, compileContext } = search;
  const compare = comparerOf(query, compileContext);
  const [first] = query.sort;
  const byXact = first?.expr.op === 'ident' && first.expr.name.join('.') === '_xact_id';
  if (!byXact || first === undefined)
    return [...scan(query, context, matches)].sort(compare).slice(0, limit);
  // Rows come one transaction after the other, so only those of equal `_xact_id` need sorting.
  const found: StoredRowReader[] = [];
  for (const group of transactions(query, context, first)) {
    found.push(...group.filter(matches).sort(compare));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

/** All matching rows, in no order. */
function* scan(query: Query, context: QueryContext, matches: Matcher): Generator<StoredRowReader> {
  const ascending = { descending: false };
  for (const group of transactions(query, context, ascending)) yield* group.filter(matches);
}

/** The rows of each transaction that the filter leaves, one transaction after the other, by id inside. */
function* transactions(
  query: Query,
  { objects }: QueryContext,
  { descending }: Pick<SortItem, 'descending'>,
): Generator<readonly StoredRowReader[]> {
  // A trace may have spans outside the range of its matching span.
  const whole = query.from.shape === 'traces';
  const { from, to } = whole ? { from: null, to: null } : xactRangeOf(query.filter);
  let place = cursorXact(query) ?? (descending ? to : from);
  const end = descending ? from : to;
  for (;;) {
    const xactId = nextXact(objects, place, descending);
    if (xactId === null) return;
    if (end !== null && (descending ? xactId < end : xactId > end)) return;
    yield objects.flatMap((object) =>
      object.table.rowsOf(xactId).map((row) => new StoredRowReader(object, row)),
    );
    place = neighbour(xactId, descending);
  }
}

/** Where a cursor goes on, when it follows transactions. */
function cursorXact(query: Query): string | null {
  const order = cursorOrderOf(query);
  if (query.cursor === null || order === null) return null;
  return decodeCursor(query.cursor, order).xactId;
}

function nextXact(
  objects: readonly QueriedObject[],
  place: string | null,
  descending: boolean,
): string | null {
  let best: string | null = null;
  for (const { table } of objects) {
    const xactId = table.nextXact(place, descending);
    if (xactId !== null && (best === null || xactId < best !== descending)) best = xactId;
  }
  return best;
}

function neighbour(xactId: string, descending: boolean): string {
  return (BigInt(xactId) + (descending ? -1n : 1n)).toString();
}

type Comparer = (left: StoredRowReader, right: StoredRowReader) => number;

/** Compares by the sort items; what they leave open is settled by pagination key and id. */
function comparerOf(query: Query, context: CompileContext): Comparer {
  const items = query.sort.map(({ expr, descending }): [Evaluate, number] => [
    compile(expr, context),
    descending ? -1 : 1,
  ]);
  const lastDescending = query.sort.at(-1)?.descending ?? true;
  const tieSign = lastDescending ? -1 : 1;
  return (left, right) => {
    for (const [evaluate, sign] of items) {
      const order = sortOrder(evaluate(left), evaluate(right));
      if (order !== 0) return sign * order;
    }
    return tieSign * compareKeys(left.row, right.row);
  };
}

function compareKeys(left: StoredRow, right: StoredRow): number {
  return sortOrder(left.paginationKey, right.paginationKey) || sortOrder(left.id, right.id);
}
