import { unsupported } from '../refusal.js';
import type { BinaryOperator, Expression, PathStep, TimeUnit } from './syntax.js';
import { TokenStream } from './token-stream.js';

/** How a query is written. The two differ in lists and in `includes`. */
export type Dialect = 'btql' | 'sql';

const COMPARISONS: Readonly<Record<string, BinaryOperator>> = {
  '=': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '<=>': 'is',
  '<!=>': 'isnot',
};
const SUMS: Readonly<Record<string, BinaryOperator>> = { '+': 'add', '-': 'sub' };
const PRODUCTS: Readonly<Record<string, BinaryOperator>> = { '*': 'mul', '/': 'div', '%': 'mod' };
const TEXT_OPERATORS: Readonly<Record<string, BinaryOperator>> = {
  like: 'like',
  ilike: 'ilike',
  match: 'match',
  includes: 'includes',
  contains: 'includes',
};
const UNITS: ReadonlySet<string> = new Set<TimeUnit>([
  'second',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'year',
]);
const CONSTANTS: Readonly<Record<string, boolean | null>> = {
  true: true,
  false: false,
  null: null,
};
const REFUSED_WORDS: ReadonlySet<string> = new Set(['between', 'case', 'exists', 'over', 'cast']);
/** Words that can never begin an operand, so that a forgotten operand is a syntax error. */
const RESERVED: ReadonlySet<string> = new Set(['and', 'or', 'in', 'is', 'as', 'asc', 'desc']);

/** Parses a whole text as one expression. */
export function parseExpressionText(text: string, dialect: Dialect = 'btql'): Expression {
  const stream = new TokenStream(text);
  const expression = parseExpression(stream, dialect);
  stream.expectEnd();
  return expression;
}

/** Parses the longest expression at the head of the stream. */
export function parseExpression(stream: TokenStream, dialect: Dialect): Expression {
  const condition = parseChain(stream, dialect, 'or');
  if (!stream.acceptSymbol('?')) return condition;
  const whenTrue = parseExpression(stream, dialect);
  stream.expectSymbol(':');
  return { op: 'if', condition, whenTrue, otherwise: parseExpression(stream, dialect) };
}

function parseChain(stream: TokenStream, dialect: Dialect, op: 'and' | 'or'): Expression {
  const operand = (): Expression =>
    op === 'or' ? parseChain(stream, dialect, 'and') : parseNot(stream, dialect);
  const children = [operand()];
  while (stream.acceptWord(op)) children.push(operand());
  return children.length === 1 ? (children[0] as Expression) : { op, children };
}

function parseNot(stream: TokenStream, dialect: Dialect): Expression {
  if (stream.acceptWord('not')) return { op: 'not', expr: parseNot(stream, dialect) };
  return parseComparison(stream, dialect);
}

function parseComparison(stream: TokenStream, dialect: Dialect): Expression {
  const left = parseSum(stream, dialect);
  const { kind, text } = stream.peek();
  const comparison = kind === 'symbol' ? COMPARISONS[text] : undefined;
  if (comparison !== undefined) {
    stream.next();
    return { op: comparison, left, right: parseSum(stream, dialect) };
  }
  if (stream.acceptWord('is')) return parseIs(stream, left);
  if (stream.isWord('not') && stream.peek(1).kind === 'name') {
    stream.next();
    return { op: 'not', expr: parseWordOperator(stream, dialect, left) };
  }
  return kind === 'name' && isWordOperator(text) ? parseWordOperator(stream, dialect, left) : left;
}

function parseIs(stream: TokenStream, expr: Expression): Expression {
  const negated = stream.acceptWord('not');
  stream.expectWord('null');
  return { op: negated ? 'isnotnull' : 'isnull', expr };
}

function isWordOperator(text: string): boolean {
  const word = text.toLowerCase();
  return word === 'in' || REFUSED_WORDS.has(word) || TEXT_OPERATORS[word] !== undefined;
}

function parseWordOperator(stream: TokenStream, dialect: Dialect, left: Expression): Expression {
  const word = stream.peek().text.toLowerCase();
  if (REFUSED_WORDS.has(word)) throw unsupported(word.toUpperCase());
  if (word === 'in') {
    stream.next();
    return { op: 'in', left, right: parseInList(stream, dialect) };
  }
  const op = TEXT_OPERATORS[word];
  if (op === undefined) throw stream.error('expected an operator');
  if (op === 'includes' && dialect === 'sql')
    throw stream.error(`${word.toUpperCase()} belongs to BTQL, not to SQL`);
  stream.next();
  return { op, left, right: parseSum(stream, dialect) };
}

