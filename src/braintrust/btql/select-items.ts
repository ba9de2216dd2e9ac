import { splitAtCommas } from './clause.js';
import { isSymbol, isWord, unquote } from './tokenize.js';
import type { Token } from './tokenize.js';

/** A way into a row: names of fields and places in lists. */
export type FieldPath = readonly (string | number)[];

/** One item of a select list. */
export type SelectItem =
  | { readonly kind: 'star'; readonly at: number }
  | {
      readonly kind: 'expression';
      /** Without its alias. */
      readonly tokens: readonly Token[];
      /** The field it gives: its alias, or the last name of its path; `null` for a computed item without one. */
      readonly name: string | null;
      /** The path, when it is nothing but one. */
      readonly path: FieldPath | null;
      readonly at: number;
    };

/** One item of a sort. */
export interface SortItem {
  readonly tokens: readonly Token[];
  readonly path: FieldPath | null;
  readonly direction: 'asc' | 'desc';
}

/** Names that are values. */
const CONSTANTS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** Reads a select list. @throws QuerySyntaxError */
export function readSelectItems(tokens: readonly Token[], end: number): readonly SelectItem[] {
  return splitAtCommas(tokens, end).map(readSelectItem);
}

/** Reads a sort. @throws QuerySyntaxError */
export function readSortItems(tokens: readonly Token[], end: number): readonly SortItem[] {
  return splitAtCommas(tokens, end).map((item) => {
    const last = item.at(-1);
    const named = item.length > 1 && (isWord(last, 'asc') || isWord(last, 'desc'));
    const expression = named ? item.slice(0, -1) : item;
    const direction = named && isWord(last, 'desc') ? 'desc' : 'asc';
    return { tokens: expression, path: pathOf(expression), direction };
  });
}

function readSelectItem(item: readonly Token[]): SelectItem {
  const at = item[0]?.start ?? 0;
  if (item.length === 1 && isSymbol(item[0], '*')) return { kind: 'star', at };
  const last = item.at(-1);
  const isNamed = item.length > 2 && isWord(item.at(-2), 'as') && last?.kind !== 'symbol';
  const tokens = isNamed ? item.slice(0, -2) : item;
  const path = pathOf(tokens);
  const alias = isNamed && last !== undefined ? nameOf(last) : null;
  return { kind: 'expression', tokens, path, at, name: alias ?? impliedName(path) };
}

function impliedName(path: FieldPath | null): string | null {
  const last = path?.at(-1);
  return typeof last === 'string' ? last : null;
}

function nameOf(token: Token): string {
  return token.kind === 'word' ? token.text : unquote(token);
}

/** The path that the tokens are, or `null` when they are anything else. */
function pathOf(tokens: readonly Token[]): FieldPath | null {
  const [first, ...rest] = tokens;
  if (first === undefined || !isName(first) || isConstant(first)) return null;
  const path: (string | number)[] = [nameOf(first)];
  let at = 0;
  while (at < rest.length) {
    const step = readStep(rest.slice(at, at + 4));
    if (step === null) return null;
    path.push(step.value);
    at += step.length;
  }
  return path;
}

function readStep(
  tokens: readonly Token[],
): { readonly value: string | number; readonly length: number } | null {
  const [first, second, third, fourth] = tokens;
  if (isSymbol(first, '.') && second !== undefined && isName(second))
    return { value: nameOf(second), length: 2 };
  if (!isSymbol(first, '[')) return null;
  if (second?.kind === 'number' && isSymbol(third, ']'))
    return { value: Number(second.text), length: 3 };
  if (isSymbol(second, '-') && third?.kind === 'number' && isSymbol(fourth, ']'))
    return { value: -Number(third.text), length: 4 };
  return null;
}

function isName(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'quoted';
}

function isConstant(token: Token): boolean {
  return token.kind === 'word' && CONSTANTS.has(token.text.toLowerCase());
}
