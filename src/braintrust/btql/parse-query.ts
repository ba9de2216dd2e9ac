import type { Clause, ClauseName, Dialect } from './clause.js';
import { readFrom } from './from-clause.js';
import type { FromClause } from './from-clause.js';
import { QuerySyntaxError } from './query-syntax-error.js';
import { refuseForms } from './refused-forms.js';
import { readSelectItems, readSortItems } from './select-items.js';
import type { SelectItem, SortItem } from './select-items.js';
import { splitBtql } from './split-btql.js';
import { splitSql } from './split-sql.js';
import { isSymbol, isWord, show, textOf, tokenize } from './tokenize.js';
import type { Token } from './tokenize.js';

/** A query in its clauses. What the clauses say beyond this is for the service to understand. */
export interface ParsedQuery {
  readonly text: string;
  readonly dialect: Dialect;
  readonly clauses: readonly Clause[];
  /** `null` for a subquery. */
  readonly from: FromClause | null;
  /** Empty when the query has no select list. */
  readonly select: readonly SelectItem[];
  readonly sort: readonly SortItem[];
  readonly limit: number | undefined;
  readonly previewLength: number | undefined;
}

/**
 * Reads a query: SQL when it begins with SELECT or WITH, else BTQL.
 * @throws QuerySyntaxError also for forms that are known to fail at the service.
 */
export function parseQuery(text: string): ParsedQuery {
  const tokens = tokenize(text);
  const [first] = tokens;
  const end = text.trimEnd().length;
  if (first === undefined) throw new QuerySyntaxError('expected a query and found the end', end);
  const isSql = (isWord(first, 'select') || isWord(first, 'with')) && !isSymbol(tokens[1], ':');
  const dialect = isSql ? 'sql' : 'btql';
  const clauses = isSql ? splitSql(tokens, end) : splitBtql(tokens, end);
  refuseForms(clauses, dialect);
  const tokensOf = (name: ClauseName): readonly Token[] | undefined => find(clauses, name)?.tokens;
  const from = tokensOf('from');
  if (from === undefined) throw missing(isSql ? 'FROM' : '"from:"', end);
  const select = tokensOf('select');
  const sort = tokensOf('sort');
  const grouped = clauses.some(({ name }) => name === 'dimensions' || name === 'measures');
  if (select === undefined && (isSql || !grouped))
    throw missing(isSql ? 'SELECT' : '"select:"', end);
  return {
    text,
    dialect,
    clauses,
    // What WITH has named may stand where a source does.
    from: find(clauses, 'with') === undefined ? readFrom(from, dialect, end) : null,
    select: select === undefined ? [] : readSelectItems(select, end),
    sort: sort === undefined ? [] : readSortItems(sort, end),
    limit: readNumber(tokensOf('limit'), 1, end),
    previewLength: readNumber(tokensOf('preview_length'), -1, end),
  };
}

/** The clause of a name. */
export function find(clauses: readonly Clause[], name: ClauseName): Clause | undefined {
  return clauses.find((clause) => clause.name === name);
}

/** The text of a clause without its keyword and without comments; `undefined` when there is none. */
export function clauseText(query: ParsedQuery, name: ClauseName): string | undefined {
  const clause = find(query.clauses, name);
  return clause && textOf(query.text, clause.tokens);
}

/** One whole number, with a sign. */
function readNumber(
  tokens: readonly Token[] | undefined,
  min: number,
  end: number,
): number | undefined {
  if (tokens === undefined) return undefined;
  const isNegative = isSymbol(tokens[0], '-');
  const [digits, more] = isNegative ? tokens.slice(1) : tokens;
  const value =
    digits?.kind === 'number' ? Number(digits.text) * (isNegative ? -1 : 1) : Number.NaN;
  const wrong = Number.isSafeInteger(value) && value >= min ? more : (tokens[0] ?? digits);
  if (wrong === undefined) return value;
  const reason = `expected one whole number of at least ${min} and found ${show(wrong)}`;
  throw new QuerySyntaxError(reason, wrong.start ?? end);
}

function missing(what: string, end: number): QuerySyntaxError {
  return new QuerySyntaxError(`expected ${what} and found the end`, end);
}
