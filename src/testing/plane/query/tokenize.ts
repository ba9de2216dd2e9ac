import { badRequest, unsupported } from '../refusal.js';
import type { Refusal } from '../refusal.js';

/** One word of a query. */
export interface Token {
  readonly kind: 'name' | 'quoted-name' | 'string' | 'number' | 'symbol' | 'end';
  /** The meaning: a string without its quotes, a symbol as written. */
  readonly text: string;
  /** Place of the first character in the query. */
  readonly at: number;
  /** Whether a line break stands between this token and the one before. */
  readonly startsLine: boolean;
}

const SPACE = /(?:\s|--[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A quoted text with nothing in it that needs a closer look. */
const PLAIN_QUOTED = /'[^'\\]*'(?!')|"[^"\\]*"(?!")/y;
const SYMBOL = /<!=>|<=>|!=|<>|<=|>=|[()[\]{},.:|+\-*/%=<>?]/y;

/** A 400 that names the line and column of the fault. */
export function syntaxError(text: string, at: number, problem: string): Refusal {
  const before = text.slice(0, at).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return badRequest(`Syntax error at line ${before.length}, column ${column}: ${problem}`);
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Reads a quoted text that begins at `at`; a doubled quote stands for one. */
function readQuoted(text: string, at: number): { readonly value: string; readonly end: number } {
  const plain = matchAt(PLAIN_QUOTED, text, at);
  if (plain !== null) return { value: plain.slice(1, -1), end: at + plain.length };
  const quote = text.charAt(at);
  let value = '';
  for (let i = at + 1; i < text.length; i += 1) {
    const character = text.charAt(i);
    const next = text.charAt(i + 1);
    if (character === '\\' && next === '\\') throw unsupported('the escape \\\\ in a string');
    if ((character === '\\' || character === quote) && next === quote) {
      value += quote;
      i += 1;
    } else if (character === quote) return { value, end: i + 1 };
    else value += character;
  }
  throw syntaxError(text, at, 'this quote is never closed');
}

type TokenRead = Pick<Token, 'kind' | 'text'> & { readonly end: number };

function readToken(text: string, at: number): TokenRead {
  const character = text.charAt(at);
  if (character === "'" || character === '"') {
    const { value, end } = readQuoted(text, at);
    return { kind: character === "'" ? 'string' : 'quoted-name', text: value, end };
  }
  const name = matchAt(NAME, text, at);
  if (name !== null) return { kind: 'name', text: name, end: at + name.length };
  const number = matchAt(NUMBER, text, at);
  if (number !== null) return { kind: 'number', text: number, end: at + number.length };
  const symbol = matchAt(SYMBOL, text, at);
  if (symbol !== null) return { kind: 'symbol', text: symbol, end: at + symbol.length };
  throw syntaxError(text, at, `unexpected character ${JSON.stringify(character)}`);
}

/** Cuts a query into tokens; the last one is `end`. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    const space = matchAt(SPACE, text, at) ?? '';
    const startsLine = at === 0 || space.includes('\n');
    at += space.length;
    if (at >= text.length) {
      tokens.push({ kind: 'end', text: '', at, startsLine });
      return tokens;
    }
    const { kind, text: meaning, end } = readToken(text, at);
    tokens.push({ kind, text: meaning, at, startsLine });
    at = end;
  }
}
