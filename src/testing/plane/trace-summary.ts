import type { JsonRow } from './row-shape.js';

/** The members of `metrics` on a summary row. */
export const SUMMARY_METRICS: readonly string[] = [
  'completion_tokens',
  'duration',
  'end',
  'errors',
  'estimated_cost',
  'llm_calls',
  'llm_duration',
  'llm_errors',
  'prompt_cache_creation_tokens',
  'prompt_cached_tokens',
  'prompt_tokens',
  'start',
  'time_to_first_token',
  'tool_calls',
  'tool_errors',
  'total_tokens',
];

type Numbers = readonly number[];

function member(row: JsonRow, field: string, name: string): unknown {
  const value = row[field];
  return typeof value === 'object' && value !== null ? (value as JsonRow)[name] : undefined;
}

/** One metric of the spans that have it. */
function metric(spans: readonly JsonRow[], name: string): Numbers {
  return spans
    .map((span) => member(span, 'metrics', name))
    .filter((value) => typeof value === 'number');
}

const sum = (numbers: Numbers): number => numbers.reduce((total, number) => total + number, 0);
const sumOrNull = (numbers: Numbers): number | null => (numbers.length === 0 ? null : sum(numbers));
const mean = (numbers: Numbers): number | null =>
  numbers.length === 0 ? null : sum(numbers) / numbers.length;
const lowest = (numbers: Numbers): number | null =>
  numbers.reduce<number | null>((low, n) => (low === null || n < low ? n : low), null);
const highest = (numbers: Numbers): number | null =>
  numbers.reduce<number | null>((high, n) => (high === null || n > high ? n : high), null);

const ofType = (spans: readonly JsonRow[], type: string): readonly JsonRow[] =>
  spans.filter((span) => member(span, 'span_attributes', 'type') === type);
const failed = (spans: readonly JsonRow[]): readonly JsonRow[] =>
  spans.filter((span) => span['error'] != null);

/** The time that spans took, each by itself. */
function durations(spans: readonly JsonRow[]): Numbers {
  return spans.flatMap((span) => {
    const start = member(span, 'metrics', 'start');
    const end = member(span, 'metrics', 'end');
    return typeof start === 'number' && typeof end === 'number' ? [end - start] : [];
  });
}

/** Sums, means and ends of the metrics of a trace's spans; `null` where no span has what is asked. */
export function summaryMetrics(spans: readonly JsonRow[]): Record<string, number | null> {
  const models = ofType(spans, 'llm');
  const tools = ofType(spans, 'tool');
  const prompt = sumOrNull(metric(spans, 'prompt_tokens'));
  const completion = sumOrNull(metric(spans, 'completion_tokens'));
  const start = lowest(metric(spans, 'start'));
  const end = highest(metric(spans, 'end'));
  const [modelErrors, toolErrors] = [failed(models).length, failed(tools).length];
  return {
    completion_tokens: completion,
    duration: start === null || end === null ? null : end - start,
    end,
    errors: modelErrors + toolErrors,
    estimated_cost: sumOrNull(metric(spans, 'estimated_cost')),
    llm_calls: models.length,
    llm_duration: sumOrNull(durations(models)),
    llm_errors: modelErrors,
    prompt_cache_creation_tokens: sumOrNull(metric(spans, 'prompt_cache_creation_tokens')),
    prompt_cached_tokens: sumOrNull(metric(spans, 'prompt_cached_tokens')),
    prompt_tokens: prompt,
    start,
    time_to_first_token: mean(metric(models, 'time_to_first_token')),
    tool_calls: tools.length,
    tool_errors: toolErrors,
    total_tokens: prompt === null && completion === null ? null : (prompt ?? 0) + (completion ?? 0),
  };
}

/** The mean of each score over the spans that have it; `null` when none has any. */
export function summaryScores(spans: readonly JsonRow[]): Record<string, number> | null {
  const numbers = new Map<string, number[]>();
  for (const { scores } of spans)
    for (const [name, score] of Object.entries(scores ?? {}))
      if (typeof score === 'number') numbers.set(name, [...(numbers.get(name) ?? []), score]);
  if (numbers.size === 0) return null;
  const names = [...numbers.keys()].sort();
  return Object.fromEntries(names.map((name) => [name, mean(numbers.get(name) ?? []) ?? 0]));
}

/** The root's attributes, whether every model call was answered from a cache, and whether any span failed. */
export function spanTypeInfo(root: JsonRow, spans: readonly JsonRow[]): JsonRow {
  const models = ofType(spans, 'llm');
  const cached = metric(models, 'cached').filter((value) => value > 0).length;
  return {
    ...(root['span_attributes'] as JsonRow | null),
    cached: models.length > 0 && cached === models.length,
    has_error: failed(spans).length > 0,
  };
}
