import { badRequest, unsupported } from '../refusal.js';
import {
  extractJson,
  roundNumber,
  toBoolean,
  toDatetime,
  toInteger,
  toNumber,
  toText,
} from './casts.js';
import { isMomentPart, momentPart, truncateMoment } from './moments.js';
import type { Expression } from './syntax.js';
import { compareValues, equalValues } from './values.js';
import type { Evaluate, Value } from './values.js';

interface CallContext {
  readonly next: (expression: Expression) => Evaluate;
  readonly now: Date;
  /** Minutes that local time is behind UTC. */
  readonly tzOffset: number;
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

function onValue(change: (value: Value) => Value): PlainFunction {
  return { least: 1, most: 1, apply: ([value = null]) => change(value) };
}

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
  round: {
    least: 1,
    most: 2,
    apply: ([value = null, digits = null]) => roundNumber(value, digits),
  },
  json_extract: {
    least: 2,
    most: 2,
    apply: ([text = null, key = null]) => extractJson(text, key),
  },
  to_string: onValue(toText),
  to_number: onValue(toNumber),
  to_integer: onValue(toInteger),
  to_boolean: onValue(toBoolean),
  to_datetime: onValue(toDatetime),
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

/** Makes a call ready. An unknown function is refused by name. */
export function compileCall(
  call: Extract<Expression, { op: 'function' }>,
  context: CallContext,
): Evaluate {
  const { name } = call;
  const { now, tzOffset } = context;
  if (name === 'now' || name === 'current_timestamp') return checked(call, 0, () => now);
  if (name === 'current_date') {
    const today = truncateMoment('day', now, tzOffset);
    return checked(call, 0, () => today);
  }
  const plain = plainFunction(name, tzOffset);
  if (plain === undefined) throw unsupported(`the function ${name}()`);
  const { least, most, apply } = plain;
  if (call.args.length < least || call.args.length > most)
    throw badRequest(`${name}() does not take ${call.args.length} arguments.`);
  const values = call.args.map(context.next);
  return (row) => apply(values.map((value) => value(row)));
}

function plainFunction(name: string, tzOffset: number): PlainFunction | undefined {
  if (isMomentPart(name)) return onValue((value) => momentPart(name, value, tzOffset));
  if (name === 'date_trunc')
    return {
      least: 2,
      most: 2,
      apply: ([unit = null, value = null]) => truncateMoment(unit, value, tzOffset),
    };
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
