import type { Expression, PathStep, Query } from './query/syntax.js';
import { walkExpression } from './query/walk.js';
import { unsupported } from './refusal.js';
import { ROW_KEYS, SUMMARY_KEYS } from './row-shape.js';
import type { ObjectType } from './row-shape.js';
import { SUMMARY_METRICS } from './trace-summary.js';

/** Metrics that spans have too, so that a filter on them is about spans. */
const SPAN_METRICS: ReadonlySet<string> = new Set([
  'completion_tokens',
  'end',
  'estimated_cost',
  'prompt_cache_creation_tokens',
  'prompt_cached_tokens',
  'prompt_tokens',
  'start',
  'time_to_first_token',
]);

/** Refuses by name what nobody outside knows the answer of the service to. */
export function checkSummaryQuery(query: Query): void {
  const type = query.from.source as ObjectType;
  if (type === 'dataset') throw unsupported('the shape `summary` of dataset()');
  const known = new Set(SUMMARY_KEYS[type]);
  const checkField = ([head]: readonly PathStep[]): void => {
    if (typeof head === 'string' && !known.has(head) && ROW_KEYS[type].includes(head))
      throw unsupported(`the field \`${head}\` of a summary row`);
  };
  for (const expr of query.group ?? []) walkPaths(expr, checkField);
  for (const item of query.select) if (!item.star) walkPaths(item.expr, checkField);
  for (const { expr } of query.sort) {
    walkPaths(expr, checkField);
    walkPaths(expr, refuseXactId);
  }
  if (query.filter !== null) walkPaths(query.filter, refuseTraceMetric);
}

function walkPaths(expression: Expression, visit: (name: readonly PathStep[]) => void): void {
  walkExpression(expression, (inner) => {
    if (inner.op === 'ident') visit(inner.name);
  });
}

function refuseXactId([head]: readonly PathStep[]): void {
  if (head === '_xact_id') throw unsupported('a sort of summary rows by `_xact_id`');
}

function refuseTraceMetric([head, member]: readonly PathStep[]): void {
  const name = String(member);
  if (head === 'span_type_info') throw unsupported('a filter on `span_type_info`');
  if (head === 'metrics' && SUMMARY_METRICS.includes(name) && !SPAN_METRICS.has(name))
    throw unsupported(`a filter on \`metrics.${name}\`, which only summary rows have`);
}
