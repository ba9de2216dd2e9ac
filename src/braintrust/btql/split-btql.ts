import { ClauseList } from './clause.js';
import type { Clause, ClauseName } from './clause.js';
import { QuerySyntaxError } from './query-syntax-error.js';
import { isSymbol, show } from './tokenize.js';
import type { Token } from './tokenize.js';

const NAMES: readonly ClauseName[] = [
  'select',
  'dimensions',
  'measures',
  'from',
  'filter',
  'final_filter',
  'trace_filter',
  'sample',
  'sort',
  'limit',
  'cursor',
  'preview_length',
  'pivot',
  'unpivot',
];
/** What people write who think in SQL. */
const MEANT: Readonly<Record<string, ClauseName>> = {
  where: 'filter',
  having: 'final_filter',
  offset: 'cursor',
  order: 'sort',
  order_by: 'sort',
  group_by: 'dimensions',
};

/**
 * Cuts a BTQL query into its clauses: `name: …`, each on a new line or after a `|`. A colon that belongs to a
 * `condition ? this : that` begins no clause, nor does anything inside brackets.
 * @param end the length of the query.
 * @throws QuerySyntaxError
 */
export function splitBtql(tokens: readonly Token[], end: number): readonly Clause[] {
  const clauses = new ClauseList(end);
  let conditions = 0;
  let mayBegin = true;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    if (token.depth === 0 && isSymbol(token, '|')) {
      if (clauses.openName === null) throw expectedClause(token, end);
      clauses.close(token);
      if (tokens[index + 1] === undefined) throw expectedClause(undefined, end);
      mayBegin = true;
    } else if (conditions === 0 && isHead(token, tokens[index + 1])) {
      if (!mayBegin && !token.startsLine) throw separatorMissing(token);
      clauses.begin(nameOf(token), `${token.text.toLowerCase()}:`, token);
      mayBegin = false;
      index += 1;
    } else {
      if (clauses.openName === null) throw expectedClause(token, end);
      conditions += conditionStep(token, conditions);
      clauses.add(token);
    }
  }
  return clauses.finish();
}

/** A word and a colon: whether it is a clause that exists is another question. */
function isHead(token: Token, next: Token | undefined): boolean {
  return token.kind === 'word' && token.depth === 0 && isSymbol(next, ':');
}

/** How a token changes the number of conditions whose second half is still to come. */
function conditionStep(token: Token, conditions: number): number {
  if (token.depth > 0) return 0;
  if (isSymbol(token, '?')) return 1;
  if (!isSymbol(token, ':')) return 0;
  if (conditions > 0) return -1;
  throw new QuerySyntaxError('this ":" belongs to no clause and to no condition', token.start);
}

function nameOf(token: Token): ClauseName {
  const word = token.text.toLowerCase();
  const name = NAMES.find((known) => known === word);
  if (name !== undefined) return name;
  const meant = MEANT[word];
  const hint = meant === undefined ? NAMES.map((known) => `"${known}:"`).join(', ') : `"${meant}:"`;
  throw new QuerySyntaxError(`there is no clause "${word}:"; expected ${hint}`, token.start);
}

function separatorMissing(token: Token): QuerySyntaxError {
  const clause = `${token.text}:`;
  return new QuerySyntaxError(`expected a new line or "|" before "${clause}"`, token.start);
}

function expectedClause(token: Token | undefined, end: number): QuerySyntaxError {
  const reason = `expected a clause such as "select:" and found ${show(token)}`;
  return new QuerySyntaxError(reason, token?.start ?? end);
}
