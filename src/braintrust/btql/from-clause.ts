import type { Dialect } from './clause.js';
import { splitAtCommas } from './clause.js';
import { QuerySyntaxError } from './query-syntax-error.js';
import { isSymbol, isWord, show, unquote } from './tokenize.js';
import type { Token } from './tokenize.js';

/** What a query may read from. */
export const BTQL_SOURCES = [
  'project_logs',
  'experiment',
  'dataset',
  'playground_logs',
  'prompt',
  'function',
  'view',
  'project_prompts',
  'project_functions',
  'org_prompts',
  'org_functions',
] as const;
export type BtqlSourceKind = (typeof BTQL_SOURCES)[number];

/** Which rows of a trace a query gives: those that match, all of a trace with a match, or one for each trace. */
export const SHAPES = ['spans', 'traces', 'summary'] as const;
export type BtqlShape = (typeof SHAPES)[number];

/** Where a query reads. */
export interface FromClause {
  readonly kind: BtqlSourceKind;
  /** Ascending, without duplicates. */
  readonly ids: readonly string[];
  readonly shape: BtqlShape;
}

/** Names that stand in circulation, and what to write instead. */
const RENAMED: Readonly<Record<string, string>> = {
  project_dataset: `the service knows no project_dataset(); write dataset('<dataset id>')`,
  project_experiment: `the service knows no project_experiment(); write experiment('<experiment id>')`,
  logs: `the service knows no logs(); write project_logs('<project id>')`,
};

/** Reads a FROM; `null` for one that reads from a subquery. @throws QuerySyntaxError */
export function readFrom(
  tokens: readonly Token[],
  dialect: Dialect,
  end: number,
): FromClause | null {
  const [first, open] = tokens;
  if (dialect === 'sql' && isSymbol(first, '(')) return null;
  const kind = readKind(first, end);
  if (!isSymbol(open, '(')) throw expected(`"(" and ids after ${kind}`, open, first?.end ?? end);
  const close = tokens.findIndex((token) => token.depth === 0 && isSymbol(token, ')'));
  const list = readArguments(tokens.slice(2, close), tokens[close]?.start ?? end);
  if (list.ids.length === 0) throw expected(`an id in quotes in ${kind}(…)`, tokens[close], end);
  const rest = tokens.slice(close + 1);
  const shape = readShape(rest, dialect, end) ?? list.shape ?? 'spans';
  return { kind, ids: [...new Set(list.ids)].sort(), shape };
}

function readKind(token: Token | undefined, end: number): BtqlSourceKind {
  const word = token?.kind === 'word' ? token.text.toLowerCase() : '';
  const kind = BTQL_SOURCES.find((known) => known === word);
  if (kind !== undefined) return kind;
  const hint = RENAMED[word];
  if (hint !== undefined) throw new QuerySyntaxError(hint, token?.start ?? end);
  throw expected(`one of ${BTQL_SOURCES.join(', ')}`, token, end);
}

interface Arguments {
  readonly ids: readonly string[];
  readonly shape: BtqlShape | null;
}

/** Ids in quotes, and in SQL `shape => 'traces'`. */
function readArguments(tokens: readonly Token[], end: number): Arguments {
  const ids: string[] = [];
  let shape: BtqlShape | null = null;
  for (const item of tokens.length === 0 ? [] : splitAtCommas(tokens, end)) {
    const [first, arrow, value] = item;
    if (isWord(first, 'shape') && isSymbol(arrow, '=>'))
      shape = shapeOf(value === undefined || !isText(value) ? '' : unquote(value), value, end);
    else if (item.length === 1 && first !== undefined && isText(first)) ids.push(unquote(first));
    else throw expected('an id in quotes', item.length > 1 ? item[1] : first, end);
  }
  return { ids, shape };
}

function isText(token: Token): boolean {
  return token.kind === 'string' || token.kind === 'quoted';
}

/** The word that follows the brackets in BTQL. */
function readShape(tokens: readonly Token[], dialect: Dialect, end: number): BtqlShape | null {
  const [first, second] = tokens;
  if (first === undefined) return null;
  if (dialect === 'sql')
    throw expected(
      `the end of FROM (a shape is an argument: shape => 'traces'; there are no other names for a source)`,
      first,
      end,
    );
  if (second !== undefined) throw expected('the end of "from:"', second, end);
  return shapeOf(first.text.toLowerCase(), first, end);
}

function shapeOf(text: string, token: Token | undefined, end: number): BtqlShape {
  const shape = SHAPES.find((known) => known === text);
  if (shape !== undefined) return shape;
  throw expected(`a shape (${SHAPES.join(', ')})`, token, end);
}

function expected(what: string, token: Token | undefined, end: number): QuerySyntaxError {
  return new QuerySyntaxError(`expected ${what} and found ${show(token)}`, token?.start ?? end);
}
