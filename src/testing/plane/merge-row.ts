import type { JsonRow } from './row-shape.js';

/** Fields that keep the value of the first write. */
const KEPT_ON_MERGE: ReadonlySet<string> = new Set([
  'created',
  'root_span_id',
  'span_id',
  'span_parents',
]);
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Members to take out of the array at `path`. */
export interface ArrayDelete {
  readonly path: readonly string[];
  readonly delete: readonly unknown[];
}

export interface MergeOptions {
  /** Places whose value replaces the old one instead of being merged into it. */
  readonly mergePaths?: readonly (readonly string[])[];
  readonly arrayDeletes?: readonly ArrayDelete[];
}

/**
 * Merges the fields of an event into a row: objects key by key, `tags` as a set, everything else by
 * replacing. Neither argument is changed.
 */
export function mergeRow(row: JsonRow, changes: JsonRow, options: MergeOptions = {}): JsonRow {
  const replaced = new Set((options.mergePaths ?? []).map((path) => JSON.stringify(path)));
  const merged = mergeObjects(row, changes, { path: [], replaced });
  for (const removal of options.arrayDeletes ?? []) removeMembers(merged, removal);
  return merged;
}

function isPlainObject(value: unknown): value is JsonRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mergeObjects(
  into: JsonRow,
  from: JsonRow,
  place: { readonly path: readonly string[]; readonly replaced: ReadonlySet<string> },
): JsonRow {
  const result: JsonRow = { ...into };
  const top = place.path.length === 0;
  for (const [key, value] of Object.entries(from)) {
    if (FORBIDDEN_KEYS.has(key) || value === undefined || (top && KEPT_ON_MERGE.has(key))) continue;
    const path = [...place.path, key];
    const old = result[key];
    const replaces = place.replaced.has(JSON.stringify(path));
    if (!replaces && isPlainObject(old) && isPlainObject(value))
      result[key] = mergeObjects(old, value, { path, replaced: place.replaced });
    else if (!replaces && top && key === 'tags' && Array.isArray(old) && Array.isArray(value))
      result[key] = [...new Set([...(old as unknown[]), ...(value as unknown[])])];
    else result[key] = value;
  }
  return result;
}

/** Copies each object on the way, so that the row merged from stays as it was. */
function removeMembers(row: JsonRow, { path, delete: unwanted }: ArrayDelete): void {
  let holder = row;
  for (const step of path.slice(0, -1)) {
    const next = holder[step];
    if (!isPlainObject(next)) return;
    holder = holder[step] = { ...next };
  }
  const last = path.at(-1) ?? '';
  const list = holder[last];
  if (!Array.isArray(list)) return;
  const texts = new Set(unwanted.map((member) => JSON.stringify(member)));
  holder[last] = list.filter((member) => !texts.has(JSON.stringify(member)));
}
