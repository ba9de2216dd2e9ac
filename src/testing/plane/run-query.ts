import { cursorOrderOf, encodeCursor } from './cursor.js';
import type { QueryContext } from './find-spans.js';
import { isGrouped, planGroups, withAliases } from './group-plan.js';
import { groupRows } from './group-rows.js';
import { previewLengthOf } from './previews.js';
import type { CompileContext } from './query/compile.js';
import type { Query } from './query/syntax.js';
import { badRequest } from './refusal.js';
import { matchingRows, pageOfRows } from './result-rows.js';
import type { Columns } from './result-rows.js';
import { ROW_KEYS, SUMMARY_KEYS } from './row-shape.js';
import type { ObjectType } from './row-shape.js';
import { readSelection } from './selection.js';
import type { QueryResult } from './selection.js';
import { checkSummaryQuery } from './summary-checks.js';

/** Rows in an answer when the query names no limit. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** The limit that holds for a query. */
export function limitOf(query: Query): number {
  const limit = query.limit ?? DEFAULT_LIMIT;
  if (limit > MAX_LIMIT) throw badRequest(`\`limit\` may be ${MAX_LIMIT} at most, not ${limit}.`);
  return limit;
}

/** Answers a query from live rows. */
export function runQuery(asked: Query, context: QueryContext): QueryResult {
  const limit = limitOf(asked);
  const { keys, columns } = columnsOf(asked, context);
  const query = resolveAliases(asked, columns);
  if (isGrouped(query)) {
    const plan = planGroups(query, columns.ofRows);
    return groupRows(matchingRows(query, context, columns), plan, limit);
  }
  const previewLength = previewLengthOf(query.from.shape, query.previewLength);
  const selection = readSelection(query.select, columns.ofRows, { keys, previewLength });
  const found = pageOfRows(query, context, { columns, limit });
  const order = cursorOrderOf(query);
  const last = found.at(-1);
  return {
    rows: found.map((row) => selection.write(row)),
    cursor: last === undefined || order === null ? null : encodeCursor(last.row, order),
    columns: selection.columns,
  };
}

/** Filters, and sorts of rows, may name what the select list calls something. */
function resolveAliases(query: Query, { ofSpans, ofRows }: Columns): Query {
  const { select, filter, sort } = query;
  return {
    ...query,
    filter: filter === null ? null : withAliases(filter, select, ofSpans),
    sort: isGrouped(query)
      ? sort
      : sort.map((item) => ({ ...item, expr: withAliases(item.expr, select, ofRows) })),
  };
}

/** The fields that a query may name, and those of its rows. */
function columnsOf(
  query: Query,
  { now, tzOffset }: QueryContext,
): { readonly keys: readonly string[]; readonly columns: Columns } {
  const type = query.from.source as ObjectType;
  const context = (keys: readonly string[]): CompileContext => ({
    columns: new Set(keys),
    now,
    tzOffset,
  });
  const ofSpans = context(ROW_KEYS[type]);
  if (query.from.shape !== 'summary')
    return { keys: ROW_KEYS[type], columns: { ofSpans, ofRows: ofSpans } };
  checkSummaryQuery(query);
  const keys = SUMMARY_KEYS[type];
  return { keys, columns: { ofSpans, ofRows: context(keys) } };
}
