import { SourceError } from '../../errors/index.js';
import type { Json, Row, RowBatch, TargetRow } from '../../interfaces/index.js';
import { compareKeys } from '../../util/key-order.js';
import { isXactId } from '../query/xact.js';
import { selectFields } from '../records/record-kind.js';
import type { RecordKind } from '../records/record-kind.js';
import type { HoldRules } from './holds.js';

/** A row as a target gives it, and the trace that it belongs to. */
export interface RetainedRow extends TargetRow {
  /** `null` for a row that names no trace. */
  readonly rootSpanId: string | null;
}

/** How rows are asked for and read. */
export interface RowReading {
  readonly kind: RecordKind;
  readonly holds: HoldRules;
}

const FIELDS = ['_xact_id', 'created', 'id', 'is_root', 'root_span_id', 'span_id', 'tags'];

/** What is selected of a row: what names it and what decides about it, never its content. */
export function retainedFields({ kind, holds }: RowReading): readonly Json[] {
  const objectFields = kind.objectField === null ? [] : [kind.objectField];
  return [...selectFields([...FIELDS, ...objectFields]), ...holds.select];
}

/**
 * Reads the rows of an answer about one object.
 * @throws SourceError `SOURCE_PROTOCOL` for a row of another object, and for one that lacks what names it.
 */
export function readRetainedRows(
  rows: RowBatch,
  objectId: string,
  reading: RowReading,
): readonly RetainedRow[] {
  return rows.objects().map((members, index) => {
    try {
      return readRow(members, objectId, reading);
    } catch (error) {
      if (error instanceof RowProblem)
        throw answerError(`has a row ${error.message} (row ${index})`);
      throw error;
    }
  });
}

/** Orders rows as they are deleted: what others hang on comes last, else by (`version`, `id`). */
export function compareForDeletion(left: TargetRow, right: TargetRow): number {
  if (left.isRoot !== right.isRoot) return left.isRoot ? 1 : -1;
  if (left.version !== right.version) return left.version < right.version ? -1 : 1;
  return compareKeys(left.id, right.id);
}

/** An answer that cannot be right: nothing of it is used. */
export function answerError(what: string): SourceError {
  return new SourceError('SOURCE_PROTOCOL', `Braintrust's answer ${what}.`, {
    remedy:
      'Nothing of it was used. Run again; if it happens again, the data plane or something before it is broken.',
  });
}

/** What is wrong with one row, for the sentence that names it. */
class RowProblem extends Error {
  override readonly name = 'RowProblem';
}

function readRow(members: Row, objectId: string, { kind, holds }: RowReading): RetainedRow {
  const object = kind.objectField === null ? null : (members[kind.objectField] ?? null);
  if (object !== null && object !== objectId) throw new RowProblem(`of another ${kind.noun}`);
  const absent = FIELDS.find((name) => !(name in members));
  // What is not told could be what exempts the row, or the trace that it belongs to.
  if (absent !== undefined) throw new RowProblem(`without \`${absent}\``);
  const { id, _xact_id: version } = members;
  if (typeof id !== 'string' || id === '') throw new RowProblem('without `id`');
  if (!isXactId(version)) throw new RowProblem('without `_xact_id`');
  const spanId = textOrNull(members, 'span_id');
  const rootSpanId = textOrNull(members, 'root_span_id');
  const isFirst = spanId !== null && spanId === rootSpanId;
  const tags = readTags(members['tags'] ?? null);
  return {
    objectId,
    id,
    version,
    created: textOrNull(members, 'created'),
    isRoot: isFirst || members['is_root'] === true,
    heldBy: holds.heldBy({ objectId, id, spanId, rootSpanId, tags, members }),
    rootSpanId,
  };
}

function textOrNull(members: Row, name: string): string | null {
  const value = members[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw new RowProblem(`whose \`${name}\` is no text`);
}

/** A tag that cannot be read could be one that exempts the row. */
function readTags(value: unknown): readonly string[] {
  if (value === null) return [];
  const isList = Array.isArray(value) && value.every((tag) => typeof tag === 'string');
  if (isList) return value as readonly string[];
  throw new RowProblem('whose `tags` are no list of texts');
}
