import type { PolicyCondition, PolicyDocument } from 'tracehaul/s3';

/** One permission that a request asks for. */
export interface PolicyRequest {
  readonly action: string;
  readonly resource: string;
  /** What the request tells for conditions. A condition on a key that is not here does not hold. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Whether a policy of `Allow` statements lets a request pass, by the rules of AWS IAM. */
export function allows(policy: PolicyDocument, request: PolicyRequest): boolean {
  return policy.Statement.some(
    ({ Action, Resource, Condition = {} }) =>
      Action.some((pattern) => fits(pattern, request.action)) &&
      Resource.some((pattern) => fits(pattern, request.resource)) &&
      holds(Condition, request.context ?? {}),
  );
}

/** Whether every condition holds for what a request tells of itself. */
export function holds(
  condition: PolicyCondition,
  context: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const value = context[key];
      return value !== undefined && values.some((wanted) => compare(operator, wanted, value));
    }),
  );
}

function compare(operator: string, wanted: string, value: string): boolean {
  if (operator === 'StringEquals') return wanted === value;
  if (operator === 'StringLike') return fits(wanted, value);
  throw new Error(`the evaluator does not know ${operator}`);
}

/** `*` is any text, `?` any character, `${*}`, `${?}` and `${$}` are the characters themselves. */
function fits(pattern: string, text: string): boolean {
  const source = pattern.replace(/\$\{([*?$])\}|[\s\S]/gu, (piece, character?: string) => {
    if (character !== undefined) return `\\${character}`;
    if (piece === '*') return '[\\s\\S]*';
    if (piece === '?') return '[\\s\\S]';
    return piece.replace(/[\\^$.|+()[\]{}/]/u, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u').test(text);
}
