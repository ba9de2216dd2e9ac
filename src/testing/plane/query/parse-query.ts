import { badRequest, unsupported } from '../refusal.js';
import { parseExpression } from './parse-expression.js';
import type { Dialect } from './parse-expression.js';
import type { Expression, FromClause, Query, SelectItem, SortItem } from './syntax.js';
import { TokenStream } from './token-stream.js';

/** Clauses of both notations go by one name: that of the part of the query. */
type Clause = keyof Query | 'dimensions' | 'measures';
const BTQL_CLAUSES: Readonly<Record<string, Clause>> = {
  select: 'select',
  from: 'from',
  dimensions: 'dimensions',
  measures: 'measures',
  filter: 'filter',
  final_filter: 'having',
  sort: 'sort',
  limit: 'limit',
  cursor: 'cursor',
  preview_length: 'previewLength',
};
const SQL_CLAUSES: Readonly<Record<string, Clause>> = {
  from: 'from',
  where: 'filter',
  group: 'group',
  having: 'having',
  order: 'sort',
  limit: 'limit',
  offset: 'cursor',
};
const REFUSED_SQL: ReadonlySet<string> = new Set([
  'join',
  'union',
  'tablesample',
  'settings',
  'pivot',
  'unpivot',
]);
const SHAPES: ReadonlySet<string> = new Set(['spans', 'traces', 'summary']);

/** The clauses of a query as they were given. */
export type QueryParts = { -readonly [K in keyof Query]?: Query[K] } & {
  dimensions?: readonly SelectItem[];
  measures?: readonly SelectItem[];
};

/** Parses a text query: SQL when it begins with SELECT or WITH, else BTQL clauses. */
export function parseQuery(text: string): Query {
  const stream = new TokenStream(text);
  const parts: QueryParts = {};
  const sql = /^(?:select|with)\s/iu.test(text.trimStart());
  if (sql && stream.isWord('with')) throw unsupported('WITH');
  if (sql) parseSql(stream, parts);
  else parseBtql(stream, parts);
  stream.expectEnd();
  return completeQuery(parts);
}

/** Fills the parts that were not given. `from` is required. */
export function completeQuery(parts: QueryParts): Query {
  const { from, filter = null, having = null, sort = [] } = parts;
  const { limit = null, cursor = null, previewLength = null } = parts;
  if (from === undefined) throw badRequest('The query has no `from` clause.');
  return { ...rowsOf(parts), from, filter, having, sort, limit, cursor, previewLength };
}

/** What rows there are: those of the select list, or of groups with their dimensions and measures. */
function rowsOf({
  select,
  group = null,
  dimensions,
  measures,
}: QueryParts): Pick<Query, 'select' | 'group'> {
  if (dimensions === undefined && measures === undefined)
    return { select: select ?? [{ star: true }], group };
  if (select !== undefined)
    throw badRequest('`select` does not go with `dimensions` and `measures`.');
  const items = dimensions ?? [];
  return {
    select: [...items, ...(measures ?? [])],
    group: items.map((_item, index) => ({ op: 'literal', value: index + 1 })),
  };
}

function parseBtql(stream: TokenStream, parts: QueryParts): void {
  while (stream.peek().kind !== 'end') {
    const name = stream.expectKind('name', 'a clause').toLowerCase();
    stream.expectSymbol(':');
    const clause = BTQL_CLAUSES[name];
    if (clause === undefined) throw unsupported(`the clause \`${name}:\``);
    readClause(stream, parts, { clause, dialect: 'btql' });
    const ended = stream.acceptSymbol('|') || stream.peek().kind === 'end';
    if (!ended && !stream.peek().startsLine) throw stream.error('expected "|" or a new line');
  }
}

function parseSql(stream: TokenStream, parts: QueryParts): void {
  stream.expectWord('select');
  if (stream.isWord('distinct')) throw unsupported('DISTINCT');
  readClause(stream, parts, { clause: 'select', dialect: 'sql' });
  while (stream.peek().kind !== 'end') {
    const word = stream.expectKind('name', 'a clause').toLowerCase();
    if (REFUSED_SQL.has(word)) throw unsupported(word.toUpperCase());
    const clause = SQL_CLAUSES[word];
    if (clause === undefined) throw stream.error(`${word.toUpperCase()} is not a clause`);
    if (clause === 'sort' || clause === 'group') stream.expectWord('by');
    readClause(stream, parts, { clause, dialect: 'sql' });
  }
}

