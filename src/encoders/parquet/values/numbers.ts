const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** So many digits always make an integer that a double holds exactly. */
const EXACT_DIGITS = 15;
/** No double needs more to be told from its neighbours. */
const DOUBLE_DIGITS_MAX = 17;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MAX_CHARACTERS = String(INT64_MIN).length;

/** The number from `start` to `end`, or NaN when it is another kind of value or does not fit into a double. */
export function readDouble(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  let mantissa = 0;
  let digits = 0;
  let pointAt = -1;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte === POINT) {
      pointAt = at;
      continue;
    }
    if (byte < ZERO || byte > NINE) break;
    mantissa = mantissa * 10 + byte - ZERO;
    digits += 1;
  }
  if (digits === 0) return NaN;
  if (at === end && digits <= EXACT_DIGITS) {
    // One division of two exact numbers gives the nearest double.
    const value = pointAt === -1 ? mantissa : mantissa / (POWERS[end - pointAt - 1] as number);
    return isNegative ? -value : value;
  }
  const text = bytes.toString('latin1', start, end);
  const isShortFraction = at === end && pointAt !== -1 && digits <= DOUBLE_DIGITS_MAX;
  return isShortFraction ? Number(text) : readLongDouble(text);
}

/** A number with an exponent or many digits; NaN when digits would get lost. */
function readLongDouble(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) return NaN;
  const [mantissa = '', exponent] = text.split(/e/i);
  const isWhole = exponent === undefined && !mantissa.includes('.');
  if (isWhole) return BigInt(text) === BigInt(value) ? value : NaN;
  const digits = significantDigits(mantissa);
  return digits > DOUBLE_DIGITS_MAX || (value === 0 && digits > 0) ? NaN : value;
}

/** Zeros at either end mean nothing. There may be millions of them. */
function significantDigits(mantissa: string): number {
  const digits = mantissa.replaceAll(/[-.]/g, '');
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  return end - start;
}

/**
 * The integer from `start` to `end`, or `null` when it is another kind of value, has a fraction or an exponent,
 * or needs more than 64 bits.
 */
export function readInt64(bytes: Buffer, start: number, end: number): number | bigint | null {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let value = 0;
  for (let place = first; place < end; place += 1) {
    const byte = bytes[place] as number;
    if (byte < ZERO || byte > NINE) return null;
    value = value * 10 + byte - ZERO;
  }
  // A column would make 0 of -0.
  if (isNegative && value === 0) return null;
  if (end - first > EXACT_DIGITS) return readLongInt64(bytes.toString('latin1', start, end));
  return isNegative ? -value : value;
}

function readLongInt64(text: string): bigint | null {
  // BigInt would take minutes for a million digits.
  if (text.length > INT64_MAX_CHARACTERS) return null;
  const value = BigInt(text);
  return value < INT64_MIN || value > INT64_MAX ? null : value;
}
