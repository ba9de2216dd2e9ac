import type { Expression } from './syntax.js';

/** Visits an expression and everything in it, the outer before the inner. */
export function walkExpression(expression: Expression, visit: (inner: Expression) => void): void {
  visit(expression);
  for (const part of partsOf(expression)) walkExpression(part, visit);
}

function partsOf(expression: Expression): readonly Expression[] {
  if ('left' in expression) return [expression.left, expression.right];
  switch (expression.op) {
    case 'list':
      return expression.items;
    case 'and':
    case 'or':
      return expression.children;
    case 'function':
      return expression.args;
    case 'not':
    case 'neg':
    case 'isnull':
    case 'isnotnull':
      return [expression.expr];
    case 'if':
      return [expression.condition, expression.whenTrue, expression.otherwise];
    case 'literal':
    case 'ident':
    case 'interval':
    case 'star':
      break;
  }
  return [];
}

/** Copies an expression with parts replaced: where `replace` gives one, it is not looked into any further. */
export function rewriteExpression(
  expression: Expression,
  replace: (inner: Expression) => Expression | null,
): Expression {
  const replaced = replace(expression);
  if (replaced !== null) return replaced;
  const again = (inner: Expression): Expression => rewriteExpression(inner, replace);
  if ('left' in expression)
    return { ...expression, left: again(expression.left), right: again(expression.right) };
  switch (expression.op) {
    case 'list':
      return { ...expression, items: expression.items.map(again) };
    case 'and':
    case 'or':
      return { ...expression, children: expression.children.map(again) };
    case 'function':
      return { ...expression, args: expression.args.map(again) };
    case 'not':
    case 'neg':
    case 'isnull':
    case 'isnotnull':
      return { ...expression, expr: again(expression.expr) };
    case 'if':
      return {
        op: 'if',
        condition: again(expression.condition),
        whenTrue: again(expression.whenTrue),
        otherwise: again(expression.otherwise),
      };
    case 'literal':
    case 'ident':
    case 'interval':
    case 'star':
      break;
  }
  return expression;
}
