/** A column of the files that benchmarks compare. */
export interface BenchColumn {
  readonly path: readonly string[];
  readonly type: 'utf8' | 'json' | 'timestamp' | 'boolean' | 'double' | 'int64';
}

export const TEXTS = [
  'id',
  '_xact_id',
  '_pagination_key',
  'project_id',
  'span_id',
  'root_span_id',
] as const;
export const JSONS = [
  'span_parents',
  'input',
  'output',
  'expected',
  'error',
  'scores',
  'metadata',
  'tags',
] as const;
export const DOUBLES = ['start', 'end', 'time_to_first_token'] as const;
export const INTEGERS = ['tokens', 'prompt_tokens', 'completion_tokens'] as const;
export const ATTRIBUTES = ['name', 'type'] as const;

export const BENCH_COLUMNS: readonly BenchColumn[] = [
  ...TEXTS.map((key) => ({ path: [key], type: 'utf8' as const })),
  { path: ['created'], type: 'timestamp' },
  { path: ['is_root'], type: 'boolean' },
  ...JSONS.map((key) => ({ path: [key], type: 'json' as const })),
  ...DOUBLES.map((key) => ({ path: ['metrics', key], type: 'double' as const })),
  ...INTEGERS.map((key) => ({ path: ['metrics', key], type: 'int64' as const })),
  ...ATTRIBUTES.map((key) => ({ path: ['span_attributes', key], type: 'utf8' as const })),
  { path: ['metrics'], type: 'json' },
  { path: ['span_attributes'], type: 'json' },
];
