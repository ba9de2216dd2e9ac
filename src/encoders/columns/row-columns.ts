/** What a column of a known kind of rows holds, in formats that have types. */
export type RowColumnType =
  'utf8' | 'json' | 'timestamp' | 'boolean' | 'double' | 'int64' | 'utf8-list' | 'double-map';

/** One column of a known kind of rows. */
export interface RowColumn {
  readonly name: string;
  /** The keys that lead to its value, from the outside in. */
  readonly path: readonly string[];
  readonly type: RowColumnType;
}

/** Kinds of rows whose columns are known. */
export const ROW_SCHEMAS = ['spans', 'experiment', 'dataset', 'traces'] as const;

/** See {@link ROW_SCHEMAS}. */
export type RowSchemaName = (typeof ROW_SCHEMAS)[number];

/** How the objects of numbers are held: as their JSON text, or as maps from names to doubles. */
export const NUMBERS_FORMS = ['json', 'map'] as const;

/** See {@link NUMBERS_FORMS}. */
export type NumbersForm = (typeof NUMBERS_FORMS)[number];

/** How two members of spans are held. */
export interface NumbersForms {
  readonly scores: NumbersForm;
  readonly metrics: NumbersForm;
}

const IDENTITY: readonly RowColumn[] = [
  column('id', 'utf8'),
  column('_xact_id', 'utf8'),
  column('_pagination_key', 'utf8'),
  column('created', 'timestamp'),
  column('project_id', 'utf8'),
];

const PLACE_IN_TRACE: readonly RowColumn[] = [
  column('root_span_id', 'utf8'),
  column('span_id', 'utf8'),
  column('is_root', 'boolean'),
];

const METRICS: readonly RowColumn[] = [
  metric('start', 'double'),
  metric('end', 'double'),
  metric('time_to_first_token', 'double'),
  metric('tokens', 'int64'),
  metric('prompt_tokens', 'int64'),
  metric('completion_tokens', 'int64'),
  metric('prompt_cached_tokens', 'int64'),
  metric('prompt_cache_creation_tokens', 'int64'),
  metric('completion_reasoning_tokens', 'int64'),
  metric('estimated_cost', 'double'),
];

const TRACE_METRICS: readonly RowColumn[] = [
  metric('start', 'double'),
  metric('end', 'double'),
  metric('duration', 'double'),
  metric('llm_duration', 'double'),
  metric('time_to_first_token', 'double'),
  metric('total_tokens', 'int64'),
  metric('prompt_tokens', 'int64'),
  metric('completion_tokens', 'int64'),
  metric('prompt_cached_tokens', 'int64'),
  metric('prompt_cache_creation_tokens', 'int64'),
  metric('estimated_cost', 'double'),
  metric('llm_calls', 'int64'),
  metric('tool_calls', 'int64'),
  metric('errors', 'int64'),
  metric('llm_errors', 'int64'),
  metric('tool_errors', 'int64'),
];

/**
 * The columns of one kind of rows. Their order is fixed: later versions only add columns at the end, so that files
 * of all versions can be read together by name.
 */
export function rowColumns(name: RowSchemaName, forms: NumbersForms): readonly RowColumn[] {
  if (name === 'spans') return spansColumns(forms);
  if (name === 'experiment') return experimentColumns(forms);
  if (name === 'traces') return tracesColumns(forms);
  return datasetColumns();
}

function spansColumns(forms: NumbersForms): readonly RowColumn[] {
  return [
    ...IDENTITY,
    column('org_id', 'utf8'),
    column('log_id', 'utf8'),
    ...spanColumns(forms),
    column('_async_scoring_state', 'json'),
  ];
}

function experimentColumns(forms: NumbersForms): readonly RowColumn[] {
  return [...IDENTITY, column('experiment_id', 'utf8'), ...spanColumns(forms)];
}

function spanColumns(forms: NumbersForms): readonly RowColumn[] {
  return [
    ...PLACE_IN_TRACE,
    column('span_parents', 'utf8-list'),
    { name: 'span_name', path: ['span_attributes', 'name'], type: 'utf8' },
    { name: 'span_type', path: ['span_attributes', 'type'], type: 'utf8' },
    column('span_attributes', 'json'),
    ...jsonColumns('input', 'output', 'expected', 'error', 'metadata'),
    column('tags', 'utf8-list'),
    column('scores', typeOf(forms.scores)),
    column('metrics', typeOf(forms.metrics)),
    ...METRICS,
    ...jsonColumns('context', 'origin', 'comments', 'audit_data', 'facets', 'classifications'),
  ];
}

function datasetColumns(): readonly RowColumn[] {
  return [
    ...IDENTITY,
    column('dataset_id', 'utf8'),
    ...PLACE_IN_TRACE,
    ...jsonColumns('input', 'expected', 'metadata'),
    column('tags', 'utf8-list'),
    ...jsonColumns('origin', 'comments', 'audit_data', 'facets', 'classifications'),
  ];
}

function tracesColumns(forms: NumbersForms): readonly RowColumn[] {
  return [
    ...IDENTITY,
    column('root_span_id', 'utf8'),
    { name: 'trace_name', path: ['span_type_info', 'name'], type: 'utf8' },
    { name: 'has_error', path: ['span_type_info', 'has_error'], type: 'boolean' },
    ...jsonColumns('input', 'output', 'expected', 'error', 'metadata'),
    column('scores', typeOf(forms.scores)),
    column('metrics', typeOf(forms.metrics)),
    ...TRACE_METRICS,
    ...jsonColumns('span_type_info', 'spans'),
  ];
}

function jsonColumns(...names: readonly string[]): readonly RowColumn[] {
  return names.map((name) => column(name, 'json'));
}

function column(name: string, type: RowColumnType): RowColumn {
  return { name, path: [name], type };
}

function metric(name: string, type: 'double' | 'int64'): RowColumn {
  return { name: `metric_${name}`, path: ['metrics', name], type };
}

function typeOf(form: NumbersForm): RowColumnType {
  return form === 'map' ? 'double-map' : 'json';
}
