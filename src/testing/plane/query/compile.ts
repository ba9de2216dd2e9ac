import { badRequest, unsupported } from '../refusal.js';
import { compileIn, compileLike } from './compile-lists.js';
import { compileCall } from './functions.js';
import type { Expression, PathStep } from './syntax.js';
import { matchesToken } from './text-match.js';
import { addInterval, compareValues, equalValues, IntervalValue, parseMoment } from './values.js';
import type { Evaluate, Value } from './values.js';

export interface CompileContext {
  /** The top-level fields of the rows that are queried. */
  readonly columns: ReadonlySet<string>;
  /** What `now()` gives: one moment for the whole query. */
  readonly now: Date;
  /** How far local time is behind UTC, in minutes. @defaultValue 0 */
  readonly tzOffset?: number;
  /** Turns a test of one span into a test of its trace, where rows stand for traces. */
  readonly anySpan?: (test: Evaluate) => Evaluate;
}

type Compiler = (expression: Expression) => Evaluate;

/** Turns an expression into a function of a row. Unknown fields and operators are refused here, before any row. */
export function compile(expression: Expression, context: CompileContext): Evaluate {
  const next: Compiler = (inner) => compile(inner, context);
  if ('left' in expression) return compileBinary(expression, next);
  switch (expression.op) {
    case 'literal': {
      const { value } = expression;
      return () => value;
    }
    case 'ident':
      if (isText(expression, context)) return () => expression.name[0] ?? null;
      return compilePath(expression.name, context);
    case 'list': {
      const items = expression.items.map(next);
      return (row) => items.map((item) => item(row));
    }
    case 'interval': {
      const interval = new IntervalValue(expression.amount, expression.unit);
      return () => interval;
    }
    case 'and':
    case 'or':
      return compileChain(expression.op, expression.children.map(next));
    case 'not':
      return compileNot(next(expression.expr));
    case 'neg':
      return compileNegation(next(expression.expr));
    case 'isnull':
      return compileNullTest(next(expression.expr), true);
    case 'isnotnull':
      return compileNullTest(next(expression.expr), false);
    case 'if':
      return compileChoice(expression, next);
    case 'function':
      if (expression.name === 'any_span') return compileAnySpan(expression.args, context);
      if (expression.name === 'estimated_cost') return compileCost(expression.args, context);
      return compileCall(expression, { next, now: context.now, tzOffset: context.tzOffset ?? 0 });
    case 'star':
      break;
  }
  throw badRequest('`*` stands where a value is needed.');
}

/** `any_span(test)`: whether a span of the row's trace passes; of a span by itself, whether it does. */
function compileAnySpan(args: readonly Expression[], context: CompileContext): Evaluate {
  const [test, ...rest] = args;
  if (test === undefined || rest.length > 0) throw badRequest('any_span() takes one argument.');
  const refuse = (): never => {
    throw badRequest('any_span() may not stand inside another one.');
  };
  const evaluate = compile(test, { ...context, anySpan: refuse });
  return context.anySpan?.(evaluate) ?? evaluate;
}

/** `estimated_cost()`: what the span was written with, for the plane knows no prices. */
function compileCost(args: readonly Expression[], context: CompileContext): Evaluate {
  if (args.length > 0) throw badRequest('estimated_cost() takes no arguments.');
  return compilePath(['metrics', 'estimated_cost'], context);
}

/** The recorded service resolves the bare word `name` to the span's name. */
const SHORTHANDS: Readonly<Record<string, readonly PathStep[]>> = {
  name: ['span_attributes', 'name'],
};

/** The service takes a name in double quotes that no field has for a text. */
function isText(
  { name, quoted }: Extract<Expression, { op: 'ident' }>,
  { columns }: CompileContext,
): boolean {
  return quoted === true && typeof name[0] === 'string' && !columns.has(name[0]);
}

function compilePath(name: readonly PathStep[], context: CompileContext): Evaluate {
  const [head, ...rest] = name;
  if (typeof head !== 'string') throw badRequest('A path must begin with a field name.');
  const shorthand = SHORTHANDS[head];
  if (!context.columns.has(head) && shorthand !== undefined)
    return compilePath([...shorthand, ...rest], context);
  if (!context.columns.has(head))
    throw badRequest(`Unknown field ${JSON.stringify(head)} in the query.`);
  if (rest.length === 0) return (row) => (row.field(head) ?? null) as Value;
  return (row) => {
    let value: unknown = row.field(head);
    for (const step of rest) value = takeStep(value, step);
    return (value ?? null) as Value;
  };
}

function takeStep(value: unknown, step: PathStep): unknown {
  if (typeof value !== 'object' || value === null) return null;
  if (typeof step === 'number') return Array.isArray(value) ? value.at(step) : null;
  return !Array.isArray(value) && Object.hasOwn(value, step)
    ? (value as Record<string, unknown>)[step]
    : null;
}

/** `and` and `or` of three values: true, false and unknown. */
function compileChain(op: 'and' | 'or', children: readonly Evaluate[]): Evaluate {
  const decisive = op === 'or';
  return (row) => {
    let unknown = false;
    for (const child of children) {
      const value = child(row);
      if (value === decisive) return decisive;
      if (value !== !decisive) unknown = true;
    }
    return unknown ? null : !decisive;
  };
}

