import type { Evaluate, Value } from './query/values.js';

/** The fields that may be long. */
export const PREVIEW_FIELDS: ReadonlySet<string> = new Set([
  'error',
  'expected',
  'input',
  'metadata',
  'output',
]);
/** Where a summary row is cut when the query says nothing. */
const SUMMARY_PREVIEW_LENGTH = 124;

/** Where long values of a query's rows are cut; -1 for nowhere. */
export function previewLengthOf(shape: string, asked: number | null): number {
  return asked ?? (shape === 'summary' ? SUMMARY_PREVIEW_LENGTH : -1);
}

/** Cuts a value whose text is longer than `length`: what is left of it is text. */
export function withPreview(evaluate: Evaluate, length: number): Evaluate {
  if (length < 0) return evaluate;
  return (row) => preview(evaluate(row), length);
}

function preview(value: Value, length: number): Value {
  if (value === null) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const characters = text.length > length ? Array.from(text) : [];
  return characters.length > length ? characters.slice(0, length).join('') : value;
}
