import type { Refusal } from '../refusal.js';
import { syntaxError, tokenize } from './tokenize.js';
import type { Token } from './tokenize.js';

/** Tokens read one after the other, with words compared in any letter case. */
export class TokenStream {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The token `ahead` places further, without taking it. */
  peek(ahead = 0): Token {
    const place = Math.min(this.#place + ahead, this.#tokens.length - 1);
    return this.#tokens[place] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.#place += 1;
    return token;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'name' && token.text.toLowerCase() === word;
  }

  /** Takes the symbol when it comes next. */
  acceptSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.#place += 1;
    return found;
  }

  /** Takes the word when it comes next. */
  acceptWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#place += 1;
    return found;
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.error(`expected ${JSON.stringify(symbol)}`);
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) throw this.error(`expected ${word.toUpperCase()}`);
  }

  /** Takes the next token, which must be of the kind. */
  expectKind(kind: Token['kind'], noun: string): string {
    if (this.peek().kind !== kind) throw this.error(`expected ${noun}`);
    return this.next().text;
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') throw this.error('expected the end of the query');
  }

  /** A refusal that points at the next token. */
  error(problem: string): Refusal {
    const { kind, text, at } = this.peek();
    const found = kind === 'end' ? 'the end' : JSON.stringify(text);
    return syntaxError(this.#text, at, `${problem}, found ${found}`);
  }
}
