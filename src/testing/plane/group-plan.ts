import { isAggregate, readAggregate } from './query/aggregates.js';
import type { Accumulator, Aggregate } from './query/aggregates.js';
import { compile } from './query/compile.js';
import type { CompileContext } from './query/compile.js';
import type { Expression, Query, SelectItem } from './query/syntax.js';
import type { Evaluate } from './query/values.js';
import { rewriteExpression, walkExpression } from './query/walk.js';
import { badRequest, unsupported } from './refusal.js';

/** An aggregate made ready: what it is taken over for a row, and how to begin one. */
export interface GroupAggregate {
  readonly input: Evaluate;
  readonly make: () => Accumulator;
}

/** How to put rows into groups, and what to say of each group. */
export interface GroupPlan {
  /** Rows with the same values here make one group; without any, all rows make one. */
  readonly dimensions: readonly Evaluate[];
  readonly aggregates: readonly GroupAggregate[];
  /** What follows is evaluated on a group: its fields are `dimension 0`, `aggregate 0` and so on. */
  readonly outputs: readonly { readonly alias: string; readonly evaluate: Evaluate }[];
  readonly having: Evaluate | null;
  readonly sort: readonly { readonly evaluate: Evaluate; readonly descending: boolean }[];
}

type Item = Exclude<SelectItem, { readonly star: true }>;

/** Whether a query is about groups of rows instead of rows. */
export function isGrouped({ select, group, having }: Query): boolean {
  return (
    group !== null ||
    having !== null ||
    select.some((item) => !item.star && holdsAggregate(item.expr))
  );
}

function holdsAggregate(expression: Expression): boolean {
  let found = false;
  walkExpression(expression, (inner) => (found ||= isAggregate(inner)));
  return found;
}

/** Makes the plan of a grouped query. What is neither a dimension nor inside an aggregate is refused. */
export function planGroups(query: Query, context: CompileContext): GroupPlan {
  if (query.cursor !== null) throw unsupported('a cursor beside aggregates');
  const items = query.select.map(plainItem);
  if (new Set(items.map(({ alias }) => alias)).size < items.length)
    throw badRequest('The select list repeats an alias.');
  const group = (query.group ?? []).map((expr) => resolve(expr, items, context));
  const place = new GroupPlaces(group);
  const evaluator = (expr: Expression): Evaluate =>
    compile(place.of(expr), { ...context, columns: place.columns });
  const outputs = items.map(({ alias, expr }) => ({
    alias,
    evaluate: evaluator(withAliases(expr, [], context)),
  }));
  const having =
    query.having === null ? null : evaluator(withAliases(query.having, items, context));
  const sort = query.sort.map(({ expr, descending }) => ({
    evaluate: evaluator(resolve(expr, items, context)),
    descending,
  }));
  return {
    dimensions: group.map((expr) => compile(expr, context)),
    aggregates: place.aggregates.map(({ input, make }) => ({
      input: input === null ? () => true : compile(input, context),
      make,
    })),
    outputs,
    having,
    sort,
  };
}

function plainItem(item: SelectItem): Item {
  if (item.star) throw badRequest('`*` does not go with aggregates.');
  return item;
}

/** What a number, an alias or an expression of GROUP BY and ORDER BY stands for. */
function resolve(expr: Expression, items: readonly Item[], context: CompileContext): Expression {
  if (expr.op !== 'literal') return withAliases(expr, items, context);
  const item = typeof expr.value === 'number' ? items[expr.value - 1] : undefined;
  if (item !== undefined) return item.expr;
  throw badRequest(`${JSON.stringify(expr.value)} is not a place in the select list.`);
}

/**
 * Puts the expression of an alias where its name stands, and a text where a name in double quotes is
 * neither a field nor an alias. A field of the rows goes before an alias.
 */
export function withAliases(
  expr: Expression,
  items: readonly SelectItem[],
  { columns }: CompileContext,
): Expression {
  return rewriteExpression(expr, (inner) => {
    const [name, ...rest] = inner.op === 'ident' ? inner.name : [];
    if (typeof name !== 'string' || rest.length > 0 || columns.has(name)) return null;
    const item = items.find((candidate) => !candidate.star && candidate.alias === name);
    if (item !== undefined && !item.star) return item.expr;
    return inner.op === 'ident' && inner.quoted === true ? { op: 'literal', value: name } : null;
  });
}

/** Turns expressions over rows into expressions over groups, and collects the aggregates in them. */
class GroupPlaces {
  readonly columns = new Set<string>();
  readonly aggregates: Aggregate[] = [];
  readonly #places = new Map<string, string>();

  constructor(group: readonly Expression[]) {
    group.forEach((expr, index) => this.#place(expr, `dimension ${index}`));
  }

  of(expr: Expression): Expression {
    return rewriteExpression(expr, (inner) => {
      const known = this.#places.get(JSON.stringify(inner));
      if (known !== undefined) return { op: 'ident', name: [known] };
      if (isAggregate(inner)) return this.#aggregate(inner);
      if (inner.op === 'ident')
        throw badRequest(
          `${inner.name.join('.')} must be a dimension, or stand inside an aggregate.`,
        );
      return null;
    });
  }

  #aggregate(call: Parameters<typeof readAggregate>[0]): Expression {
    if (call.args.some(holdsAggregate))
      throw badRequest(`${call.name}() may not hold another aggregate.`);
    const name = `aggregate ${this.aggregates.length}`;
    this.aggregates.push(readAggregate(call));
    return this.#place(call, name);
  }

  #place(expr: Expression, name: string): Expression {
    this.#places.set(JSON.stringify(expr), name);
    this.columns.add(name);
    return { op: 'ident', name: [name] };
  }
}
