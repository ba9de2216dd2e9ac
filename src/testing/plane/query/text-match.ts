import { unsupported } from '../refusal.js';
import type { Value } from './values.js';

/** Patterns see no more than the beginning of a long text. */
const PATTERN_MAX_CHARACTERS = 65_536;

/** A LIKE pattern: `%` stands for any text, a backslash takes the next character as it is. */
export function textPattern(pattern: string, ignoreCase: boolean): (text: string) => boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i += 1) {
    const character = pattern.charAt(i);
    if (character === '%') source += '.*';
    else if (character === '\\' && i + 1 < pattern.length) {
      i += 1;
      source += escapeRegExp(pattern.charAt(i));
    } else source += escapeRegExp(character);
  }
  const compiled = new RegExp(`^${source}$`, ignoreCase ? 'isv' : 'sv');
  return (text) => compiled.test(text.slice(0, PATTERN_MAX_CHARACTERS));
}

function escapeRegExp(character: string): string {
  return /[\\^$.*+?()[\]{}|/-]/u.test(character) ? `\\${character}` : character;
}

function tokensOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

/** MATCH: whether a whole word stands anywhere in a text or in the texts of a JSON value. */
export function matchesToken(value: Value, wanted: Value): Value {
  if (typeof wanted !== 'string') return null;
  const tokens = tokensOf(wanted);
  if (tokens.length !== 1) throw unsupported('MATCH with more or less than one word');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return tokensOf(text).includes(tokens[0] as string);
}
