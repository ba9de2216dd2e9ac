import type { ClauseName, Dialect } from './clause.js';
import type { ParsedQuery } from './parse-query.js';
import { isSymbol, isWord, textOf } from './tokenize.js';
import type { Token } from './tokenize.js';

/** Clauses with another text than they have. */
export type ClauseChanges = Readonly<Partial<Record<ClauseName, string>>>;

/** The order in which SQL wants its clauses; what is equal may stand in any order. */
const RANKS: Readonly<Record<ClauseName, number>> = {
  with: 0,
  select: 1,
  dimensions: 7,
  measures: 7,
  from: 2,
  sample: 3,
  pivot: 4,
  unpivot: 4,
  trace_filter: 5,
  filter: 6,
  final_filter: 8,
  sort: 9,
  limit: 10,
  cursor: 11,
  preview_length: 12,
  settings: 13,
};
const SQL_KEYWORDS: ClauseChanges = { filter: 'WHERE', limit: 'LIMIT', cursor: 'OFFSET' };

interface WrittenClause {
  readonly name: ClauseName;
  readonly text: string;
}

/** The query as text, without its comments, with some clauses changed or added. */
export function writeQuery(query: ParsedQuery, changes: ClauseChanges = {}): string {
  const clauses = query.clauses.map(({ name, keyword, tokens }): WrittenClause => {
    const text = changes[name] ?? textOf(query.text, tokens);
    return { name, text: `${keyword} ${text}` };
  });
  for (const name of Object.keys(changes) as ClauseName[])
    if (!clauses.some((clause) => clause.name === name)) {
      const text = `${keywordOf(name, query.dialect)} ${changes[name]}`;
      const after = clauses.findIndex((clause) => RANKS[clause.name] > RANKS[name]);
      clauses.splice(after === -1 ? clauses.length : after, 0, { name, text });
    }
  return clauses.map(({ text }) => text).join('\n');
}

function keywordOf(name: ClauseName, dialect: Dialect): string {
  return dialect === 'sql' ? (SQL_KEYWORDS[name] ?? name.toUpperCase()) : `${name}:`;
}

/** An expression as BTQL, which writes lists in square brackets. Comments are left out. */
export function btqlText(query: ParsedQuery, tokens: readonly Token[]): string {
  if (query.dialect === 'btql') return textOf(query.text, tokens);
  const changed = [...tokens];
  for (const [index, token] of tokens.entries()) {
    const open = tokens[index + 1];
    if (!isWord(token, 'in') || !isSymbol(open, '(')) continue;
    const close = tokens.findIndex(
      (later, place) => place > index + 1 && later.depth === open?.depth && isSymbol(later, ')'),
    );
    changed[index + 1] = { ...(open as Token), text: '[' };
    changed[close] = { ...(tokens[close] as Token), text: ']' };
  }
  return textOf(query.text, changed);
}
