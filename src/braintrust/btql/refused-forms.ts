import type { Clause, Dialect } from './clause.js';
import { QuerySyntaxError } from './query-syntax-error.js';
import { beforeOperand } from './split-sql.js';
import { isSymbol, isWord } from './tokenize.js';
import type { Token } from './tokenize.js';

/**
 * Refuses what looks right, stands in examples, and fails at the service, with the form that works.
 * @throws QuerySyntaxError
 */
export function refuseForms(clauses: readonly Clause[], dialect: Dialect): void {
  for (const { name, tokens } of clauses) {
    if (name === 'cursor') checkCursor(tokens, dialect);
    if (dialect === 'sql')
      tokens.forEach((token, index) => checkOperator(token, tokens[index - 1]));
  }
}

function checkCursor(tokens: readonly Token[], dialect: Dialect): void {
  const [first, second] = tokens;
  const keyword = dialect === 'sql' ? 'OFFSET' : 'cursor:';
  if (first?.kind === 'number')
    throw new QuerySyntaxError(
      `${keyword} takes no number, but the token of an earlier answer in quotes; a query needs neither, as all of its rows are read`,
      first.start,
    );
  const wrong = first?.kind === 'string' || first?.kind === 'quoted' ? second : first;
  if (wrong === undefined) return;
  throw new QuerySyntaxError(`${keyword} takes one token in quotes`, wrong.start);
}

/** `contains(list, value)` is a function; as an operator both words belong to BTQL. */
function checkOperator(token: Token, before: Token | undefined): void {
  const isOperator = isWord(token, 'includes') || isWord(token, 'contains');
  if (!isOperator || beforeOperand(before) || isSymbol(before, '.')) return;
  const word = token.text.toUpperCase();
  throw new QuerySyntaxError(
    `SQL has no ${word}; write tags IN ('value'), or the query in BTQL`,
    token.start,
  );
}
