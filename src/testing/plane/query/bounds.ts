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

/** Rows that a filter names: by their ids, or by those of their traces. */
export interface NamedRows {
  readonly ids: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
}

/** The rows that the filter can match, or `null` where it names none. A superset of what matches, never less. */
export function namedRowsOf(filter: Expression | null): NamedRows | null {
  if (filter === null) return null;
  if (filter.op === 'and') {
    // Ids before traces, for a trace may be long.
    const named = filter.children.map(namedRowsOf).filter((rows) => rows !== null);
    return named.find(({ roots }) => roots.size === 0) ?? named[0] ?? null;
  }
  if (filter.op === 'or') return unionOf(filter.children.map(namedRowsOf));
  if (!('left' in filter) || (filter.op !== 'eq' && filter.op !== 'in')) return null;
  const field = fieldOf(filter.left);
  const values = textsOf(filter.right);
  if (values === null) return null;
  if (field === 'id') return { ids: values, roots: new Set() };
  return field === 'root_span_id' ? { ids: new Set(), roots: values } : null;
}

/** One alternative that names nothing leaves everything. */
function unionOf(named: readonly (NamedRows | null)[]): NamedRows | null {
  const ids = new Set<string>();
  const roots = new Set<string>();
  for (const rows of named) {
    if (rows === null) return null;
    for (const id of rows.ids) ids.add(id);
    for (const root of rows.roots) roots.add(root);
  }
  return { ids, roots };
}

/** What a text, or a list of nothing but texts, holds. */
function textsOf(expression: Expression): ReadonlySet<string> | null {
  const values: readonly unknown[] =
    expression.op === 'list' ? expression.items.map(literalOf) : [literalOf(expression)].flat();
  return values.every((value) => typeof value === 'string') ? new Set(values) : null;
}

function literalOf(expression: Expression): unknown {
  return expression.op === 'literal' ? expression.value : undefined;
}
