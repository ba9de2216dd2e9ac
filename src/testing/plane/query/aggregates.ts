import { badRequest, unsupported } from '../refusal.js';
import type { Expression } from './syntax.js';
import { compareValues, textOf } from './values.js';
import type { Value } from './values.js';

/** One aggregate in the making. */
export interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

export type Call = Extract<Expression, { readonly op: 'function' }>;

type MakeAccumulator = (options: readonly Value[]) => Accumulator;

/** Every aggregate leaves null values out; over nothing all but the counts give null. */
const AGGREGATES: Readonly<Record<string, MakeAccumulator>> = {
  count: () => {
    let count = 0;
    return { add: (value) => (count += value === null ? 0 : 1), result: () => count };
  },
  count_distinct: () => {
    const seen = new Set<string>();
    return {
      add: (value) => void (value === null || seen.add(textOf(value))),
      result: () => seen.size,
    };
  },
  sum: () => overNumbers((numbers) => numbers.reduce((sum, number) => sum + number, 0)),
  avg: () => overNumbers((numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length),
  percentile: ([share = null]) => overNumbers((numbers) => percentile(numbers, share as number)),
  min: () => extreme((order) => order < 0),
  max: () => extreme((order) => order > 0),
  any_value: () => {
    let first: Value = null;
    return { add: (value) => (first ??= value), result: () => first };
  },
};

/** A condition counts as 1 where it holds, so that a sum over it is a count. */
function overNumbers(combine: (numbers: readonly number[]) => number): Accumulator {
  const numbers: number[] = [];
  return {
    add: (value) => {
      if (typeof value === 'number' || typeof value === 'boolean') numbers.push(Number(value));
    },
    result: () => (numbers.length === 0 ? null : combine(numbers)),
  };
}

/** Between two numbers in order the way from one to the other counts. */
function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

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

/** Whether an expression is an aggregate by itself. */
export function isAggregate(expression: Expression): expression is Call {
  return expression.op === 'function' && Object.hasOwn(AGGREGATES, expression.name);
}

/** What an aggregate is taken over, and how to make a new one of it. */
export interface Aggregate {
  /** `null` stands for every row. */
  readonly input: Expression | null;
  readonly make: () => Accumulator;
}

/** Reads the arguments of an aggregate. */
export function readAggregate({ name, args }: Call): Aggregate {
  const [input, ...rest] = args;
  const options = name === 'percentile' ? [readShare(rest)] : [];
  if (input === undefined || rest.length > options.length)
    throw badRequest(`${name}() does not take ${args.length} arguments.`);
  if (input.op === 'star' && name !== 'count') throw badRequest('Only count() takes `*`.');
  const makeAccumulator = AGGREGATES[name] as MakeAccumulator;
  return { input: input.op === 'star' ? null : input, make: () => makeAccumulator(options) };
}

function readShare([share]: readonly Expression[]): number {
  const value = share?.op === 'literal' ? share.value : null;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw badRequest('percentile() takes a number between 0 and 1 as its second argument.');
}
