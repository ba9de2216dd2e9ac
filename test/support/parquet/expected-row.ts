import type { ColumnType, ParquetSchema } from '../../../src/encoders/parquet/schema.js';
import { itemsOf, kindOfText, membersOf, trimSpace } from './json-walk.js';
import type { SourceMember } from './json-walk.js';

/** A map as its entries, sorted by key. */
export type MapEntries = readonly (readonly [key: string, value: number | null])[];

/**
 * What a column holds in one row, in the same form for all readers: a timestamp is a number of milliseconds, an
 * `int64` a bigint, JSON its text.
 */
export type ColumnValue =
  string | number | bigint | boolean | null | readonly (string | null)[] | MapEntries;

/** A double and every digit that a reader could ask it for. */
const DOUBLE_DIGITS = 17;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const ISO_TIME = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|([+-])(\d\d):(\d\d))$/;

/** What the columns must hold for the text of one row, which must be a valid JSON object, in their order. */
export function expectedRow(schema: ParquetSchema, text: string): readonly ColumnValue[] {
  const members = membersOf(trimSpace(text));
  const held = new Set<SourceMember>();
  const values = schema.columns.slice(0, -1).map((column) => {
    const [key, ...rest] = column.path as [string, ...string[]];
    const member = members.findLast((candidate) => candidate.key === key);
    if (member === undefined) return null;
    const inner = textAt(member.text, rest);
    const value = inner === null || inner === 'null' ? null : READ[column.type](inner);
    const isHeld = value !== null || member.text === 'null';
    if (rest.length === 0 && isHeld) held.add(member);
    return value;
  });
  return [...values, extraOf(members.filter((member) => !held.has(member)))];
}

/** Whether the columns other than `_extra` hold all that a row has, in the types that they have. */
export function fitsColumns(schema: ParquetSchema, text: string): boolean {
  if (expectedRow(schema, text).at(-1) !== null) return false;
  const members = membersOf(trimSpace(text));
  return schema.columns.slice(0, -1).every((column) => {
    const [key, ...rest] = column.path;
    const found = textAt(members.find((member) => member.key === key)?.text ?? null, rest);
    return found === null || found === 'null' || READ[column.type](found) !== null;
  });
}

/** The members that no column holds, as one object. */
function extraOf(members: readonly SourceMember[]): string | null {
  if (members.length === 0) return null;
  return `{${members.map(({ keyText, text }) => `${keyText}:${text}`).join(',')}}`;
}

/** The text at a path inside of a value; null when there is none. */
function textAt(text: string | null, path: readonly string[]): string | null {
  let inner = text;
  for (const key of path) {
    if (inner === null || kindOfText(inner) !== 'object') return null;
    inner = membersOf(inner).findLast((member) => member.key === key)?.text ?? null;
  }
  return inner;
}

/** Null stands for a value that the type does not hold. */
const READ: Readonly<Record<ColumnType, (text: string) => ColumnValue>> = {
  utf8: readString,
  json: (text) => text,
  timestamp: readTime,
  boolean: (text) => (kindOfText(text) === 'boolean' ? text === 'true' : null),
  double: readDouble,
  int64: readInteger,
  'utf8-list': readList,
  'double-map': readMap,
};

function readString(text: string): string | null {
  if (kindOfText(text) !== 'string') return null;
  const value = JSON.parse(text) as string;
  return value.isWellFormed() ? value : null;
}

function readInteger(text: string): bigint | null {
  // No integer of 64 bits has more characters than its least one; a giant would cost BigInt minutes.
  if (text.length > String(INT64_MIN).length) return null;
  if (!/^-?\d+$/.test(text) || text === '-0') return null;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : null;
}

/** An integer must come out as it is; other numbers may have as many digits as tell doubles apart. */
function readDouble(text: string): number | null {
  if (kindOfText(text) !== 'number') return null;
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  const [mantissa = ''] = text.split(/e/i);
  const digits = significantDigits(mantissa);
  if (value === 0 && digits !== '') return null;
  if (/^-?\d+$/.test(text)) return BigInt(text) === BigInt(value) ? value : null;
  return digits.length <= DOUBLE_DIGITS ? value : null;
}

/** A regular expression would take hours for a million zeros. */
function significantDigits(mantissa: string): string {
  const digits = mantissa.replaceAll(/[-.]/g, '');
  let from = 0;
  let to = digits.length;
  while (digits[from] === '0') from += 1;
  while (to > from && digits[to - 1] === '0') to -= 1;
  return digits.slice(from, to);
}

function readTime(text: string): number | null {
  const value = readString(text);
  const parts = value === null ? null : ISO_TIME.exec(value);
  if (parts === null) return null;
  const [, date, hour, minute, second, fraction = '', , sign, zoneHour, zoneMinute] = parts;
  if (/[1-9]/.test(fraction.slice(3))) return null;
  const clock = `${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}`;
  const local = new Date(`${date}T${clock}Z`);
  // Date takes February 30 for March 1 or 2; what it writes then is another day.
  if (Number.isNaN(local.getTime()) || local.toISOString() !== `${date}T${clock}Z`) return null;
  if (sign === undefined) return local.getTime();
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return null;
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  return local.getTime() - (sign === '-' ? -offset : offset);
}

function readList(text: string): readonly (string | null)[] | null {
  if (kindOfText(text) !== 'array') return null;
  const items: (string | null)[] = [];
  for (const item of itemsOf(text)) {
    const value = readString(item);
    if (value === null && item !== 'null') return null;
    items.push(value);
  }
  return items;
}

function readMap(text: string): MapEntries | null {
  if (kindOfText(text) !== 'object') return null;
  const entries = new Map<string, number | null>();
  for (const { key, text: item } of membersOf(text)) {
    const value = readDouble(item);
    if ((value === null && item !== 'null') || entries.has(key) || !key.isWellFormed()) return null;
    entries.set(key, value);
  }
  return sortedEntries(entries);
}

/** The entries in one order, whatever order a reader gives them in. */
export function sortedEntries(entries: Iterable<readonly [string, number | null]>): MapEntries {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
}
