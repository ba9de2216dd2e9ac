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
