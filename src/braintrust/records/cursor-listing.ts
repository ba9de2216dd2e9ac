import type { Json } from '../../interfaces/index.js';
import { damaged, list, positionParts, readPosition, second, text } from './cursor-values.js';
import type { ScanRange } from './records-query.js';
import type { ObjectProgress, RecordsState } from './records-state.js';

/** Progress and windows as parts of a cursor. */
export interface CursorParts {
  readonly objects: Json;
  readonly windows: Json;
}

export type ReadState = Pick<RecordsState, 'objects' | 'windows'>;

/**
 * Spells out every id: objects are `[[start, end, id...]...]`, windows `[[from, until, [id...], position]...]`.
 */
export function listedParts(state: RecordsState): CursorParts {
  const groups = new Map<string, Json[]>();
  for (const [id, { start, end }] of [...state.objects].sort(byId)) {
    const group = groups.get(`${start} ${end}`);
    if (group === undefined) groups.set(`${start} ${end}`, [start, end, id]);
    else group.push(id);
  }
  const windows = state.windows.map(({ from, until, objectIds, after }) => [
    from,
    until,
    objectIds,
    positionParts(after),
  ]);
  return { objects: [...groups.values()], windows };
}

export function readListedParts(groups: unknown, windows: unknown): ReadState {
  const objects = new Map<string, ObjectProgress>();
  for (const group of list(groups)) readGroup(group, objects);
  return { objects, windows: list(windows).map((window) => readWindow(window, objects)) };
}

function readGroup(group: unknown, objects: Map<string, ObjectProgress>): void {
  const [start, end, ...ids] = list(group);
  const progress = { start: second(start), end: second(end) };
  if (ids.length === 0 || progress.start > progress.end) throw damaged();
  for (const id of ids) objects.set(text(id), progress);
}

function readWindow(window: unknown, objects: ReadonlyMap<string, ObjectProgress>): ScanRange {
  const [from, until, ids, after] = list(window);
  const objectIds = list(ids).map(text);
  const range = { objectIds, from: second(from), until: second(until), after: readPosition(after) };
  const ends = new Set(objectIds.map((id) => objects.get(id)?.end));
  const valid = ends.size === 1 && !ends.has(undefined) && range.from < range.until;
  if (!valid) throw damaged();
  return range;
}

function byId([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
