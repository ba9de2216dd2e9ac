import { QuerySyntaxError } from './query-syntax-error.js';

/** One word of a query, as written. Space and comments stand between tokens. */
export interface Token {
  /** `quoted` stands in double quotes: a name, or a text where no name can stand. */
  readonly kind: 'word' | 'string' | 'quoted' | 'number' | 'symbol';
  readonly text: string;
  /** Place of the first character. */
  readonly start: number;
  /** Place after the last character. */
  readonly end: number;
  /** Whether it is the first on its line. */
  readonly startsLine: boolean;
  /** How many brackets are open around it; a bracket counts neither itself nor its partner. */
  readonly depth: number;
}

type Piece = Pick<Token, 'kind' | 'end'>;

const SPACE = /\s+/uy;
const LINE_REST = /[^\r\n]*/uy;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const SYMBOL = /<!=>|<=>|!=|<>|<=|>=|=>|[^]/uy;
const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * Cuts a query, BTQL or SQL, into tokens. Quotes are ended by the same quote, which is doubled or has a backslash
 * before it to stand for itself. `--` begins a comment up to the end of the line, and so does `#` as the first
 * character of a line. Brackets must be in balance.
 * @throws QuerySyntaxError
 */
export function tokenize(text: string): readonly Token[] {
  if (!text.isWellFormed()) throw new QuerySyntaxError('a character is cut in half', 0);
  const tokens: Token[] = [];
  const open: Token[] = [];
  let { at, startsLine } = skipSpace(text, 0, true);
  while (at < text.length) {
    const { kind, end } = readPiece(text, at);
    const symbol = kind === 'symbol' ? text.slice(at, end) : '';
    if (isCloser(symbol)) closeBracket(open, symbol, at);
    const depth = open.length;
    const token: Token = { kind, text: text.slice(at, end), start: at, end, startsLine, depth };
    tokens.push(token);
    if (symbol in CLOSERS) open.push(token);
    ({ at, startsLine } = skipSpace(text, end, false));
  }
  const unclosed = open.at(-1);
  if (unclosed === undefined) return tokens;
  throw new QuerySyntaxError(`this "${unclosed.text}" is never closed`, unclosed.start);
}

/** The text of tokens without comments; line breaks stay, and other space becomes one blank. */
export function textOf(source: string, tokens: readonly Token[]): string {
  let text = '';
  let end: number | null = null;
  for (const token of tokens) {
    const gap: string = end === null ? '' : source.slice(end, token.start);
    text += (gap === '' ? '' : token.startsLine ? '\n' : ' ') + token.text;
    end = token.end;
  }
  return text;
}

/** What a quoted token means. */
export function unquote({ text }: Token): string {
  const quote = text.charAt(0);
  const inner = text.slice(1, -1);
  let value = '';
  for (let at = 0; at < inner.length; at += 1) {
    const pair = inner.slice(at, at + 2);
    const escapes = pair === quote + quote || pair === `\\${quote}` || pair === '\\\\';
    if (escapes) at += 1;
    value += inner.charAt(at);
  }
  return value;
}

/** Whether a token is this word, in any case of letters. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

/** Whether a token is this symbol. */
export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

/** A token in a message. */
export function show(token: Token | undefined): string {
  if (token === undefined) return 'the end';
  // Texts may hold what the host's users wrote.
  if (token.kind === 'string') return 'a text in quotes';
  return JSON.stringify(token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text);
}

function skipSpace(text: string, from: number, startsLine: boolean): SpaceEnd {
  let state: SpaceEnd = { at: from, startsLine };
  for (;;) {
    const space = matchAt(SPACE, text, state.at);
    if (/[\r\n]/u.test(space)) state = { ...state, startsLine: true };
    state = { ...state, at: state.at + space.length };
    const pair = text.slice(state.at, state.at + 2);
    const isComment = pair === '--' || (pair.startsWith('#') && state.startsLine);
    if (!isComment) return state;
    state = { ...state, at: state.at + matchAt(LINE_REST, text, state.at).length };
  }
}

interface SpaceEnd {
  readonly at: number;
  readonly startsLine: boolean;
}

function readPiece(text: string, at: number): Piece {
  const character = text.charAt(at);
  if (character === "'") return { kind: 'string', end: quoteEnd(text, at) };
  if (character === '"') return { kind: 'quoted', end: quoteEnd(text, at) };
  if (text.startsWith('/*', at))
    throw new QuerySyntaxError('a comment of this kind is not known; write "--" before it', at);
  for (const [kind, pattern] of PATTERNS) {
    const { length } = matchAt(pattern, text, at);
    if (length > 0) return { kind, end: at + length };
  }
  throw new QuerySyntaxError('this character cannot stand here', at);
}

const PATTERNS = [
  ['word', WORD],
  ['number', NUMBER],
  ['symbol', SYMBOL],
] as const;

/** The place after the closing quote. */
function quoteEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (character === quote && text.charAt(at + 1) === quote) at += 1;
    else if (character === quote) return at + 1;
  }
  throw new QuerySyntaxError('this quote is never closed', start);
}

function isCloser(symbol: string): boolean {
  return symbol === ')' || symbol === ']' || symbol === '}';
}

function closeBracket(open: Token[], symbol: string, at: number): void {
  const last = open.pop();
  if (last === undefined) throw new QuerySyntaxError(`this "${symbol}" closes nothing`, at);
  const expected = CLOSERS[last.text];
  if (expected !== symbol)
    throw new QuerySyntaxError(`expected "${expected}" before this "${symbol}"`, at);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
