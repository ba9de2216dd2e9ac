import type { Cursor } from '../../interfaces/index.js';
import { digestedParts, readDigestedParts } from './cursor-digests.js';
import { listedParts, readListedParts } from './cursor-listing.js';
import { cursorError, damaged, list, second, text } from './cursor-values.js';
import type { Pins } from './object-scope.js';
import type { RecordsState } from './records-state.js';

/** How the cursors of one kind of source are told apart from others, and how their text names its parts. */
export interface CursorFormat {
  /** The member that holds the version, such as `spans`. */
  readonly name: string;
  readonly version: number;
  /** The member that holds how far each object was read, such as `projects`. */
  readonly objects: string;
  /** Whether objects are named by digests of their ids, so that thousands of them fit. */
  readonly digests?: boolean | undefined;
}

/** The text of a state. */
export function encodeCursor(format: CursorFormat, state: RecordsState): Cursor {
  const { name, version } = format;
  const { objects, windows } = format.digests === true ? digestedParts(state) : listedParts(state);
  const { since, floor, pins } = state;
  return JSON.stringify({
    [name]: version,
    [format.objects]: objects,
    windows,
    ...(since === 0 ? {} : { since }),
    ...(floor === 0 ? {} : { floor }),
    ...(pins.size === 0 ? {} : { pins: [...pins] }),
  });
}

/**
 * Reads a state back.
 * @param objectIds those that are known now; only a format with digests needs them.
 * @throws SourceError `SOURCE_CURSOR_INVALID` for a cursor of another source, of a newer version, or damaged.
 */
export function decodeCursor(
  format: CursorFormat,
  cursor: Cursor,
  objectIds: readonly string[] = [],
): RecordsState {
  const members = readMembers(format, cursor);
  const [objects, windows] = [members[format.objects], members['windows']];
  const state =
    format.digests === true
      ? readDigestedParts(objects, windows, objectIds)
      : readListedParts(objects, windows);
  const open = state.windows.flatMap((window) => window.objectIds);
  if (new Set(open).size !== open.length) throw damaged();
  return {
    ...state,
    since: second(members['since'] ?? 0),
    floor: second(members['floor'] ?? 0),
    pins: readPins(members['pins']),
  };
}

/** What names stand for in a cursor. */
export function pinsOf(format: CursorFormat, cursor: Cursor | null): Pins {
  return cursor === null ? new Map() : readPins(readMembers(format, cursor)['pins']);
}

function readMembers(format: CursorFormat, cursor: Cursor): Readonly<Record<string, unknown>> {
  const members = parseMembers(format, cursor);
  const version = members[format.name];
  if (typeof version === 'number' && version > format.version)
    throw cursorError(
      `was made by a newer version of this library (cursor version ${version})`,
      'Update tracehaul to the version that made it, or newer.',
    );
  if (version !== format.version) throw cursorError('belongs to another kind of source');
  return members;
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

/** Reads back the pins of a cursor. */
export function readPins(value: unknown): Pins {
  if (value === undefined) return new Map();
  return new Map(
    list(value).map((pin): readonly [string, string] => {
      const [name, id] = list(pin);
      return [text(name), text(id)];
    }),
  );
}
