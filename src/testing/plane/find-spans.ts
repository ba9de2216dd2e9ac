import { cursorOrderOf, decodeCursor } from './cursor.js';
import type { QueriedObject } from './plane-object.js';
import { namedRowsOf, xactRangeOf } from './query/bounds.js';
import { compile } from './query/compile.js';
import type { CompileContext } from './query/compile.js';
import type { Query, SortItem } from './query/syntax.js';
import type { Evaluate } from './query/values.js';
import { StoredRowReader } from './stored-row-reader.js';

export interface QueryContext {
  readonly objects: readonly QueriedObject[];
  readonly now: Date;
  /** How far the caller's local time is behind UTC, in minutes. */
  readonly tzOffset: number;
  /** Rows of project logs created before this are gone for queries. */
  readonly visibleFrom: Date | null;
}

export type Matcher = (span: StoredRowReader) => boolean;

/** The root ids of traces, by the object that holds them. */
export type TraceSet = ReadonlyMap<QueriedObject, ReadonlySet<string>>;

/** What may be seen at all, whatever is asked. */
function visibilityOf({ visibleFrom }: QueryContext): Matcher {
  return ({ object, row }) => {
    const { hiddenAbove } = object.freshness;
    if (hiddenAbove !== undefined && row.xactId > hiddenAbove) return false;
    if (visibleFrom === null || object.type !== 'project_logs') return true;
    return !(Date.parse(row.created) < visibleFrom.getTime());
  };
}

/** Whether a span may be seen and passes the filter. */
export function matcherOf(
  query: Query,
  context: QueryContext,
  compileContext: CompileContext,
): Matcher {
  const visible = visibilityOf(context);
  if (query.filter === null) return visible;
  const whole = query.from.shape !== 'spans';
  const filter = compile(query.filter, {
    ...compileContext,
    ...(whole ? { anySpan: (test: Evaluate) => traceTest(test, context) } : {}),
  });
  return (span) => visible(span) && filter(span) === true;
}

/** `any_span`: all traces with a span that passes are found at once, when the first row asks. */
function traceTest(test: Evaluate, context: QueryContext): Evaluate {
  let found: TraceSet | null = null;
  const visible = visibilityOf(context);
  return (row) => {
    if (!(row instanceof StoredRowReader)) return null;
    found ??= tracesOf(allSpans(context), (span) => visible(span) && test(span) === true);
    return found.get(row.object)?.has(row.row.rootSpanId) === true;
  };
}

function tracesOf(spans: Iterable<StoredRowReader>, matches: Matcher): TraceSet {
  const traces = new Map<QueriedObject, Set<string>>();
  for (const span of spans) {
    const roots = traces.get(span.object) ?? new Set();
    traces.set(span.object, roots);
    if (!roots.has(span.row.rootSpanId) && matches(span)) roots.add(span.row.rootSpanId);
  }
  return traces;
}

function* allSpans({ objects }: QueryContext): Generator<StoredRowReader> {
  for (const object of objects)
    for (const row of object.table.rows()) yield new StoredRowReader(object, row);
}

/** The traces in which one span passes the whole filter. */
export function findTraces(query: Query, context: QueryContext, matches: Matcher): TraceSet {
  return tracesOf(candidates(query, context), matches);
}

/** The spans of a trace that may be seen, by id. */
export function spansOfTrace(
  object: QueriedObject,
  rootSpanId: string,
  context: QueryContext,
): readonly StoredRowReader[] {
  const visible = visibilityOf(context);
  return object.table
    .ofTrace(rootSpanId)
    .map((row) => new StoredRowReader(object, row))
    .filter(visible);
}

/** The spans that a query is about, in no order: those that match, or all of each trace with one that does. */
export function* findSpans(
  query: Query,
  context: QueryContext,
  matches: Matcher,
): Generator<StoredRowReader> {
  if (query.from.shape === 'spans') {
    for (const span of candidates(query, context)) if (matches(span)) yield span;
    return;
  }
  for (const [object, roots] of findTraces(query, context, matches))
    for (const root of roots) yield* spansOfTrace(object, root, context);
}

/** A superset of the spans that pass the filter. */
function* candidates(query: Query, context: QueryContext): Generator<StoredRowReader> {
  const named = namedRowsOf(query.filter);
  if (named === null) {
    for (const group of transactions(query, context, { descending: false })) yield* group;
    return;
  }
  for (const object of context.objects)
    for (const row of object.table.named(named)) yield new StoredRowReader(object, row);
}

/** Whether a query is best answered one transaction after the other, up to its limit. */
export function followsTransactions({ from, filter, sort }: Query): boolean {
  const [first] = sort;
  if (from.shape !== 'spans' || namedRowsOf(filter) !== null) return false;
  return first?.expr.op === 'ident' && first.expr.name.join('.') === '_xact_id';
}

/** The rows of each transaction that the filter leaves, one transaction after the other, by id inside. */
export function* transactions(
  query: Query,
  { objects }: QueryContext,
  { descending }: Pick<SortItem, 'descending'>,
): Generator<readonly StoredRowReader[]> {
  const { from, to } = xactRangeOf(query.filter);
  const [first, last] = descending ? [to, from] : [from, to];
  let place = followsTransactions(query) ? (cursorXact(query) ?? first) : first;
  for (;;) {
    const xactId = nextXact(objects, place, descending);
    if (xactId === null) return;
    if (last !== null && (descending ? xactId < last : xactId > last)) return;
    yield objects.flatMap((object) =>
      object.table.rowsOf(xactId).map((row) => new StoredRowReader(object, row)),
    );
    place = (BigInt(xactId) + (descending ? -1n : 1n)).toString();
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
