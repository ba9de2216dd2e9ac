import type { CompileContext } from './query/compile.js';
import { compile } from './query/compile.js';
import type { Expression, SelectItem } from './query/syntax.js';
import { compareValues, IntervalValue } from './query/values.js';
import type { Evaluate, RowReader, Value } from './query/values.js';
import { badRequest, unsupported } from './refusal.js';
import { PREVIEW_FIELDS, withPreview } from './previews.js';
import type { ResultRow } from './result-rows.js';
import { StoredRowReader } from './stored-row-reader.js';

/** The rows of an answer. */
export interface QueryResult {
  /** The JSON text of each row. */
  readonly rows: readonly Buffer[];
  readonly cursor: string | null;
  /** The fields of the rows, for the schema of the answer. */
  readonly columns: readonly string[];
}

/** Writes the selected fields of rows as JSON, keys in alphabetical order as the service does. */
export interface Selection {
  readonly columns: readonly string[];
  write(row: ResultRow): Buffer;
}

/** Makes a select list without aggregates ready. */
export function readSelection(
  select: readonly SelectItem[],
  context: CompileContext,
  rows: { readonly keys: readonly string[]; readonly previewLength: number },
): Selection {
  const { keys, previewLength } = rows;
  const stars = select.filter((item) => item.star).length;
  if (stars > 1) throw badRequest('`*` stands twice in the select list.');
  const fields = new Map<string, Evaluate>();
  const add = (name: string, expr: Expression): void =>
    addField(fields, name, previewed(expr, compile(expr, context), previewLength));
  for (const key of stars === 1 ? keys : []) add(key, { op: 'ident', name: [key] });
  for (const item of select) if (!item.star) add(item.alias, item.expr);
  const columns = [...fields.keys()].sort();
  const verbatim = stars === select.length && previewLength < 0;
  return {
    columns,
    write: (row) => {
      if (verbatim && row instanceof StoredRowReader) return row.row.text;
      const values = columns.map((name) => [name, output(fields.get(name), row)] as const);
      return Buffer.from(JSON.stringify(Object.fromEntries(values)));
    },
  };
}

/** Whole fields are cut to their previews; what is computed from them is not. */
function previewed(expr: Expression, evaluate: Evaluate, length: number): Evaluate {
  const [field, ...rest] = expr.op === 'ident' ? expr.name : [];
  const cut = rest.length === 0 && PREVIEW_FIELDS.has(String(field));
  return cut ? withPreview(evaluate, length) : evaluate;
}

function addField(fields: Map<string, Evaluate>, name: string, evaluate: Evaluate): void {
  if (fields.has(name)) throw badRequest(`The select list has ${JSON.stringify(name)} twice.`);
  fields.set(name, evaluate);
}

function output(evaluate: Evaluate | undefined, row: RowReader): Value {
  const value = evaluate?.(row) ?? null;
  if (value instanceof IntervalValue) throw unsupported('an interval in the select list');
  return value;
}

/** One aggregate in the making. */
interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

const AGGREGATES: Readonly<Record<string, () => Accumulator>> = {
  count: () => {
    let count = 0;
    return { add: (value) => (count += value === null ? 0 : 1), result: () => count };
  },
  sum: () => {
    let sum: number | null = null;
    return {
      add: (value) => (sum = typeof value === 'number' ? (sum ?? 0) + value : sum),
      result: () => sum,
    };
  },
  min: () => extreme((order) => order < 0),
  max: () => extreme((order) => order > 0),
};

function extreme(wanted: (order: number) => boolean): Accumulator {
  let best: Value = null;
  return {
    add: (value) => {
      if (value === null) return;
      const order = best === null ? null : compareValues(value, best);
      if (best !== null && order === null) throw unsupported('min and max over mixed types');
      if (best === null || wanted(order ?? 0)) best = value;
    },
    result: () => best,
  };
}

type Call = Extract<Expression, { op: 'function' }>;

/** Makes a select list of aggregates ready, or gives `null` when it holds none. */
export function readAggregates(
  select: readonly SelectItem[],
  context: CompileContext,
): ((rows: Iterable<RowReader>) => QueryResult) | null {
  const calls = select.map((item) => (item.star ? null : aggregateCall(item.expr)));
  if (calls.every((call) => call === null)) return null;
  const aliases = select.map((item) => (item.star ? '*' : item.alias));
  if (calls.includes(null)) throw unsupported('aggregates beside plain fields');
  if (new Set(aliases).size < aliases.length) throw badRequest('The select list repeats an alias.');
  const inputs = calls.map((call) => compileInput(call as Call, context));
  return (rows) => {
    const accumulators = calls.map((call) => (AGGREGATES[call?.name ?? ''] as () => Accumulator)());
    for (const row of rows)
      accumulators.forEach((accumulator, index) => accumulator.add(inputs[index]?.(row) ?? null));
    const results = accumulators.map(
      (accumulator, index) => [aliases[index], accumulator.result()] as const,
    );
    const sorted = results.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
    const text = Buffer.from(JSON.stringify(Object.fromEntries(sorted)));
    return { rows: [text], cursor: null, columns: sorted.map(([alias = '']) => alias) };
  };
}

function aggregateCall(expression: Expression): Call | null {
  return expression.op === 'function' && Object.hasOwn(AGGREGATES, expression.name)
    ? expression
    : null;
}

function compileInput(call: Call, context: CompileContext): Evaluate {
  const [argument, ...rest] = call.args;
  if (argument === undefined || rest.length > 0)
    throw badRequest(`${call.name}() takes one argument.`);
  if (argument.op !== 'star') return compile(argument, context);
  if (call.name !== 'count') throw badRequest('Only count() takes `*`.');
  return () => true;
}
