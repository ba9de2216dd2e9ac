import { unsupported } from '../refusal.js';
import { parseMoment } from './values.js';
import type { Value } from './values.js';

const MINUTE_MS = 60_000;

/** Parts of a moment that is written as if local time were UTC. */
const PARTS: Readonly<Record<string, (moment: Date) => number>> = {
  second: (moment) => moment.getUTCSeconds(),
  minute: (moment) => moment.getUTCMinutes(),
  hour: (moment) => moment.getUTCHours(),
  day: (moment) => moment.getUTCDate(),
  month: (moment) => moment.getUTCMonth() + 1,
  year: (moment) => moment.getUTCFullYear(),
};
const TRUNCATABLE = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** Whether a function takes a part out of a moment. */
export function isMomentPart(name: string): boolean {
  return Object.hasOwn(PARTS, name);
}

/** The value as a moment, or `null` when it is none. */
export function toMoment(value: Value): Date | null {
  const moment = typeof value === 'string' ? parseMoment(value) : value;
  return moment instanceof Date ? moment : null;
}

function shifted(moment: Date, minutes: number): Date {
  return new Date(moment.getTime() + minutes * MINUTE_MS);
}

/** One part of a moment in local time, `tzOffset` minutes behind UTC. */
export function momentPart(name: string, value: Value, tzOffset: number): Value {
  const moment = toMoment(value);
  return moment === null ? null : (PARTS[name]?.(shifted(moment, -tzOffset)) ?? null);
}

/** The beginning of the local second, minute, hour, day, month or year that a moment is in. */
export function truncateMoment(unit: Value, value: Value, tzOffset: number): Value {
  const kept = typeof unit === 'string' ? TRUNCATABLE.indexOf(unit.toLowerCase()) : -1;
  if (kept < 0) throw unsupported(`date_trunc by ${JSON.stringify(unit)}`);
  const moment = toMoment(value);
  return moment === null ? null : shifted(begin(shifted(moment, -tzOffset), kept), tzOffset);
}

function begin(moment: Date, kept: number): Date {
  const parts = [
    moment.getUTCFullYear(),
    moment.getUTCMonth(),
    moment.getUTCDate(),
    moment.getUTCHours(),
    moment.getUTCMinutes(),
    moment.getUTCSeconds(),
  ];
  const [year = 0, month = 0, day = 1, ...rest] = parts.map((part, index) =>
    index <= kept ? part : index === 2 ? 1 : 0,
  );
  return new Date(Date.UTC(year, month, day, ...rest));
}
