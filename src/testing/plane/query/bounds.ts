import type { Expression } from './syntax.js';

/** Transactions that a filter can match, both ends inclusive. */
export interface XactRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** Fields whose range, or whose value, spares the service a scan of all history. */
const RANGE_FIELDS: ReadonlySet<string> = new Set(['created', '_xact_id', '_pagination_key']);
const SCOPE_FIELDS: ReadonlySet<string> = new Set(['root_span_id', 'id']);

/** The conditions that must all hold. */
function conjuncts(filter: Expression | null): readonly Expression[] {
  if (filter === null) return [];
  return filter.op === 'and' ? filter.children.flatMap(conjuncts) : [filter];
}

function fieldOf(expression: Expression): string | null {
  const [head, ...rest] = expression.op === 'ident' ? expression.name : [];
  return typeof head === 'string' && rest.length === 0 ? head : null;
}

/** The range of `_xact_id` that the filter's conditions leave. A superset of what matches, never less. */
export function xactRangeOf(filter: Expression | null): XactRange {
  let from: string | null = null;
  let to: string | null = null;
  for (const condition of conjuncts(filter)) {
    if (!('left' in condition) || fieldOf(condition.left) !== '_xact_id') continue;
    const { op, right } = condition;
    if (right.op !== 'literal' || typeof right.value !== 'string') continue;
    const { value } = right;
    if ((op === 'ge' || op === 'gt' || op === 'eq') && (from === null || value > from))
      from = value;
    if ((op === 'le' || op === 'lt' || op === 'eq') && (to === null || value < to)) to = value;
  }
  return { from, to };
}

/** Whether the filter limits what the service must read; if not, the answer carries a warning. */
export function isSelective(filter: Expression | null): boolean {
  return conjuncts(filter).some((condition) => {
    if (!('left' in condition)) return false;
    const field = fieldOf(condition.left) ?? '';
    const ranged = ['lt', 'le', 'gt', 'ge', 'eq'].includes(condition.op);
    if (RANGE_FIELDS.has(field)) return ranged;
    return SCOPE_FIELDS.has(field) && (condition.op === 'eq' || condition.op === 'in');
  });
}

/** The traces that the filter's conditions leave, or `null` where they leave any. */
export function rootsOf(filter: Expression | null): ReadonlySet<string> | null {
  for (const condition of conjuncts(filter)) {
    if (!('left' in condition) || fieldOf(condition.left) !== 'root_span_id') continue;
    const { op, right } = condition;
    if (op !== 'eq' && op !== 'in') continue;
    const values: readonly unknown[] =
      right.op === 'list' ? right.items.map(literalOf) : [literalOf(right)].flat();
    if (values.every((value) => typeof value === 'string')) return new Set(values);
  }
  return null;
}

function literalOf(expression: Expression): unknown {
  return expression.op === 'literal' ? expression.value : undefined;
}
