import { assert } from '../../errors/index.js';

/**
 * Transaction ids: 16 constant bits, 32 bits of Unix seconds, and a 16-bit counter that runs on across seconds
 * and wraps about twice a minute. Ids of one second are therefore in no order of time; bounds are whole seconds.
 * All ids have 19 digits, so they compare as text.
 */
const LAYOUT = 0x0de1n << 48n;
const COUNTER_BITS = 16n;
const SECONDS_MASK = 0xffff_ffffn;
const XACT_ID = /^\d{19}$/;
/** The last second that a transaction id can hold. */
export const LAST_SECOND: number = 2 ** 32 - 1;

/** The lowest transaction id of the second that begins `seconds` after 1970. */
export function xactIdAt(seconds: number): string {
  const valid = Number.isInteger(seconds) && seconds >= 0 && seconds <= Number(SECONDS_MASK);
  assert(valid, `${seconds} is not a whole second that a transaction id can hold`);
  return String(LAYOUT | (BigInt(seconds) << COUNTER_BITS));
}

/** The second, counted from 1970, in which the transaction was made. */
export function secondsOfXactId(xactId: string): number {
  assert(isXactId(xactId), 'a transaction id has 19 digits');
  return Number((BigInt(xactId) >> COUNTER_BITS) & SECONDS_MASK);
}

/** Whether `text` has the form in which transaction ids compare as text. */
export function isXactId(text: unknown): text is string {
  return typeof text === 'string' && XACT_ID.test(text);
}
