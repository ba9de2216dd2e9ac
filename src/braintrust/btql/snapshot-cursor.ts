import { SourceError } from '../../errors/index.js';
import type { Cursor } from '../../interfaces/index.js';

const VERSION = 1;

/** Where an export of snapshots stands. */
export interface SnapshotState {
  /** How many snapshots were given. */
  readonly given: number;
  /** When the last one was taken, in seconds since 1970; `null` when that is not known. */
  readonly takenAt: number | null;
}

const NO_SNAPSHOT: SnapshotState = Object.freeze({ given: 0, takenAt: null });

/** The cursor after a whole snapshot. */
export function encodeSnapshotCursor({ given, takenAt }: SnapshotState): Cursor {
  return JSON.stringify({ btql: VERSION, snapshots: given, takenAt });
}

/** A cursor inside of a snapshot, which is never gone on from. */
export function innerCursor({ given }: SnapshotState, page: number): Cursor {
  return JSON.stringify({ btql: VERSION, inside: given + 1, page });
}

/**
 * Reads the cursor after a snapshot.
 * @throws SourceError `SOURCE_CURSOR_INVALID` for any other, one inside of a snapshot included.
 */
export function decodeSnapshotCursor(cursor: Cursor | null): SnapshotState {
  if (cursor === null) return NO_SNAPSHOT;
  const members = membersOf(cursor);
  checkVersion(members);
  if ('inside' in members) throw cursorError('lies inside of a snapshot');
  const { snapshots, takenAt } = members;
  const isSound = isCount(snapshots) && (takenAt === null || isCount(takenAt));
  if (!isSound) throw cursorError('is damaged');
  return { given: snapshots, takenAt };
}

/** When the snapshot was taken that ends at a cursor; `null` inside of one, and when it is not known. */
export function takenAtOf(cursor: Cursor): Date | null {
  const members = membersOf(cursor);
  checkVersion(members);
  if ('inside' in members) return null;
  const { takenAt } = decodeSnapshotCursor(cursor);
  return takenAt === null ? null : new Date(takenAt * 1_000);
}

function checkVersion(members: Readonly<Record<string, unknown>>): void {
  const version = members['btql'];
  if (typeof version === 'number' && version > VERSION)
    throw cursorError('was made by a newer version of this library');
  if (version !== VERSION) throw cursorError('is not one of snapshots of a query');
}

function membersOf(cursor: Cursor): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(cursor) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw cursorError('is not one of snapshots of a query');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function cursorError(what: string): SourceError {
  return new SourceError('SOURCE_CURSOR_INVALID', `The cursor ${what}.`, {
    remedy: 'Check what wrote the checkpoint. To begin anew on purpose, reset the export.',
  });
}
