/** The kinds of objects that hold rows. */
export type ObjectType = 'project_logs' | 'experiment' | 'dataset';

/** One row version as JSON. */
export type JsonRow = Record<string, unknown>;

const SPAN_KEYS = [
  '_pagination_key',
  '_xact_id',
  'audit_data',
  'classifications',
  'comments',
  'context',
  'created',
  'error',
  'expected',
  'facets',
  'id',
  'input',
  'is_root',
  'metadata',
  'metrics',
  'origin',
  'output',
  'project_id',
  'root_span_id',
  'scores',
  'span_attributes',
  'span_id',
  'span_parents',
  'tags',
];

/** The keys of a row, all of them always present, in alphabetical order as the service writes them. */
export const ROW_KEYS: Readonly<Record<ObjectType, readonly string[]>> = {
  project_logs: [...SPAN_KEYS, '_async_scoring_state', 'log_id', 'org_id'].sort(),
  experiment: [...SPAN_KEYS, 'experiment_id'].sort(),
  dataset: [
    '_pagination_key',
    '_xact_id',
    'audit_data',
    'classifications',
    'comments',
    'created',
    'dataset_id',
    'expected',
    'id',
    'input',
    'is_root',
    'metadata',
    'origin',
    'project_id',
    'root_span_id',
    'span_id',
    'tags',
  ],
};

const TRACE_KEYS = [
  '_pagination_key',
  '_xact_id',
  'created',
  'error',
  'expected',
  'id',
  'input',
  'metadata',
  'metrics',
  'output',
  'project_id',
  'root_span_id',
  'scores',
  'span_type_info',
];

/** The keys of a summary row that are known from outside; the service may have more. */
export const SUMMARY_KEYS: Readonly<Record<ObjectType, readonly string[]>> = {
  project_logs: TRACE_KEYS,
  experiment: [...TRACE_KEYS, 'experiment_id'].sort(),
  dataset: [],
};

/** Fields that the plane sets itself, so that an event may not. */
export const PLANE_KEYS: ReadonlySet<string> = new Set([
  '_pagination_key',
  '_xact_id',
  'audit_data',
  'comments',
  'is_root',
]);

/** Fields that name the object of an event. */
export const OBJECT_KEYS: ReadonlySet<string> = new Set([
  'dataset_id',
  'experiment_id',
  'log_id',
  'org_id',
  'project_id',
]);

/** Fields of an event that say how to write it and are not stored. */
export const CONTROL_KEYS: ReadonlySet<string> = new Set([
  '_array_delete',
  '_async_scoring_control',
  '_audit_metadata',
  '_audit_source',
  '_bt_internal_override_pagination_key',
  '_is_merge',
  '_merge_paths',
  '_object_delete',
  '_skip_async_scoring',
]);

const SCHEMA_TYPES: Readonly<Record<string, unknown>> = {
  _xact_id: { type: 'string' },
  _pagination_key: { type: ['string', 'null'] },
  created: { type: 'string', format: 'date-time' },
  id: { type: 'string' },
  is_root: { type: ['boolean', 'null'] },
  log_id: { type: 'string', const: 'g' },
  dataset_id: { type: 'string', format: 'uuid' },
  experiment_id: { type: 'string', format: 'uuid' },
  org_id: { type: 'string', format: 'uuid' },
  project_id: { type: 'string', format: 'uuid' },
  root_span_id: { type: 'string' },
  span_id: { type: 'string' },
  span_parents: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
  tags: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'null' }] },
  audit_data: { anyOf: [{ type: 'array', items: {} }, { type: 'null' }] },
  comments: { anyOf: [{ type: 'array', items: {} }, { type: 'null' }] },
};

/** JSON Schema of one field; `{}` where any JSON may stand. */
export function fieldSchema(name: string): unknown {
  return SCHEMA_TYPES[name] ?? {};
}
