import { SourceError } from '../../errors/index.js';
import type { Cursor, Json } from '../../interfaces/index.js';
import type { Position, ScanRange } from '../query/query.js';
import type { ProjectProgress, SpansState } from './spans-state.js';
import { isXactId } from '../query/xact.js';

const VERSION = 1;
const SECOND_MAX = 2 ** 32 - 1;

/**
 * The text of a state: `{spans: version, projects: [[start, end, id...]...], windows: [[from, until, [id...],
 * position]...]}`, where a position is null, [transaction] or [transaction, project, row id].
 */
export function encodeCursor(state: SpansState): Cursor {
  const groups = new Map<string, Json[]>();
  for (const [id, { start, end }] of [...state.projects].sort(byId)) {
    const group = groups.get(`${start} ${end}`);
    if (group === undefined) groups.set(`${start} ${end}`, [start, end, id]);
    else group.push(id);
  }
  const windows = state.windows.map(({ from, until, projectIds, after }) => [
    from,
    until,
    projectIds,
    after === null ? null : positionParts(after),
  ]);
  return JSON.stringify({ spans: VERSION, projects: [...groups.values()], windows });
}

/**
 * Reads a state back.
 * @throws SourceError `SOURCE_CURSOR_INVALID` for a cursor of another source, of a newer version, or damaged.
 */
export function decodeCursor(cursor: Cursor): SpansState {
  const members = parseMembers(cursor);
  const version = members['spans'];
  if (typeof version === 'number' && version > VERSION)
    throw cursorError(
      `was made by a newer version of this library (cursor version ${version})`,
      'Update tracehaul to the version that made it, or newer.',
    );
  if (version !== VERSION) throw cursorError('belongs to another kind of source');
  const projects = new Map<string, ProjectProgress>();
  for (const group of list(members['projects'])) readGroup(group, projects);
  const windows = list(members['windows']).map((window) => readWindow(window, projects));
  const ids = windows.flatMap((window) => window.projectIds);
  if (new Set(ids).size !== ids.length) throw cursorError('is damaged');
  return { projects, windows };
}

function parseMembers(cursor: Cursor): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, without the text: a cursor holds ids of rows.
  }
  throw cursorError('is not a cursor of Braintrust spans');
}

function readGroup(group: unknown, projects: Map<string, ProjectProgress>): void {
  const [start, end, ...ids] = list(group);
  const progress = { start: second(start), end: second(end) };
  if (ids.length === 0 || progress.start > progress.end) throw cursorError('is damaged');
  for (const id of ids) projects.set(text(id), progress);
}

function readWindow(window: unknown, projects: ReadonlyMap<string, ProjectProgress>): ScanRange {
  const [from, until, ids, after] = list(window);
  const projectIds = list(ids).map(text);
  const range = {
    projectIds,
    from: second(from),
    until: second(until),
    after: readPosition(after),
  };
  const ends = new Set(projectIds.map((id) => projects.get(id)?.end));
  const valid = ends.size === 1 && !ends.has(undefined) && range.from < range.until;
  if (!valid) throw cursorError('is damaged');
  return range;
}

function positionParts({ xactId, row }: Position): Json {
  return row === null ? [xactId] : [xactId, row.projectId, row.id];
}

function readPosition(value: unknown): Position | null {
  if (value === null) return null;
  const parts = list(value);
  const [xactId, projectId, id] = parts;
  if (!isXactId(xactId)) throw cursorError('is damaged');
  if (parts.length === 1) return { xactId, row: null };
  if (parts.length !== 3) throw cursorError('is damaged');
  return { xactId, row: { projectId: text(projectId), id: id === null ? null : text(id) } };
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
