import { ClauseList } from './clause.js';
import type { Clause, ClauseName } from './clause.js';
import { QuerySyntaxError } from './query-syntax-error.js';
import { isSymbol, isWord, show } from './tokenize.js';
import type { Token } from './tokenize.js';

interface Keyword {
  readonly name: ClauseName;
  readonly text: string;
  /** How many tokens it takes. */
  readonly length: number;
}

/** Words that begin a clause wherever they stand outside of brackets. */
const RESERVED: Readonly<Record<string, ClauseName>> = {
  with: 'with',
  select: 'select',
  from: 'from',
  where: 'filter',
  having: 'final_filter',
};
/** Words that are names of fields, too: they begin a clause where no expression can begin. */
const UNRESERVED: Readonly<Record<string, ClauseName>> = {
  limit: 'limit',
  offset: 'cursor',
  tablesample: 'sample',
  pivot: 'pivot',
  unpivot: 'unpivot',
  settings: 'settings',
  filter_spans: 'trace_filter',
};
const PAIRS: Readonly<Record<string, ClauseName>> = { group: 'dimensions', order: 'sort' };
const UNKNOWN: ReadonlySet<string> = new Set(['join', 'union', 'intersect', 'except', 'window']);
/** After one of these an expression begins. */
const BEFORE_OPERAND: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'in',
  'like',
  'ilike',
  'match',
  'is',
  'as',
  'by',
  'distinct',
  'interval',
]);

/**
 * Cuts an SQL query into its clauses. What stands in brackets, a subquery included, is left as it is; one semicolon
 * may end the query.
 * @param end the length of the query.
 * @throws QuerySyntaxError
 */
export function splitSql(tokens: readonly Token[], end: number): readonly Clause[] {
  const clauses = new ClauseList(end);
  const list = withoutSemicolon(tokens);
  for (let index = 0; index < list.length; index += 1) {
    const token = list[index] as Token;
    const keyword = keywordAt(list, index, clauses.lastToken);
    if (keyword !== null) {
      clauses.begin(keyword.name, keyword.text, token);
      index += keyword.length - 1;
      continue;
    }
    checkToken(token, list[index - 1]);
    if (clauses.openName === null)
      throw new QuerySyntaxError(`expected SELECT and found ${show(token)}`, token.start);
    clauses.add(token);
  }
  return clauses.finish();
}

/** Whether an expression can begin after `token`, the last one of a clause, or none. */
export function beforeOperand(token: Token | undefined): boolean {
  if (token === undefined) return true;
  if (token.kind === 'word') return BEFORE_OPERAND.has(token.text.toLowerCase());
  return token.kind === 'symbol' && ![')', ']', '}', '*'].includes(token.text);
}

function withoutSemicolon(tokens: readonly Token[]): readonly Token[] {
  const at = tokens.findIndex((token) => token.depth === 0 && isSymbol(token, ';'));
  if (at === -1) return tokens;
  const next = tokens[at + 1];
  if (next === undefined) return tokens.slice(0, at);
  throw new QuerySyntaxError(`expected the end after ";" and found ${show(next)}`, next.start);
}

/** The keyword that begins at `index`, when one does. `before` is the token before it in its clause. */
function keywordAt(
  tokens: readonly Token[],
  index: number,
  before: Token | undefined,
): Keyword | null {
  const token = tokens[index] as Token;
  if (token.kind !== 'word' || token.depth > 0 || isSymbol(tokens[index - 1], '.')) return null;
  const word = token.text.toLowerCase();
  const text = word.toUpperCase();
  const pair = PAIRS[word];
  if (pair !== undefined)
    return isWord(tokens[index + 1], 'by') ? { name: pair, text: `${text} BY`, length: 2 } : null;
  const reserved = RESERVED[word];
  if (reserved !== undefined && !isWord(before, 'as')) return { name: reserved, text, length: 1 };
  const name = UNRESERVED[word];
  if (name === undefined || beforeOperand(before)) return null;
  return { name, text, length: 1 };
}

function checkToken(token: Token, before: Token | undefined): void {
  const word = token.text.toLowerCase();
  if (token.kind !== 'word' || token.depth > 0 || isSymbol(before, '.')) return;
  if (UNKNOWN.has(word) && !beforeOperand(before))
    throw new QuerySyntaxError(`SQL of Braintrust has no ${word.toUpperCase()}`, token.start);
}
