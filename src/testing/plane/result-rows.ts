import { cursorOrderOf, decodeCursor, isAfter } from './cursor.js';
import {
  findSpans,
  findTraces,
  followsTransactions,
  matcherOf,
  transactions,
} from './find-spans.js';
import type { Matcher, QueryContext } from './find-spans.js';
import { compile } from './query/compile.js';
import type { CompileContext } from './query/compile.js';
import type { Query } from './query/syntax.js';
import { sortOrder } from './query/values.js';
import type { Evaluate, RowReader } from './query/values.js';
import { badRequest } from './refusal.js';
import type { StoredRow } from './row-table.js';
import { summarize } from './summary-reader.js';
import type { SummaryReader } from './summary-reader.js';

/** A row of a result: a span, or the summary of a trace, which stands where the trace's root stands. */
export interface ResultRow extends RowReader {
  readonly row: StoredRow;
}

export interface Columns {
  /** What a filter may name. */
  readonly ofSpans: CompileContext;
  /** What everything else may name. */
  readonly ofRows: CompileContext;
}

/** The rows that a query is about, in no order, without cursor and limit. */
export function* matchingRows(
  query: Query,
  context: QueryContext,
  columns: Columns,
): Generator<ResultRow> {
  const matches = matcherOf(query, context, columns.ofSpans);
  if (query.from.shape === 'summary') yield* summaries(query, context, matches);
  else yield* findSpans(query, context, matches);
}

function* summaries(
  query: Query,
  context: QueryContext,
  matches: Matcher,
): Generator<SummaryReader> {
  for (const [object, roots] of findTraces(query, context, matches))
    for (const root of roots) {
      const summary = summarize(object, root, context);
      if (summary !== null) yield summary;
    }
}

/** One page of a query's rows, in order. */
export function pageOfRows(
  query: Query,
  context: QueryContext,
  search: { readonly columns: Columns; readonly limit: number },
): readonly ResultRow[] {
  const { columns, limit } = search;
  const after = cursorTest(query);
  const compare = comparerOf(query, columns.ofRows);
  if (!followsTransactions(query))
    return [...matchingRows(query, context, columns)].filter(after).sort(compare).slice(0, limit);
  // Rows come one transaction after the other, so only those of equal `_xact_id` need sorting.
  const matches = matcherOf(query, context, columns.ofSpans);
  const found: ResultRow[] = [];
  for (const group of transactions(query, context, {
    descending: query.sort[0]?.descending === true,
  })) {
    found.push(...group.filter((span) => after(span) && matches(span)).sort(compare));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

function cursorTest(query: Query): (row: ResultRow) => boolean {
  if (query.cursor === null) return () => true;
  const order = cursorOrderOf(query);
  if (order === null)
    throw badRequest('A cursor works only with a sort by _pagination_key or _xact_id.');
  const place = decodeCursor(query.cursor, order);
  return ({ row }) => isAfter(row, place, order);
}

type Comparer = (left: ResultRow, right: ResultRow) => number;

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
