import type { OperationOptions } from '../../interfaces/index.js';
import {
  cursorError,
  damaged,
  list,
  readPosition,
  positionParts,
  text,
} from '../records/cursor-values.js';
import { compare } from '../records/records-query.js';
import type { Position } from '../records/records-query.js';
import { scanWindow } from '../records/window-scan.js';
import { compareForDeletion, readRetainedRows, retainedFields } from './retained-row.js';
import type { RetainedRow } from './retained-row.js';
import { boundSecond, newPageSize } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';

const VERSION = 1;

/** Rows in the scope, in the order of objects, then (`_xact_id`, `id`). */
export type CandidatePage = readonly RetainedRow[];

/**
 * Reads the rows in the scope, one object after another.
 * @param cursor resumes strictly after the row that {@link cursorAfter} was given.
 * @throws SourceError as `client.query` does; `SOURCE_BEHIND`, `SOURCE_CURSOR_INVALID`.
 */
export async function* scanCandidates(
  settings: ReaderSettings,
  cursor: string | null,
  operation: OperationOptions,
): AsyncGenerator<CandidatePage> {
  const { client, kind, objectIds, scope } = settings;
  const begin = cursor === null ? null : readCursor(cursor);
  const context = {
    ...operation,
    client,
    choice: {
      kind,
      shape: 'spans' as const,
      select: retainedFields(settings),
      filter: compare('lt', 'created', scope.cutoff.toISOString()),
    },
    parameters: {},
    pageSize: newPageSize(),
    oneSortField: false,
    checkClock: () => undefined,
  };
  for (const objectId of objectIds) {
    if (begin !== null && objectId < begin.objectId) continue;
    const after = begin?.objectId === objectId ? begin.after : null;
    const range = { objectIds: [objectId], from: 0, until: boundSecond(scope), after };
    for await (const { rows } of scanWindow(context, range)) {
      const page = readRetainedRows(rows, objectId, settings);
      // Rows of one transaction come in no order from a plane that sorts by one field.
      yield [...page].sort(compareInScan);
    }
  }
}

/** The cursor from which a scan goes on after a row. */
export function cursorAfter({ objectId, version, id }: RetainedRow): string {
  const after = { xactId: version, row: { objectId, id } };
  return JSON.stringify({ retention: VERSION, object: objectId, after: positionParts(after) });
}

function compareInScan(left: RetainedRow, right: RetainedRow): number {
  return compareForDeletion({ ...left, isRoot: false }, { ...right, isRoot: false });
}

interface Begin {
  readonly objectId: string;
  readonly after: Position | null;
}

function readCursor(cursor: string): Begin {
  const members = parseMembers(cursor);
  if (members['retention'] !== VERSION) throw notOurs();
  const after = readPosition(list(members['after']));
  if (after === null) throw damaged();
  return { objectId: text(members['object']), after };
}

function parseMembers(cursor: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, without the text: a cursor holds ids of rows.
  }
  throw notOurs();
}

function notOurs(): Error {
  return cursorError(
    'is not one of this target',
    'Check what wrote the mark. To begin anew, cancel the mark and set another.',
  );
}
