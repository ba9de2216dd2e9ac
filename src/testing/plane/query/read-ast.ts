import type { Json } from '../../../interfaces/index.js';
import { badRequest, Refusal, unsupported } from '../refusal.js';
import { parseExpressionText } from './parse-expression.js';
import { checkPreviewLength, checkShape, completeQuery, impliedAlias } from './parse-query.js';
import type { QueryParts } from './parse-query.js';
import type {
  BinaryOperator,
  Expression,
  FromClause,
  PathStep,
  Query,
  SelectItem,
  SortItem,
} from './syntax.js';

type JsonObject = { readonly [key: string]: unknown };

const BINARY: ReadonlySet<string> = new Set<BinaryOperator>([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'is',
  'isnot',
  'in',
  'like',
  'ilike',
  'match',
  'includes',
  'add',
  'sub',
  'mul',
  'div',
  'mod',
]);
const QUERY_KEYS: ReadonlySet<string> = new Set([
  'select',
  'dimensions',
  'measures',
  'from',
  'filter',
  'final_filter',
  'sort',
  'limit',
  'cursor',
  'preview_length',
]);

/** Reads a query given as a parsed object instead of text. */
export function readAst(value: JsonObject): Query {
  for (const key of Object.keys(value))
    if (!QUERY_KEYS.has(key) && value[key] !== null) throw unsupported(`the query key \`${key}\``);
  const expression = (name: string): Expression | null =>
    value[name] == null ? null : readExpression(value[name], [name]);
  const parts: QueryParts = {
    from: readFrom(value['from']),
    filter: expression('filter'),
    having: expression('final_filter'),
  };
  for (const name of ['select', 'dimensions', 'measures'] as const)
    if (value[name] != null) parts[name] = readItems(value[name], name, readSelectItem);
  if (value['sort'] != null) parts.sort = readItems(value['sort'], 'sort', readSortItem);
  if (value['limit'] != null) parts.limit = readLimit(value['limit']);
  if (value['cursor'] != null) parts.cursor = readText(value['cursor'], ['cursor']);
  if (value['preview_length'] != null)
    parts.previewLength = checkPreviewLength(Number(value['preview_length']));
  return completeQuery(parts);
}

/** The issue list with which the service answers a body of the wrong form. */
export function formError(path: readonly PathStep[], expected: string, value: unknown): Refusal {
  const received = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const message = value === undefined ? 'Required' : `Expected ${expected}, received ${received}`;
  const issue = { code: 'invalid_type', expected, received, path, message };
  return new Refusal(400, JSON.stringify([issue], null, 2), { form: 'text' });
}

function readObject(value: unknown, path: readonly PathStep[]): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw formError(path, 'object', value);
}

function readText(value: unknown, path: readonly PathStep[]): string {
  if (typeof value === 'string') return value;
  throw formError(path, 'string', value);
}

function readArray(value: unknown, path: readonly PathStep[]): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw formError(path, 'array', value);
}

function readItems<T>(
  value: unknown,
  name: string,
  read: (item: JsonObject, path: readonly PathStep[]) => T,
): readonly T[] {
  return readArray(value, [name]).map((item, index) =>
    read(readObject(item, [name, index]), [name, index]),
  );
}

function readLimit(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw formError(['limit'], 'nonnegative integer', value);
}

function readSelectItem(item: JsonObject, path: readonly PathStep[]): SelectItem {
  if (item['op'] === 'star') return { star: true };
  const expr = readExpression(item['expr'], [...path, 'expr']);
  const alias = item['alias'];
  if (alias === undefined) return { star: false, alias: impliedAlias(expr), expr };
  return { star: false, alias: readText(alias, [...path, 'alias']), expr };
}

function readSortItem(item: JsonObject, path: readonly PathStep[]): SortItem {
  const direction = item['dir'] ?? 'asc';
  if (direction !== 'asc' && direction !== 'desc')
    throw formError([...path, 'dir'], "'asc' | 'desc'", direction);
  return {
    expr: readExpression(item['expr'], [...path, 'expr']),
    descending: direction === 'desc',
  };
}

function readFrom(value: unknown): FromClause {
  const from = readObject(value, ['from']);
  if (from['op'] !== 'function') throw formError(['from', 'op'], "'function'", from['op']);
  const source = readName(from['name'], ['from', 'name']);
  const ids = readArray(from['args'], ['from', 'args']).map((argument, index) => {
    const literal = readObject(argument, ['from', 'args', index]);
    return readText(literal['value'], ['from', 'args', index, 'value']);
  });
  const shape = from['shape'] == null ? 'spans' : readText(from['shape'], ['from', 'shape']);
  return { source, ids, shape: checkShape(shape) };
}

function readName(value: unknown, path: readonly PathStep[]): string {
  const steps = readArray(readObject(value, path)['name'], [...path, 'name']);
  if (steps.length !== 1) throw unsupported('a qualified function name');
  return readText(steps[0], [...path, 'name', 0]).toLowerCase();
}

/** Reads one expression node, or a `{ btql }` node that holds text. */
function readExpression(value: unknown, path: readonly PathStep[]): Expression {
  const node = readObject(value, path);
  if (typeof node['btql'] === 'string') return parseExpressionText(node['btql']);
  const op = readText(node['op'], [...path, 'op']);
  const child = (name: string): Expression => readExpression(node[name], [...path, name]);
  if (BINARY.has(op))
    return { op: op as BinaryOperator, left: child('left'), right: child('right') };
  switch (op) {
    case 'literal':
      return { op, value: (node['value'] ?? null) as Json };
    case 'ident':
      return { op, name: readPath(node['name'], [...path, 'name']) };
    case 'star':
      return { op };
    case 'and':
    case 'or':
      return { op, children: readOperands(node, path) };
    case 'not':
    case 'neg':
    case 'isnull':
    case 'isnotnull':
      return { op, expr: child('expr') };
    case 'function':
      return {
        op,
        name: readName(node['name'], [...path, 'name']),
        args: readExpressions(node['args'], [...path, 'args']),
      };
    default:
      throw unsupported(`the operator \`${op}\``);
  }
}

/** `and` and `or` come with `children`, or with `left` and `right`. */
function readOperands(node: JsonObject, path: readonly PathStep[]): readonly Expression[] {
  if (node['children'] !== undefined)
    return readExpressions(node['children'], [...path, 'children']);
  return [
    readExpression(node['left'], [...path, 'left']),
    readExpression(node['right'], [...path, 'right']),
  ];
}

function readExpressions(value: unknown, path: readonly PathStep[]): readonly Expression[] {
  return readArray(value, path).map((item, index) => readExpression(item, [...path, index]));
}

function readPath(value: unknown, path: readonly PathStep[]): readonly PathStep[] {
  const steps = readArray(value, path);
  if (steps.length === 0) throw badRequest('An `ident` needs at least one name.');
  return steps.map((step, index) => {
    if (typeof step === 'string' || Number.isInteger(step)) return step as PathStep;
    throw formError([...path, index], 'string', step);
  });
}