function compileNot(operand: Evaluate): Evaluate {
  return (row) => {
    const value = operand(row);
    return typeof value === 'boolean' ? !value : null;
  };
}

function compileNegation(operand: Evaluate): Evaluate {
  return (row) => {
    const value = operand(row);
    return typeof value === 'number' ? -value : null;
  };
}

function compileNullTest(operand: Evaluate, wanted: boolean): Evaluate {
  return (row) => (operand(row) === null) === wanted;
}

function compileChoice(choice: Extract<Expression, { op: 'if' }>, next: Compiler): Evaluate {
  const condition = next(choice.condition);
  const whenTrue = next(choice.whenTrue);
  const otherwise = next(choice.otherwise);
  return (row) => (condition(row) === true ? whenTrue(row) : otherwise(row));
}

type Binary = Extract<Expression, { readonly left: Expression }>;
type Combine = (left: Value, right: Value) => Value;

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  add: (left, right) => left + right,
  sub: (left, right) => left - right,
  mul: (left, right) => left * right,
  div: (left, right) => left / right,
  mod: (left, right) => left % right,
};
const ORDERS: Readonly<Record<string, (order: number) => boolean>> = {
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

function compileBinary(expression: Binary, next: Compiler): Evaluate {
  const { op } = expression;
  if (op === 'in') return compileIn(expression, next);
  if (op === 'like' || op === 'ilike') return compileLike(expression, next);
  const arithmetic = ARITHMETIC[op];
  if (arithmetic !== undefined) return combine(expression, next, calculate(arithmetic, op));
  if (op === 'match') return combine(expression, next, matchesToken);
  if (op === 'includes') return combine(expression, next, includesValue);
  return compileComparison(expression, next);
}

function combine(expression: Binary, next: Compiler, combination: Combine): Evaluate {
  const left = next(expression.left);
  const right = next(expression.right);
  return (row) => {
    const leftValue = left(row);
    const rightValue = right(row);
    return leftValue === null || rightValue === null ? null : combination(leftValue, rightValue);
  };
}

function calculate(arithmetic: (left: number, right: number) => number, op: string): Combine {
  return (left, right) => {
    if (right instanceof IntervalValue && (op === 'add' || op === 'sub')) {
      const moment = asMoment(left);
      return moment === null ? null : addInterval(moment, right, op === 'add' ? 1 : -1);
    }
    if (typeof left !== 'number' || typeof right !== 'number') return null;
    const result = arithmetic(left, right);
    return Number.isFinite(result) ? result : null;
  };
}

function asMoment(value: Value): Date | null {
  return typeof value === 'string' ? parseMoment(value) : value instanceof Date ? value : null;
}

function includesValue(left: Value, right: Value): Value {
  if (!Array.isArray(left)) {
    if (typeof left === 'object') throw unsupported('INCLUDES on an object');
    return false;
  }
  const wanted = Array.isArray(right) ? right : [right];
  return wanted.every((item) => left.some((member) => equalValues(member as Value, item as Value)));
}

function compileComparison(expression: Binary, next: Compiler): Evaluate {
  const { op } = expression;
  checkXactComparison(expression);
  const order = ORDERS[op];
  const temporal = isTemporal(expression.left) || isTemporal(expression.right);
  const left = temporal ? momentOf(expression.left, next) : next(expression.left);
  const right = temporal ? momentOf(expression.right, next) : next(expression.right);
  const nullSafe = op === 'is' || op === 'isnot';
  const negated = op === 'ne' || op === 'isnot';
  return (row) => {
    const leftValue = left(row);
    const rightValue = right(row);
    if (leftValue === null || rightValue === null)
      return nullSafe ? (leftValue === rightValue) !== negated : null;
    if (order === undefined) return equalValues(leftValue, rightValue) !== negated;
    const difference = compareValues(leftValue, rightValue);
    return difference === null ? null : order(difference);
  };
}

const DATE_FUNCTIONS: ReadonlySet<string> = new Set([
  'now',
  'current_timestamp',
  'current_date',
  'date_trunc',
]);

/** Whether an expression is a moment, so that text beside it must be read as one. */
function isTemporal(expression: Expression): boolean {
  if (expression.op === 'ident')
    return expression.name.length === 1 && expression.name[0] === 'created';
  if (expression.op === 'function') return DATE_FUNCTIONS.has(expression.name);
  return (
    (expression.op === 'add' || expression.op === 'sub') &&
    (isTemporal(expression.left) || expression.right.op === 'interval')
  );
}

function momentOf(expression: Expression, next: Compiler): Evaluate {
  if (expression.op === 'literal') {
    const { value } = expression;
    const moment = typeof value === 'string' ? parseMoment(value) : null;
    if (moment === null && value !== null)
      throw badRequest(`${JSON.stringify(value)} is not a time in ISO 8601.`);
    return () => moment;
  }
  const operand = next(expression);
  return (row) => asMoment(operand(row));
}

/** Transaction ids are text: a number beside one may have lost digits on its way. */
function checkXactComparison({ left, right }: Binary): void {
  const isXact = (side: Expression): boolean =>
    side.op === 'ident' && side.name.length === 1 && side.name[0] === '_xact_id';
  const isNumber = (side: Expression): boolean =>
    side.op === 'literal' && typeof side.value === 'number';
  if ((isXact(left) && isNumber(right)) || (isXact(right) && isNumber(left)))
    throw unsupported('comparing `_xact_id` with a number; quote it');
}
