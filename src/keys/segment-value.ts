import { createHash } from 'node:crypto';

/** Longest text that a value becomes. */
export const SEGMENT_VALUE_MAX: number = 120;

const PLAIN = new RegExp(`^[A-Za-z0-9-][A-Za-z0-9_.-]{0,${SEGMENT_VALUE_MAX - 1}}$`);
const LITERAL = /[A-Za-z0-9_.-]/;
const DIGEST_CHARACTERS = 32;
const HEAD_CHARACTERS = SEGMENT_VALUE_MAX - DIGEST_CHARACTERS - 1;

/** Stand-ins for what has no text. No value becomes one of them: `~` and a leading `_` are always escaped. */
export const NO_VALUE = '~null';
export const NO_VALUE_HIVE = '__HIVE_DEFAULT_PARTITION__';
const EMPTY_VALUE = '~empty';

/**
 * Text for one segment of a key, from any string: letters, digits, `_`, `.` and `-` stay, all else becomes `%XX` of its
 * UTF-8 bytes, as does a leading `_` or `.`, which table readers would skip. What gets longer than 120 characters,
 * or is no valid Unicode, is cut and ends with `~` and a digest. Different strings stay different.
 */
export function segmentValue(value: string): string {
  if (PLAIN.test(value)) return value;
  if (value === '') return EMPTY_VALUE;
  const escaped = escapeText(value);
  const isWhole = escaped.length <= SEGMENT_VALUE_MAX && value.isWellFormed();
  return isWhole ? escaped : `${headOf(escaped)}~${digestOf(value)}`;
}

function escapeText(value: string): string {
  let text = '';
  for (const character of value.toWellFormed()) {
    const isLiteral = LITERAL.test(character) && (text !== '' || !/[_.]/.test(character));
    text += isLiteral ? character : percentEncoded(character);
    if (text.length > SEGMENT_VALUE_MAX) break;
  }
  return text;
}

function percentEncoded(character: string): string {
  return Buffer.from(character)
    .toString('hex')
    .toUpperCase()
    .replace(/../g, (byte) => `%${byte}`);
}

/** The beginning, without an escape cut in two. */
function headOf(escaped: string): string {
  return escaped.slice(0, HEAD_CHARACTERS).replace(/%[0-9A-F]?$/, '');
}

/** Of the UTF-16 code units: lone surrogates have no UTF-8 of their own. */
function digestOf(value: string): string {
  const digest = createHash('sha256').update(Buffer.from(value, 'utf16le')).digest('hex');
  return digest.slice(0, DIGEST_CHARACTERS);
}
