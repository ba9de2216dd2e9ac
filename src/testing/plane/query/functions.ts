import { badRequest, unsupported } from '../refusal.js';
import type { Expression } from './syntax.js';
import { compareValues, equalValues, parseMoment } from './values.js';
import type { Evaluate, Value } from './values.js';

interface CallContext {
  readonly next: (expression: Expression) => Evaluate;
  readonly now: Date;
}

/** A function of values: how many arguments it takes, and what it gives. */
interface PlainFunction {
  readonly least: number;
  readonly most: number;
  readonly apply: (values: readonly Value[]) => Value;
}

const onText =
  (change: (text: string) => Value) =>
  ([value]: readonly Value[]): Value =>
    typeof value === 'string' ? change(value) : null;

const onMoment =
  (change: (moment: Date) => Value) =>
  ([value]: readonly Value[]): Value => {
    const moment = typeof value === 'string' ? parseMoment(value) : value;
    return moment instanceof Date ? change(moment) : null;
  };

function lengthOf(value: Value): Value {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') return Array.from(value).length;
  return null;
}

function pickBy(wanted: (order: number) => boolean): PlainFunction['apply'] {
  return (values) => {
    let best: Value = null;
    for (const value of values) {
      if (value === null) continue;
      const order = best === null ? 0 : compareValues(value, best);
      if (order === null) return null;
      if (best === null || wanted(order)) best = value;
    }
    return best;
  };
}

const MOMENT_PARTS: Readonly<Record<string, (moment: Date) => number>> = {
  second: (moment) => moment.getUTCSeconds(),
  minute: (moment) => moment.getUTCMinutes(),
  hour: (moment) => moment.getUTCHours(),
  day: (moment) => moment.getUTCDate(),
  month: (moment) => moment.getUTCMonth() + 1,
  year: (moment) => moment.getUTCFullYear(),
};

const FUNCTIONS: Readonly<Record<string, PlainFunction>> = {
  coalesce: {
    least: 1,
    most: Infinity,
    apply: (values) => values.find((value) => value !== null) ?? null,
  },
  nullif: { least: 2, most: 2, apply: nullIf },
  least: { least: 1, most: Infinity, apply: pickBy((order) => order < 0) },
  greatest: { least: 1, most: Infinity, apply: pickBy((order) => order > 0) },
  lower: { least: 1, most: 1, apply: onText((text) => text.toLowerCase()) },
  upper: { least: 1, most: 1, apply: onText((text) => text.toUpperCase()) },
  concat: { least: 1, most: Infinity, apply: concatenate },
  len: { least: 1, most: 1, apply: ([value = null]) => lengthOf(value) },
  contains: { least: 2, most: 2, apply: containsValue },
};

function nullIf([left = null, right = null]: readonly Value[]): Value {
  return left !== null && right !== null && equalValues(left, right) ? null : left;
}

function concatenate(values: readonly Value[]): Value {
  return values.every((value) => typeof value === 'string') ? values.join('') : null;
}

function containsValue([list = null, wanted = null]: readonly Value[]): Value {
  if (!Array.isArray(list) || wanted === null) return null;
  return list.some((item) => equalValues(item as Value, wanted));
}

const TRUNCATABLE = ['year', 'month', 'day', 'hour', 'minute', 'second'];

function truncate([unit, moment]: readonly Value[]): Value {
  const kept = typeof unit === 'string' ? TRUNCATABLE.indexOf(unit.toLowerCase()) : -1;
  if (kept < 0) throw unsupported(`date_trunc by ${JSON.stringify(unit)}`);
  return onMoment((given) => {
    const parts = [
      given.getUTCFullYear(),
      given.getUTCMonth(),
      given.getUTCDate(),
      given.getUTCHours(),
      given.getUTCMinutes(),
      given.getUTCSeconds(),
    ];
    const [year = 0, month = 0, day = 1, ...rest] = parts.map((part, index) =>
      index <= kept ? part : index === 2 ? 1 : 0,
    );
    return new Date(Date.UTC(year, month, day, ...rest));
  })([moment ?? null]);
}

/** Makes a call ready. An unknown function is refused by name. */
export function compileCall(
  call: Extract<Expression, { op: 'function' }>,
  context: CallContext,
): Evaluate {
  const { name } = call;
  const { now } = context;
  if (name === 'now' || name === 'current_timestamp') return checked(call, 0, () => now);
  if (name === 'current_date') {
    const today = truncate(['day', now]);
    return checked(call, 0, () => today);
  }
  const plain = plainFunction(name);
  if (plain === undefined) throw unsupported(`the function ${name}()`);
  const { least, most, apply } = plain;
  if (call.args.length < least || call.args.length > most)
    throw badRequest(`${name}() does not take ${call.args.length} arguments.`);
  const values = call.args.map(context.next);
  return (row) => apply(values.map((value) => value(row)));
}

function plainFunction(name: string): PlainFunction | undefined {
  const part = MOMENT_PARTS[name];
  if (part !== undefined) return { least: 1, most: 1, apply: onMoment(part) };
  if (name === 'date_trunc') return { least: 2, most: 2, apply: truncate };
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

function checked(
  call: Extract<Expression, { op: 'function' }>,
  count: number,
  evaluate: Evaluate,
): Evaluate {
  if (call.args.length === count) return evaluate;
  throw badRequest(`${call.name}() does not take ${call.args.length} arguments.`);
}
