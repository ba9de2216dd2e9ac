import { findWritable } from './access.js';
import type { ObjectTarget } from './access.js';
import { jsonAnswer, readJsonObject } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import type { PlaneObject } from './plane-object.js';
import type { PlaneState, TargetedEvent } from './plane-state.js';
import { formError } from './query/read-ast.js';
import { badRequest, unsupported } from './refusal.js';
import type { JsonRow } from './row-shape.js';

function readRows(body: Readonly<Record<string, unknown>>, name: string): readonly JsonRow[] {
  const rows = body[name];
  if (!Array.isArray(rows)) throw formError([name], 'array', rows);
  return rows.map((row: unknown, index) => {
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as JsonRow;
    throw formError([name, index], 'object', row);
  });
}

/** `POST /v1/{object type}/{id}/insert`. */
export function insertEvents(exchange: Exchange, state: PlaneState, target: ObjectTarget): Answer {
  const events = readRows(readJsonObject(exchange), 'events');
  const object = findWritable(state, target, { key: exchange.key, access: 'update' });
  const { rowIds } = state.commit(events.map((event) => ({ object, event })));
  return jsonAnswer({ row_ids: rowIds });
}

const FEEDBACK_FIELDS = ['scores', 'expected', 'tags'];
const FEEDBACK_KEYS: ReadonlySet<string> = new Set([
  ...FEEDBACK_FIELDS,
  'id',
  'comment',
  'metadata',
  'source',
]);

/** `POST /v1/{object type}/{id}/feedback`: scores and comments on rows that exist. */
export function insertFeedback(
  exchange: Exchange,
  state: PlaneState,
  target: ObjectTarget,
): Answer {
  const items = readRows(readJsonObject(exchange), 'feedback');
  const object = findWritable(state, target, { key: exchange.key, access: 'update' });
  state.commit(items.flatMap((item) => feedbackEvents(item, object)));
  return jsonAnswer({ status: 'success' });
}

function feedbackEvents(item: JsonRow, object: PlaneObject): readonly TargetedEvent[] {
  for (const key of Object.keys(item))
    if (!FEEDBACK_KEYS.has(key))
      throw badRequest(`Unknown field ${JSON.stringify(key)} in feedback.`);
  const audit = {
    _audit_source: item['source'] ?? 'external',
    _audit_metadata: item['metadata'] ?? {},
  };
  const { id, comment } = item;
  const changed = FEEDBACK_FIELDS.filter((field) => item[field] != null);
  const changes = Object.fromEntries(changed.map((field) => [field, item[field]]));
  const events: TargetedEvent[] = [];
  if (changed.length > 0)
    events.push({ object, event: { id, ...changes, ...audit, _is_merge: true } });
  if (comment != null)
    events.push({ object, event: { origin: { id }, comment: { text: comment }, ...audit } });
  return events;
}

/** `POST /logs3`: rows of any objects in one transaction, as the SDKs send them. */
export function insertLogs(exchange: Exchange, state: PlaneState): Answer {
  const body = readJsonObject(exchange);
  const version = body['api_version'];
  if (version !== undefined && version !== 2) throw unsupported('this `api_version` of /logs3');
  const rows = readRows(body, 'rows');
  const events = rows.map((event) => ({
    object: findWritable(state, targetOf(event), { key: exchange.key, access: 'update' }),
    event,
  }));
  const { rowIds, xactId } = state.commit(events);
  return jsonAnswer({ ids: rowIds, xact_id: xactId });
}

function targetOf(row: JsonRow): ObjectTarget {
  const { experiment_id: experiment, dataset_id: dataset, project_id: project } = row;
  if (typeof experiment === 'string') return { type: 'experiment', id: experiment };
  if (typeof dataset === 'string') return { type: 'dataset', id: dataset };
  if (typeof project === 'string' && row['log_id'] === 'g')
    return { type: 'project_logs', id: project };
  throw unsupported('rows of /logs3 for other objects than project logs, experiments and datasets');
}
