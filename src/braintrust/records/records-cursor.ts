import { SourceError } from '../../errors/index.js';
import type { Cursor, Json } from '../../interfaces/index.js';
import { isXactId } from '../query/xact.js';
import type { Position, ScanRange } from './records-query.js';
import type { ObjectProgress, RecordsState } from './records-state.js';

const SECOND_MAX = 2 ** 32 - 1;

/** How the cursors of one kind of source are told apart from others, and how their text names its parts. */
export interface CursorFormat {
  /** The member that holds the version, such as `spans`. */
  readonly name: string;
  readonly version: number;
  /** The member that holds how far each object was read, such as `projects`. */
  readonly objects: string;
}

/**
 * The text of a state: `{[name]: version, [objects]: [[start, end, id...]...], windows: [[from, until, [id...],
 * position]...]}`, where a position is null, [transaction] or [transaction, object, row id].
 */
export function encodeCursor(format: CursorFormat, state: RecordsState): Cursor {
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
    after === null ? null : positionParts(after),
  ]);
  const { name, version, objects } = format;
  return JSON.stringify({ [name]: version, [objects]: [...groups.values()], windows });
}

/**
 * Reads a state back.
 * @throws SourceError `SOURCE_CURSOR_INVALID` for a cursor of another source, of a newer version, or damaged.
 */
export function decodeCursor(format: CursorFormat, cursor: Cursor): RecordsState {
  const members = parseMembers(format, cursor);
  const version = members[format.name];
  if (typeof version === 'number' && version > format.version)
    throw cursorError(
      `was made by a newer version of this library (cursor version ${version})`,
      'Update tracehaul to the version that made it, or newer.',
    );
  if (version !== format.version) throw cursorError('belongs to another kind of source');
  const objects = new Map<string, ObjectProgress>();
  for (const group of list(members[format.objects])) readGroup(group, objects);
  const windows = list(members['windows']).map((window) => readWindow(window, objects));
  const ids = windows.flatMap((window) => window.objectIds);
  if (new Set(ids).size !== ids.length) throw cursorError('is damaged');
  return { objects, windows };
}

function parseMembers({ name }: CursorFormat, cursor: Cursor): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, without the text: a cursor holds ids of rows.
  }
  throw cursorError(`is not a cursor of Braintrust ${name}`);
}

function readGroup(group: unknown, objects: Map<string, ObjectProgress>): void {
  const [start, end, ...ids] = list(group);
  const progress = { start: second(start), end: second(end) };
  if (ids.length === 0 || progress.start > progress.end) throw cursorError('is damaged');
  for (const id of ids) objects.set(text(id), progress);
}

function readWindow(window: unknown, objects: ReadonlyMap<string, ObjectProgress>): ScanRange {
  const [from, until, ids, after] = list(window);
  const objectIds = list(ids).map(text);
  const range = {
    objectIds,
    from: second(from),
    until: second(until),
    after: readPosition(after),
  };
  const ends = new Set(objectIds.map((id) => objects.get(id)?.end));
  const valid = ends.size === 1 && !ends.has(undefined) && range.from < range.until;
  if (!valid) throw cursorError('is damaged');
  return range;
}

function positionParts({ xactId, row }: Position): Json {
  return row === null ? [xactId] : [xactId, row.objectId, row.id];
}

function readPosition(value: unknown): Position | null {
  if (value === null) return null;
  const parts = list(value);
  const [xactId, objectId, id] = parts;
  if (!isXactId(xactId)) throw cursorError('is damaged');
  if (parts.length === 1) return { xactId, row: null };
  if (parts.length !== 3) throw cursorError('is damaged');
  return { xactId, row: { objectId: text(objectId), id: id === null ? null : text(id) } };
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw cursorError('is damaged');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw cursorError('is damaged');
}

function second(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= SECOND_MAX)
    return value as number;
  throw cursorError('is damaged');
}

function byId([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function cursorError(
  what: string,
  remedy = 'Check what wrote the checkpoint. To begin anew on purpose, reset or rewind the export.',
): SourceError {
  return new SourceError('SOURCE_CURSOR_INVALID', `The cursor ${what}.`, { remedy });
}
