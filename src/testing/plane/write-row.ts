import { mergeRow } from './merge-row.js';
import type { ArrayDelete } from './merge-row.js';
import { badRequest, unsupported } from './refusal.js';
import { CONTROL_KEYS, OBJECT_KEYS, PLANE_KEYS, ROW_KEYS } from './row-shape.js';
import type { JsonRow, ObjectType } from './row-shape.js';

/** What the plane adds to a row by itself. */
export interface RowStamp {
  readonly xactId: string;
  readonly paginationKey: string | null;
  readonly time: Date;
  /** `project_id` and the like. */
  readonly objectFields: Readonly<Record<string, string>>;
}

/** Datasets have no span parents, yet clients send an empty list of them. */
const EVENT_KEYS = [...CONTROL_KEYS, ...OBJECT_KEYS, 'comment', 'span_parents'];
const KNOWN_KEYS: Readonly<Record<ObjectType, ReadonlySet<string>>> = {
  project_logs: new Set([...ROW_KEYS.project_logs, ...EVENT_KEYS]),
  experiment: new Set([...ROW_KEYS.experiment, ...EVENT_KEYS]),
  dataset: new Set([...ROW_KEYS.dataset, ...EVENT_KEYS]),
};

/** Refuses fields that no event of this kind may have, before anything is written. */
export function checkEvent(objectType: ObjectType, event: JsonRow): void {
  if (event['_parent_id'] !== undefined) throw unsupported('`_parent_id`');
  const { id } = event;
  if (id !== undefined && (typeof id !== 'string' || id === ''))
    throw badRequest('`id` of an event must be a non-empty string.');
  checkMergeFields(event);
  const keys = KNOWN_KEYS[objectType];
  for (const key in event) {
    if (PLANE_KEYS.has(key)) throw badRequest(`An event may not set \`${key}\`.`);
    if (!keys.has(key))
      throw badRequest(`Unknown field ${JSON.stringify(key)} in an event of ${objectType}.`);
  }
}

function checkMergeFields(event: JsonRow): void {
  const paths = event['_merge_paths'] ?? [];
  if (!Array.isArray(paths) || !paths.every((path) => Array.isArray(path)))
    throw badRequest('`_merge_paths` must be a list of paths.');
  const removals = event['_array_delete'] ?? [];
  const isRemoval = (item: Partial<ArrayDelete> | null): boolean =>
    Array.isArray(item?.path) && Array.isArray(item.delete);
  if (!Array.isArray(removals) || !removals.every(isRemoval))
    throw badRequest('`_array_delete` must be a list of { path, delete }.');
}

/** The row after a write without `_is_merge`: the event alone, with the old row's history of changes. */
export function replaceRow(
  objectType: ObjectType,
  event: JsonRow,
  write: { readonly old: JsonRow | null; readonly stamp: RowStamp },
): JsonRow {
  const { old, stamp } = write;
  const spanId = event['span_id'] ?? event['id'];
  const parents = event['span_parents'];
  const hasParents = Array.isArray(parents) && parents.length > 0;
  const own: JsonRow = {
    _xact_id: stamp.xactId,
    _pagination_key: stamp.paginationKey,
    created: event['created'] ?? stamp.time.toISOString(),
    span_id: spanId,
    root_span_id: event['root_span_id'] ?? spanId,
    span_parents: hasParents ? parents : null,
    is_root: !hasParents,
    comments: old?.['comments'] ?? null,
    audit_data: [...auditOf(old), auditEntry(event, stamp.xactId, { action: 'upsert' })],
  };
  const row: JsonRow = {};
  // Field by field, for spreading an event of many fields costs more than everything else here.
  for (const key of ROW_KEYS[objectType])
    row[key] = key in own ? own[key] : (stamp.objectFields[key] ?? event[key] ?? null);
  return row;
}

/** The row after a write with `_is_merge`. */
export function mergeIntoRow(
  objectType: ObjectType,
  event: JsonRow,
  write: { readonly old: JsonRow; readonly stamp: RowStamp },
): JsonRow {
  const { old, stamp } = write;
  const keys = ROW_KEYS[objectType];
  const changes = Object.fromEntries(
    Object.entries(event).filter(([key]) => keys.includes(key) && !OBJECT_KEYS.has(key)),
  );
  const merged = mergeRow(old, changes, {
    mergePaths: (event['_merge_paths'] ?? []) as readonly (readonly string[])[],
    arrayDeletes: (event['_array_delete'] ?? []) as readonly ArrayDelete[],
  });
  const audited = mergeActions(old, merged).map((action) =>
    auditEntry(event, stamp.xactId, action),
  );
  return inRowOrder(objectType, {
    ...merged,
    _xact_id: stamp.xactId,
    audit_data: [...auditOf(old), ...audited],
  });
}

/** The row with one more comment. */
export function addComment(
  objectType: ObjectType,
  event: JsonRow,
  write: { readonly old: JsonRow; readonly stamp: RowStamp },
): JsonRow {
  const { old, stamp } = write;
  const comment = {
    id: event['id'],
    _xact_id: stamp.xactId,
    created: event['created'] ?? stamp.time.toISOString(),
    origin: event['origin'],
    comment: event['comment'],
    metadata: event['_audit_metadata'] ?? {},
    source: event['_audit_source'] ?? 'api',
  };
  const comments = Array.isArray(old['comments']) ? (old['comments'] as unknown[]) : [];
  return inRowOrder(objectType, {
    ...old,
    _xact_id: stamp.xactId,
    comments: [...comments, comment],
  });
}

function inRowOrder(objectType: ObjectType, fields: JsonRow): JsonRow {
  const row: JsonRow = {};
  for (const key of ROW_KEYS[objectType]) row[key] = fields[key] ?? null;
  return row;
}

function auditOf(row: JsonRow | null): readonly unknown[] {
  const entries = row?.['audit_data'];
  return Array.isArray(entries) ? entries : [];
}

function auditEntry(event: JsonRow, xactId: string, action: JsonRow): JsonRow {
  return {
    _xact_id: xactId,
    audit_data: action,
    metadata: event['_audit_metadata'] ?? {},
    source: event['_audit_source'] ?? 'api',
  };
}

/** The fields whose changes the service notes one by one. */
const AUDITED = ['expected', 'metadata', 'scores', 'tags'];

function mergeActions(old: JsonRow, merged: JsonRow): readonly JsonRow[] {
  const actions: JsonRow[] = [];
  for (const field of AUDITED) {
    const from = old[field] ?? null;
    const to = merged[field] ?? null;
    if (JSON.stringify(from) !== JSON.stringify(to))
      actions.push({ action: 'merge', path: [field], from, to });
  }
  return actions;
}
