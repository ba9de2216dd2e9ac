import { SourceError } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { isXactId, LAST_SECOND } from '../query/xact.js';
import type { Position } from './records-query.js';

/** Text of a position: `null`, [transaction] or [transaction, object, row id]. */
export function positionParts(after: Position | null): Json {
  if (after === null) return null;
  const { xactId, row } = after;
  return row === null ? [xactId] : [xactId, row.objectId, row.id];
}

export function readPosition(value: unknown): Position | null {
  if (value === null) return null;
  const parts = list(value);
  const [xactId, objectId, id] = parts;
  if (!isXactId(xactId)) throw damaged();
  if (parts.length === 1) return { xactId, row: null };
  if (parts.length !== 3) throw damaged();
  return { xactId, row: { objectId: text(objectId), id: id === null ? null : text(id) } };
}

export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw damaged();
}

export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw damaged();
}

export function second(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_SECOND)
    return value as number;
  throw damaged();
}

export function damaged(): SourceError {
  return cursorError('is damaged');
}

export function cursorError(
  what: string,
  remedy = 'Check what wrote the checkpoint. To begin anew on purpose, reset or rewind the export.',
): SourceError {
  return new SourceError('SOURCE_CURSOR_INVALID', `The cursor ${what}.`, { remedy });
}
