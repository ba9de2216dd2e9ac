// Values of one column, row by row, in the plain encoding of Parquet. Each function takes rows from `row` on as long as
// it understands their values, and answers the row at which it stopped; the caller's own code takes that one.

import { compareBytes, copyBytes, hasBackslash } from './bytes';
import { add as addToDictionary } from './dictionary';
import { ends, levels, placeOf, starts, text, values } from './memory';

const QUOTE: u8 = 0x22;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const ZERO: u8 = 0x30;
const LOWER_F: u8 = 0x66;
const LOWER_N: u8 = 0x6e;
const LOWER_T: u8 = 0x74;

/** A double holds every integer up to here. */
const EXACT_MAX: u64 = 1 << 53;
/** So many digits always fit into 64 bits. */
const DIGITS_MAX: u32 = 18;
/** No double needs more to be told from its neighbours. */
const DOUBLE_DIGITS_MAX: u32 = 17;

/** Where the values that were taken end. */
export let valuesEnd: usize = 0;
/** The rows whose strings come first and last in the order of bytes, or -1. */
export let minRow: i32 = -1;
export let maxRow: i32 = -1;

/** Notes a row without a value, or begins one. */
@inline
function startOf(column: u32, row: u32): u32 {
  const start = load<u32>(starts + placeOf(column, row));
  const isNull = start == 0 || load<u8>(text + start) == LOWER_N;
  store<u8>(levels + row, isNull ? 0 : 1);
  return isNull ? 0 : start;
}

@inline
function endOf(column: u32, row: u32): u32 {
  return load<u32>(ends + placeOf(column, row));
}

/** JSON text as it is. */
export function takeJson(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  for (let place = row; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const length = endOf(column, place) - start;
    store<u32>(out, length);
    copyBytes(out + 4, text + start, length);
    out += 4 + length;
  }
  valuesEnd = out;
  return rows;
}

/** Strings without escapes. */
export function takeTexts(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  let place = row;
  minRow = -1;
  maxRow = -1;
  let min: usize = 0;
  let minLength: u32 = 0;
  let max: usize = 0;
  let maxLength: u32 = 0;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const at = text + start + 1;
    const length = endOf(column, place) - start - 2;
    if (load<u8>(at - 1) != QUOTE || hasBackslash(at, length)) break;
    if (minRow == -1) {
      minRow = maxRow = place;
      min = max = at;
      minLength = maxLength = length;
    } else if (compareBytes(at, length, min, minLength) < 0) {
      minRow = place;
      min = at;
      minLength = length;
    } else if (compareBytes(at, length, max, maxLength) > 0) {
      maxRow = place;
      max = at;
      maxLength = length;
    }
    store<u32>(out, length);
    copyBytes(out + 4, at, length);
    out += 4 + length;
  }
  valuesEnd = out;
  return place;
}

/** Strings without escapes as places in a dictionary, of 16 bits each; stops also where the dictionary ends. */
export function takeEntries(column: u32, row: u32, rows: u32, dictionary: usize): u32 {
  let out = values;
  let place = row;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const at = text + start + 1;
    const length = endOf(column, place) - start - 2;
    if (load<u8>(at - 1) != QUOTE || hasBackslash(at, length)) break;
    const entry = addToDictionary(dictionary, at, length);
    if (entry == -1) break;
    store<u16>(out, <u16>entry);
    out += 2;
  }
  valuesEnd = out;
  return place;
}

/** A byte for each. */
export function takeBooleans(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  let place = row;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const first = load<u8>(text + start);
    if (first != LOWER_T && first != LOWER_F) break;
    store<u8>(out, first == LOWER_T ? 1 : 0);
    out += 1;
  }
  valuesEnd = out;
  return place;
}

/** Numbers without exponents, of few digits. */
export function takeDoubles(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  let place = row;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const value = readDouble(text + start, text + endOf(column, place));
    if (isNaN(value)) break;
    store<f64>(out, value);
    out += 8;
  }
  valuesEnd = out;
  return place;
}

function readDouble(start: usize, end: usize): f64 {
  const isNegative = load<u8>(start) == MINUS;
  let at = isNegative ? start + 1 : start;
  let mantissa: u64 = 0;
  let digits: u32 = 0;
  let point: usize = 0;
  for (; at < end; at += 1) {
    const byte = load<u8>(at);
    if (byte == POINT) {
      point = at;
      continue;
    }
    const digit = <u8>(byte - ZERO);
    if (digit > 9) return NaN;
    mantissa = mantissa * 10 + digit;
    digits += 1;
  }
  if (digits == 0 || digits > DOUBLE_DIGITS_MAX) return NaN;
  const exponent: u32 = point == 0 ? 0 : <u32>(end - point) - 1;
  const value =
    mantissa <= EXACT_MAX ? exactRatio(mantissa, exponent) : nearestRatio(mantissa, exponent);
  return isNegative ? -value : value;
}

/** One division of two exact numbers gives the nearest double. */
function exactRatio(mantissa: u64, exponent: u32): f64 {
  return exponent == 0 ? <f64>mantissa : <f64>mantissa / <f64>powerOfTen(exponent);
}

