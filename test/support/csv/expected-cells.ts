import type { CsvColumn } from '../../../src/encoders/csv/csv-columns.js';
import { kindOfText, membersOf, trimSpace } from '../parquet/json-walk.js';

/**
 * The cells that a row must have, `_extra` last, as a reader gives them that knows an empty cell as `null`.
 * @param isJson whether strings are written as JSON, too.
 */
export function expectedCells(
  columns: readonly CsvColumn[],
  text: string,
  isJson: boolean,
): readonly (string | null)[] {
  const members = membersOf(trimSpace(text));
  const held = new Set<unknown>();
  const cells = columns.map(({ path }) => {
    const [key, ...rest] = path;
    const member = members.findLast((candidate) => candidate.key === key);
    const value = textAt(member?.text ?? null, rest);
    const cell = value === null ? null : cellOf(value, isJson);
    if (rest.length === 0 && cell !== undefined) held.add(member);
    return cell ?? null;
  });
  const loose = members.filter((member) => !held.has(member));
  const extra = loose.map(({ keyText, text: value }) => `${keyText}:${value}`).join(',');
  return [...cells, loose.length === 0 ? null : `{${extra}}`];
}

/** `undefined` for a string that has no UTF-8. */
function cellOf(text: string, isJson: boolean): string | null | undefined {
  if (isJson) return text;
  if (text === 'null') return null;
  if (kindOfText(text) !== 'string') return text;
  const value = JSON.parse(text) as string;
  return value.isWellFormed() ? value : undefined;
}

function textAt(text: string | null, path: readonly string[]): string | null {
  let inner = text;
  for (const key of path) {
    if (inner === null || kindOfText(inner) !== 'object') return null;
    inner = membersOf(inner).findLast((member) => member.key === key)?.text ?? null;
  }
  return inner;
}
