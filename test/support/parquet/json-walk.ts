/**
 * A plain walk over JSON text that cuts values out as they are written, for saying what a column must hold. It
 * shares nothing with the product, trusts `JSON.parse` for what is valid, and looks one level deep at a time, so
 * that nesting costs no stack.
 */

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

const KINDS: Readonly<Record<string, JsonKind>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'boolean',
  f: 'boolean',
  n: 'null',
};

/** One member of an object, as written. */
export interface SourceMember {
  readonly key: string;
  /** The key with its quotes and escapes. */
  readonly keyText: string;
  readonly text: string;
}

/** What kind of value the text of a valid value is. */
export function kindOfText(text: string): JsonKind {
  return KINDS[text[0] as string] ?? 'number';
}

/** The members of a valid object in the order of the text, duplicates included. */
export function membersOf(text: string): readonly SourceMember[] {
  const members: SourceMember[] = [];
  let at = skipSpace(text, 1);
  while (text[at] !== '}') {
    const keyEnd = stringEnd(text, at);
    const keyText = text.slice(at, keyEnd);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    members.push({ key: JSON.parse(keyText) as string, keyText, text: text.slice(start, end) });
    at = skipSeparator(text, end);
  }
  return members;
}

/** The items of a valid array, as written. */
export function itemsOf(text: string): readonly string[] {
  const items: string[] = [];
  let at = skipSpace(text, 1);
  while (text[at] !== ']') {
    const end = valueEnd(text, at);
    items.push(text.slice(at, end));
    at = skipSeparator(text, end);
  }
  return items;
}

/** The text without the whitespace around it. */
export function trimSpace(text: string): string {
  return text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '');
}

function skipSeparator(text: string, at: number): number {
  const next = skipSpace(text, at);
  return text[next] === ',' ? skipSpace(text, next + 1) : next;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (next < text.length && ' \t\n\r'.includes(text[next] as string)) next += 1;
  return next;
}

function valueEnd(text: string, start: number): number {
  if (text[start] === '"') return stringEnd(text, start);
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text[at] as string;
    if (depth === 0 && at > start && ',]} \t\n\r'.includes(character)) return at;
    if (character === '"') {
      at = stringEnd(text, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    at += 1;
    if (depth === 0 && (character === '}' || character === ']')) return at;
  }
  return at;
}

/** A quote ends the string unless an odd number of backslashes stands before it. */
function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let before = quote;
    while (text[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  throw new Error('the text was not checked: a string does not end');
}
