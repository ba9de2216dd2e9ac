import { unsupported } from '../refusal.js';
import type { Expression } from './syntax.js';
import { textPattern } from './text-match.js';
import { equalValues } from './values.js';
import type { Evaluate, Value } from './values.js';

type Binary = Extract<Expression, { readonly left: Expression }>;
type Compile = (expression: Expression) => Evaluate;

/** `in`: a value, or any member of a list, among values. */
export function compileIn(expression: Binary, next: Compile): Evaluate {
  const left = next(expression.left);
  const right = next(expression.right);
  const texts = literalTexts(expression.right);
  return (row) => {
    const value = left(row);
    if (value === null) return null;
    if (texts !== null && typeof value === 'string') return texts.has(value);
    const list = right(row);
    if (!Array.isArray(list)) return null;
    const candidates = Array.isArray(value) ? value : [value];
    const found = candidates.some((candidate) =>
      list.some((item) => item !== null && equalValues(candidate as Value, item as Value)),
    );
    return found || !list.includes(null) ? found : null;
  };
}

/** The members of a list that holds nothing but text, for lists of thousands of ids. */
function literalTexts(list: Expression): ReadonlySet<string> | null {
  const values: readonly unknown[] =
    list.op === 'list'
      ? list.items.map((item) => (item.op === 'literal' ? item.value : undefined))
      : list.op === 'literal' && Array.isArray(list.value)
        ? list.value
        : [undefined];
  return values.every((value) => typeof value === 'string') ? new Set(values) : null;
}

/** `like` and `ilike` with a pattern that is known beforehand. */
export function compileLike(expression: Binary, next: Compile): Evaluate {
  const { right } = expression;
  if (right.op !== 'literal' || typeof right.value !== 'string')
    throw unsupported('LIKE with a pattern that is not a text literal');
  const pattern = textPattern(right.value, expression.op === 'ilike');
  const left = next(expression.left);
  return (row) => {
    const value = left(row);
    if (value === null) return null;
    return typeof value === 'string' && pattern(value);
  };
}
