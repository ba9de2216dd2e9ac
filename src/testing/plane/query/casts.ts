import { toMoment } from './moments.js';
import { IntervalValue } from './values.js';
import type { Value } from './values.js';

/** The text of a value: a text itself, JSON of anything else. */
export function toText(value: Value): Value {
  if (value === null || value instanceof IntervalValue) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The number that a value is, or that its text says. */
export function toNumber(value: Value): Value {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
}

/** The number without its fraction. */
export function toInteger(value: Value): Value {
  const number = toNumber(value);
  return typeof number === 'number' ? Math.trunc(number) : null;
}

/** True and false, and their texts. */
export function toBoolean(value: Value): Value {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : null;
}

/** The moment that a text names. */
export function toDatetime(value: Value): Value {
  return toMoment(value);
}

/** Rounds to so many digits after the point. */
export function roundNumber(value: Value, digits: Value): Value {
  if (typeof value !== 'number') return null;
  const factor = 10 ** (typeof digits === 'number' ? digits : 0);
  return Math.round(value * factor) / factor;
}

/** One member of an object that is written as JSON in a text; `null` where the text is no JSON. */
export function extractJson(text: Value, key: Value): Value {
  if (typeof text !== 'string' || typeof key !== 'string') return null;
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const found = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return found ? ((value[key] ?? null) as Value) : null;
  } catch {
    // Bad JSON is not an error of the query: the service answers null.
    return null;
  }
}
