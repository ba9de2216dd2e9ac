import type { TimeUnit } from './syntax.js';

/** A length of time in calendar terms. */
export interface Interval {
  readonly amount: number;
  readonly unit: TimeUnit;
}

/** What an expression gives: JSON, a moment, or a length of time. `null` also stands for "unknown". */
export type Value =
  null | boolean | number | string | Date | IntervalValue | readonly unknown[] | object;

/** Keeps intervals apart from objects of rows. */
export class IntervalValue implements Interval {
  readonly amount: number;
  readonly unit: TimeUnit;

  constructor(amount: number, unit: TimeUnit) {
    this.amount = amount;
    this.unit = unit;
  }
}

/** Moves UTF-16 units so that they order as code points do. */
function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** Orders text by code points, which is the order of its UTF-8 bytes. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i += 1) {
    const difference = codePointOrder(left.charCodeAt(i)) - codePointOrder(right.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Orders two values of one kind; `null` when they cannot be ordered. */
export function compareValues(left: Value, right: Value): number | null {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  return null;
}

/** Whether two values, neither of them null, are the same. */
export function equalValues(left: Value, right: Value): boolean {
  const order = compareValues(left, right);
  if (order !== null) return order === 0;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  return textOf(left) === textOf(right);
}

/** A text that is the same for equal values and for no others. */
export function textOf(value: Value): string {
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => compareText(a, b)));
}

/** The rank of a kind when values of several kinds are sorted together. */
function kindRank(value: Value): number {
  if (typeof value === 'boolean') return 0;
  if (typeof value === 'number') return 1;
  return typeof value === 'string' ? 2 : 3;
}

/** A total order for sorting; null comes after everything else. */
export function sortOrder(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  const order = compareValues(left, right);
  if (order !== null) return order;
  const ranks = kindRank(left) - kindRank(right);
  return ranks === 0 ? compareText(JSON.stringify(left), JSON.stringify(right)) : ranks;
}

/** Reads ISO 8601 text, or a date alone, as UTC unless it names a zone. */
export function parseMoment(text: string): Date | null {
  const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/u;
  const match = iso.exec(text);
  if (match === null) return null;
  const zoned = text.length === 10 || match[1] !== undefined ? text : `${text}Z`;
  const date = new Date(zoned.replace(' ', 'T'));
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Adds `sign` times an interval to a moment. A month's missing days give its last day. */
export function addInterval(moment: Date, interval: Interval, sign: 1 | -1): Date {
  const amount = sign * interval.amount;
  const seconds = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 };
  const { unit } = interval;
  if (unit !== 'month' && unit !== 'year')
    return new Date(moment.getTime() + amount * seconds[unit] * 1000);
  const result = new Date(moment);
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + (unit === 'year' ? 12 * amount : amount));
  const lastDay = new Date(Date.UTC(result.getUTCFullYear(), result.getUTCMonth() + 1, 0));
  result.setUTCDate(Math.min(moment.getUTCDate(), lastDay.getUTCDate()));
  return result;
}

/** Reads fields of one row, parsing as little as it can. */
export interface RowReader {
  field(name: string): unknown;
}

/** An expression made ready: gives its value for a row. */
export type Evaluate = (row: RowReader) => Value;