/** The double nearest to a fraction of more digits than a double holds; NaN for those near zero, and for integers. */
function nearestRatio(mantissa: u64, exponent: u32): f64 {
  if (exponent == 0) return NaN;
  const divisor = powerOfTen(exponent);
  const whole = mantissa / divisor;
  const fraction = divideShifted(mantissa % divisor, divisor);
  let high = whole;
  let low = fraction;
  // The highest bit to the top.
  const shift = whole == 0 ? 64 + clz(fraction) : clz(whole);
  if (shift > 64 + 8) return NaN;
  if (shift >= 64) {
    high = fraction << (shift - 64);
    low = 0;
  } else if (shift > 0) {
    high = (whole << shift) | (fraction >> (64 - shift));
    low = fraction << shift;
  }
  const isInexact = low != 0 || !isExact;
  const rest = high & 0x7ff;
  let bits = ((1023 + 63 - shift) << 52) + ((high >> 11) & 0xfffffffffffff);
  if (rest > 0x400 || (rest == 0x400 && (isInexact || (bits & 1) == 1))) bits += 1;
  return reinterpret<f64>(bits);
}

/** Whether the last division by `divideShifted` left nothing. */
let isExact: bool = false;

/** The first 64 bits behind the point of `dividend / divisor`, a number below 1. Knuth's algorithm D in base 2^32. */
function divideShifted(dividend: u64, divisor: u64): u64 {
  const shift = clz(divisor);
  const normal = divisor << shift;
  const high = normal >> 32;
  const low = normal & 0xffffffff;
  let rest = dividend << shift;
  let quotient: u64 = 0;
  for (let digit = 0; digit < 2; digit += 1) {
    let guess = rest / high;
    let left = rest - guess * high;
    while (guess >> 32 != 0 || guess * low > left << 32) {
      guess -= 1;
      left += high;
      if (left >> 32 != 0) break;
    }
    rest = (rest << 32) - guess * normal;
    quotient = (quotient << 32) | guess;
  }
  isExact = rest == 0;
  return quotient;
}

/** Up to 19 it has room in 64 bits. */
function powerOfTen(exponent: u32): u64 {
  let power: u64 = 1;
  for (let at: u32 = 0; at < exponent; at += 1) power *= 10;
  return power;
}

/** Integers of few digits. */
export function takeIntegers(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  let place = row;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const end = text + endOf(column, place);
    const isNegative = load<u8>(text + start) == MINUS;
    let at = text + start + (isNegative ? 1 : 0);
    if (end - at > DIGITS_MAX) break;
    let value: i64 = 0;
    for (; at < end; at += 1) {
      const digit = <u8>(load<u8>(at) - ZERO);
      if (digit > 9) break;
      value = value * 10 + digit;
    }
    if (at != end || (isNegative && value == 0)) break;
    store<i64>(out, isNegative ? -value : value);
    out += 8;
  }
  valuesEnd = out;
  return place;
}

/** Times such as `"2026-11-21T18:00:00.000Z"`, with up to three digits of a second's fraction, in UTC. */
export function takeTimes(column: u32, row: u32, rows: u32): u32 {
  let out = values;
  let place = row;
  for (; place < rows; place += 1) {
    const start = startOf(column, place);
    if (start == 0) continue;
    const time = readTime(text + start, text + endOf(column, place));
    if (time == i64.MIN_VALUE) break;
    store<i64>(out, time);
    out += 8;
  }
  valuesEnd = out;
  return place;
}

function readTime(start: usize, end: usize): i64 {
  const length = <u32>(end - start);
  // With its quotes.
  if (length < 22 || length > 26 || length == 23) return i64.MIN_VALUE;
  const isShaped =
    load<u8>(start) == QUOTE &&
    load<u8>(start, 5) == MINUS &&
    load<u8>(start, 8) == MINUS &&
    load<u8>(start, 11) == 0x54 &&
    load<u8>(start, 14) == 0x3a &&
    load<u8>(start, 17) == 0x3a &&
    load<u8>(end - 2) == 0x5a;
  if (!isShaped) return i64.MIN_VALUE;
  const year = number(start + 1, 4);
  const month = number(start + 6, 2);
  const day = number(start + 9, 2);
  const hour = number(start + 12, 2);
  const minute = number(start + 15, 2);
  const second = number(start + 18, 2);
  let millisecond: u32 = 0;
  if (length > 22) {
    if (load<u8>(start, 20) != POINT) return i64.MIN_VALUE;
    const digits = length - 23;
    millisecond = number(start + 21, digits);
    if (millisecond > 999) return i64.MIN_VALUE;
    if (digits == 1) millisecond *= 100;
    else if (digits == 2) millisecond *= 10;
  }
  const isTime = hour <= 23 && minute <= 59 && second <= 59;
  if (!isTime || year > 9999 || month - 1 > 11 || day - 1 >= daysOf(year, month))
    return i64.MIN_VALUE;
  const seconds = <i64>(hour * 3600 + minute * 60 + second);
  return (daysBefore(year, month) + day - 1) * 86400000 + seconds * 1000 + millisecond;
}

/** Of `count` digits, at most four; more than any such number when one is none. */
function number(at: usize, count: u32): u32 {
  let value: u32 = 0;
  for (let place: usize = 0; place < count; place += 1) {
    const digit = <u8>(load<u8>(at + place) - ZERO);
    if (digit > 9) return 100000;
    value = value * 10 + digit;
  }
  return value;
}

function isLeap(year: u32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

function daysOf(year: u32, month: u32): u32 {
  if (month == 2) return isLeap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days from 1970 to the first of a month. */
function daysBefore(year: u32, month: u32): i64 {
  // Years that begin in March, so that the leap day is the last of one.
  const marchYear = <i64>year - (month <= 2 ? 1 : 0);
  const era = marchYear >= 0 ? marchYear / 400 : -1;
  const inEra = marchYear - era * 400;
  const inYear = (153 * (<i64>month + (month > 2 ? -3 : 9)) + 2) / 5;
  return era * 146097 + inEra * 365 + inEra / 4 - inEra / 100 + inYear - 719468;
}
