import { QuerySyntaxError } from './query-syntax-error.js';
import { show } from './tokenize.js';
import type { Token } from './tokenize.js';

/** How a query is written. */
export type Dialect = 'btql' | 'sql';

/** What a clause does; the two dialects say it in other words. */
export type ClauseName =
  | 'with'
  | 'select'
  | 'dimensions'
  | 'measures'
  | 'from'
  | 'filter'
  | 'final_filter'
  | 'trace_filter'
  | 'sample'
  | 'sort'
  | 'limit'
  | 'cursor'
  | 'preview_length'
  | 'pivot'
  | 'unpivot'
  | 'settings';

/** One clause of a query. */
export interface Clause {
  readonly name: ClauseName;
  /** As the dialect says it: `filter:`, `WHERE`. */
  readonly keyword: string;
  /** What follows the keyword, at least one token. */
  readonly tokens: readonly Token[];
  /** Place of the keyword. */
  readonly at: number;
}

/** Collects clauses in the order of the query; each may stand once and must say something. */
export class ClauseList {
  readonly #clauses: Clause[] = [];
  readonly #end: number;
  #open: { readonly name: ClauseName; readonly keyword: string; readonly at: number } | null = null;
  #tokens: Token[] = [];

  /** @param end the length of the query. */
  constructor(end: number) {
    this.#end = end;
  }

  /** The name of the clause that tokens go to, or `null` before the first. */
  get openName(): ClauseName | null {
    return this.#open?.name ?? null;
  }

  /** The last token of the open clause; `undefined` when it has none yet. */
  get lastToken(): Token | undefined {
    return this.#tokens.at(-1);
  }

  begin(name: ClauseName, keyword: string, token: Token): void {
    this.close(token);
    if (this.#clauses.some((clause) => clause.name === name))
      throw new QuerySyntaxError(`there is a second ${keyword}`, token.start);
    this.#open = { name, keyword, at: token.start };
  }

  add(token: Token): void {
    this.#tokens.push(token);
  }

  /** Ends the open clause before `next`. */
  close(next: Token | undefined): void {
    if (this.#open === null) return;
    const { name, keyword, at } = this.#open;
    if (this.#tokens.length === 0)
      throw new QuerySyntaxError(
        `expected what belongs to ${keyword} and found ${show(next)}`,
        next?.start ?? this.#end,
      );
    this.#clauses.push({ name, keyword, at, tokens: this.#tokens });
    this.#open = null;
    this.#tokens = [];
  }

  /** All clauses, once the query has ended. */
  finish(): readonly Clause[] {
    this.close(undefined);
    return this.#clauses;
  }
}

/** Cuts tokens at the commas that stand outside of all further brackets. */
export function splitAtCommas(
  tokens: readonly Token[],
  end: number,
): readonly (readonly Token[])[] {
  const depth = tokens[0]?.depth ?? 0;
  const items: Token[][] = [[]];
  for (const token of tokens) {
    const isComma = token.kind === 'symbol' && token.text === ',' && token.depth === depth;
    if (!isComma) items.at(-1)?.push(token);
    else if (items.at(-1)?.length === 0) throw expectedExpression(token, end);
    else items.push([]);
  }
  if (items.at(-1)?.length === 0) throw expectedExpression(undefined, end);
  return items;
}

function expectedExpression(token: Token | undefined, end: number): QuerySyntaxError {
  return new QuerySyntaxError(
    `expected an expression and found ${show(token)}`,
    token?.start ?? end,
  );
}