function parseInList(stream: TokenStream, dialect: Dialect): Expression {
  const close = stream.isSymbol('(') ? ')' : ']';
  if (!stream.acceptSymbol('(') && !stream.acceptSymbol('['))
    throw stream.error('expected a list after IN');
  if (stream.isWord('select')) throw unsupported('a subquery');
  return { op: 'list', items: parseItems(stream, dialect, close) };
}

function parseItems(stream: TokenStream, dialect: Dialect, close: string): Expression[] {
  const items: Expression[] = [];
  if (stream.acceptSymbol(close)) return items;
  do items.push(parseExpression(stream, dialect));
  while (stream.acceptSymbol(','));
  stream.expectSymbol(close);
  return items;
}

function parseSum(stream: TokenStream, dialect: Dialect): Expression {
  return parseBinary(stream, SUMS, () =>
    parseBinary(stream, PRODUCTS, () => parseUnary(stream, dialect)),
  );
}

function parseBinary(
  stream: TokenStream,
  operators: Readonly<Record<string, BinaryOperator>>,
  operand: () => Expression,
): Expression {
  let left = operand();
  for (;;) {
    const { kind, text } = stream.peek();
    const op = kind === 'symbol' ? operators[text] : undefined;
    if (op === undefined) return left;
    stream.next();
    left = { op, left, right: operand() };
  }
}

function parseUnary(stream: TokenStream, dialect: Dialect): Expression {
  if (!stream.acceptSymbol('-')) return parsePrimary(stream, dialect);
  return { op: 'neg', expr: parseUnary(stream, dialect) };
}

function parsePrimary(stream: TokenStream, dialect: Dialect): Expression {
  const token = stream.peek();
  if (token.kind === 'string') return { op: 'literal', value: stream.next().text };
  if (token.kind === 'number') return { op: 'literal', value: Number(stream.next().text) };
  if (token.kind === 'quoted-name') return parsePath(stream);
  if (token.kind === 'name') return parseWord(stream, dialect);
  if (stream.acceptSymbol('[')) return { op: 'list', items: parseItems(stream, dialect, ']') };
  if (stream.isSymbol('{')) throw unsupported('an object literal');
  if (!stream.acceptSymbol('(')) throw stream.error('expected an expression');
  const inner = parseExpression(stream, dialect);
  stream.expectSymbol(')');
  return inner;
}

function parseWord(stream: TokenStream, dialect: Dialect): Expression {
  const word = stream.peek().text.toLowerCase();
  if (REFUSED_WORDS.has(word)) throw unsupported(word.toUpperCase());
  if (RESERVED.has(word)) throw stream.error('expected an expression');
  if (word === 'interval' && ['number', 'string'].includes(stream.peek(1).kind))
    return parseInterval(stream);
  if (stream.isSymbol('(', 1)) return parseCall(stream, dialect);
  if (word in CONSTANTS && !stream.isSymbol('.', 1)) {
    stream.next();
    return { op: 'literal', value: CONSTANTS[word] ?? null };
  }
  return parsePath(stream);
}

function parseInterval(stream: TokenStream): Expression {
  stream.next();
  const amount = Number(stream.next().text);
  const unit = stream.expectKind('name', 'a unit of time').toLowerCase().replace(/s$/u, '');
  if (!Number.isInteger(amount)) throw unsupported('an interval that is not a whole number');
  if (!UNITS.has(unit)) throw unsupported(`the interval unit ${unit}`);
  return { op: 'interval', amount, unit: unit as TimeUnit };
}

function parseCall(stream: TokenStream, dialect: Dialect): Expression {
  const name = stream.next().text.toLowerCase();
  stream.expectSymbol('(');
  if (stream.acceptSymbol('*')) {
    stream.expectSymbol(')');
    return { op: 'function', name, args: [{ op: 'star' }] };
  }
  return { op: 'function', name, args: parseItems(stream, dialect, ')') };
}

function parsePath(stream: TokenStream): Expression {
  const quoted = stream.peek().kind === 'quoted-name';
  const name: PathStep[] = [stream.next().text];
  for (;;) {
    if (stream.acceptSymbol('.')) name.push(parseSegment(stream));
    else if (stream.acceptSymbol('[')) name.push(parseIndex(stream));
    else if (quoted && name.length === 1) return { op: 'ident', name, quoted };
    else return { op: 'ident', name };
  }
}

function parseSegment(stream: TokenStream): string {
  const { kind } = stream.peek();
  if (kind !== 'name' && kind !== 'quoted-name') throw stream.error('expected a field name');
  return stream.next().text;
}

function parseIndex(stream: TokenStream): number {
  const sign = stream.acceptSymbol('-') ? -1 : 1;
  const index = Number(stream.expectKind('number', 'an index'));
  if (!Number.isInteger(index)) throw stream.error('expected a whole number as index');
  stream.expectSymbol(']');
  return sign * index;
}
