import type { ByteSource } from '../growing-bytes.js';
import { hasEscape } from './strings.js';

const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MONTH_DAYS: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE_MONTH: readonly number[] = MONTH_DAYS.map((_, month) =>
  MONTH_DAYS.slice(0, month).reduce((sum, days) => sum + days, 0),
);
/** From the year 0 to 1970. */
const DAYS_BEFORE_EPOCH = 719_528;
/** `"2026-11-21T18:00:00Z"` with its quotes. */
const SHORTEST_BYTES = 22;
const FRACTION_AT = 20;

/**
 * Milliseconds since 1970 of the JSON string from `start` to `end`, or NaN unless it is a date and a time with
 * a zone in ISO 8601 that whole milliseconds hold exactly.
 */
export function readTimestamp(source: ByteSource, start: number, end: number): number {
  const { bytes } = source;
  const time = readPlainTimestamp(bytes, start, end);
  if (!Number.isNaN(time) || bytes[start] !== QUOTE || !hasEscape(source, start, end)) return time;
  const text = JSON.parse(bytes.toString('utf8', start, end)) as string;
  const plain = Buffer.from(`"${text}"`);
  return readPlainTimestamp(plain, 0, plain.length);
}

/** A string without escapes. */
function readPlainTimestamp(bytes: Buffer, start: number, end: number): number {
  if (end - start < SHORTEST_BYTES || bytes[start] !== QUOTE) return NaN;
  const isShaped =
    bytes[start + 5] === MINUS &&
    bytes[start + 8] === MINUS &&
    bytes[start + 11] === UPPER_T &&
    bytes[start + 14] === COLON &&
    bytes[start + 17] === COLON;
  if (!isShaped) return NaN;
  const time = timeMs(bytes, start + 12) + dateMs(bytes, start + 1);
  let at = start + FRACTION_AT;
  if (bytes[at] !== POINT) return time - zoneMs(bytes, at, end - 1);
  at += 1;
  const fractionAt = at;
  let fraction = 0;
  let scale = 100;
  for (; isDigit(bytes[at] as number); at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (scale < 1 && digit !== 0) return NaN;
    fraction += digit * scale;
    scale = Math.floor(scale / 10);
  }
  return at === fractionAt ? NaN : time + fraction - zoneMs(bytes, at, end - 1);
}

/** Milliseconds of `YYYY-MM-DD` at `at`. */
function dateMs(bytes: Buffer, at: number): number {
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  if (!(month >= 1 && month <= 12 && day >= 1)) return NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = MONTH_DAYS[month - 1] as number;
  if (day > (month === 2 && isLeap ? 29 : days)) return NaN;
  const before = year - 1;
  const leapDays = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) + 1;
  const inYear = (DAYS_BEFORE_MONTH[month - 1] as number) + (month > 2 && isLeap ? 1 : 0) + day - 1;
  return (year * 365 + leapDays + inYear - DAYS_BEFORE_EPOCH) * DAY_MS;
}

/** Milliseconds of `HH:MM:SS` at `at`. */
function timeMs(bytes: Buffer, at: number): number {
  const hour = twoDigits(bytes, at);
  const minute = twoDigits(bytes, at + 3);
  const second = twoDigits(bytes, at + 6);
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return NaN;
  return hour * HOUR_MS + minute * MINUTE_MS + second * 1000;
}

/** Milliseconds of `Z` or `+HH:MM`, which must reach from `at` to `end`. */
function zoneMs(bytes: Buffer, at: number, end: number): number {
  const sign = bytes[at];
  if (sign === UPPER_Z) return at + 1 === end ? 0 : NaN;
  if ((sign !== PLUS && sign !== MINUS) || at + 6 !== end || bytes[at + 3] !== COLON) return NaN;
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return NaN;
  const ahead = hours * HOUR_MS + minutes * MINUTE_MS;
  return sign === PLUS ? ahead : -ahead;
}

function twoDigits(bytes: Buffer, at: number): number {
  const tens = bytes[at] as number;
  const ones = bytes[at + 1] as number;
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : NaN;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