function readClause(
  stream: TokenStream,
  parts: QueryParts,
  kind: { readonly clause: Clause; readonly dialect: Dialect },
): void {
  const { clause, dialect } = kind;
  if (parts[clause] !== undefined) throw badRequest(`The query has \`${clause}\` twice.`);
  if (clause === 'select' || clause === 'dimensions' || clause === 'measures')
    parts[clause] = parseList(stream, () => parseSelectItem(stream, dialect));
  if (clause === 'group') parts.group = parseList(stream, () => parseExpression(stream, dialect));
  if (clause === 'from') parts.from = parseFrom(stream, dialect);
  if (clause === 'filter' || clause === 'having') parts[clause] = parseExpression(stream, dialect);
  if (clause === 'sort') parts.sort = parseList(stream, () => parseSortItem(stream, dialect));
  if (clause === 'limit') parts.limit = parseLimit(stream);
  if (clause === 'cursor') parts.cursor = stream.expectKind('string', 'a cursor in quotes');
  if (clause === 'previewLength') parts.previewLength = parsePreviewLength(stream);
}

function parseList<T>(stream: TokenStream, parseItem: () => T): readonly T[] {
  const items = [parseItem()];
  while (stream.acceptSymbol(',')) items.push(parseItem());
  return items;
}

function parseSelectItem(stream: TokenStream, dialect: Dialect): SelectItem {
  if (stream.acceptSymbol('*')) return { star: true };
  const expr = parseExpression(stream, dialect);
  if (!stream.acceptWord('as')) return { star: false, alias: impliedAlias(expr), expr };
  const { kind } = stream.peek();
  if (kind !== 'name' && kind !== 'quoted-name') throw stream.error('expected an alias');
  return { star: false, alias: stream.next().text, expr };
}

/** The last named part of a path. */
export function impliedAlias(expr: Expression): string {
  const step = expr.op === 'ident' ? expr.name.at(-1) : undefined;
  if (typeof step !== 'string') throw unsupported('a computed select item without an alias');
  return step;
}

function parseFrom(stream: TokenStream, dialect: Dialect): FromClause {
  if (stream.isSymbol('(')) throw unsupported('a subquery');
  const source = stream.expectKind('name', 'a data source').toLowerCase();
  const ids: string[] = [];
  let shape = 'spans';
  stream.expectSymbol('(');
  while (!stream.acceptSymbol(')')) {
    if (stream.acceptWord('shape')) {
      stream.expectSymbol('=');
      stream.expectSymbol('>');
      shape = stream.expectKind('string', 'a shape in quotes').toLowerCase();
    } else ids.push(parseId(stream));
    if (!stream.isSymbol(')')) stream.expectSymbol(',');
  }
  const next = stream.peek();
  if (dialect === 'btql' && next.kind === 'name' && !stream.isSymbol(':', 1))
    shape = stream.next().text.toLowerCase();
  return { source, ids, shape: checkShape(shape) };
}

/** Double quotes serve for text as well where no field can stand. */
function parseId(stream: TokenStream): string {
  const quoted = stream.peek().kind === 'quoted-name';
  return stream.expectKind(quoted ? 'quoted-name' : 'string', 'an id in quotes');
}

/** Refuses a shape that nobody knows. */
export function checkShape(shape: string): string {
  if (!SHAPES.has(shape)) throw badRequest(`${JSON.stringify(shape)} is not a shape.`);
  return shape;
}

function parseSortItem(stream: TokenStream, dialect: Dialect): SortItem {
  const expr = parseExpression(stream, dialect);
  const descending = stream.acceptWord('desc');
  if (!descending) stream.acceptWord('asc');
  if (stream.isWord('nulls')) throw unsupported('NULLS FIRST and NULLS LAST');
  return { expr, descending };
}

function parseLimit(stream: TokenStream): number {
  const limit = Number(stream.expectKind('number', 'a number'));
  if (!Number.isInteger(limit)) throw badRequest('`limit` must be a whole number.');
  return limit;
}

/** -1 stands for whole values. */
function parsePreviewLength(stream: TokenStream): number {
  const negative = stream.acceptSymbol('-');
  const length = Number(stream.expectKind('number', 'a number'));
  return checkPreviewLength(negative ? -length : length);
}

/** Refuses a length that is neither -1 nor a number of characters. */
export function checkPreviewLength(length: number): number {
  if (Number.isInteger(length) && length >= -1) return length;
  throw badRequest('`preview_length` must be -1 or a whole number.');
}
