import type { JsonRow } from 'tracehaul/testing';

type Metrics = Readonly<Record<string, number>>;
type Attributes = { readonly type?: string };

const metricsOf = (span: JsonRow): Metrics => (span['metrics'] ?? {}) as Metrics;
const typeOf = (span: JsonRow): string | undefined =>
  (span['span_attributes'] as Attributes | null)?.type;

function add(numbers: readonly (number | undefined)[]): number | null {
  let sum: number | null = null;
  for (const number of numbers) if (number !== undefined) sum = (sum ?? 0) + number;
  return sum;
}

function average(numbers: readonly (number | undefined)[]): number | null {
  const given = numbers.filter((number) => number !== undefined);
  const sum = add(given);
  return sum === null ? null : sum / given.length;
}

/** What the documented rules make of a trace's spans, in plain loops: the oracle of the plane's summaries. */
export function plainSummary(spans: readonly JsonRow[]): JsonRow | null {
  const root = spans.find((span) => span['is_root'] === true);
  if (root === undefined) return null;
  const total = (name: string): number | null => add(spans.map((span) => metricsOf(span)[name]));
  const models = spans.filter((span) => typeOf(span) === 'llm');
  const tools = spans.filter((span) => typeOf(span) === 'tool');
  const errors = (some: readonly JsonRow[]): number =>
    some.filter((span) => span['error'] !== null).length;
  const starts = spans.flatMap((span) => metricsOf(span)['start'] ?? []);
  const ends = spans.flatMap((span) => metricsOf(span)['end'] ?? []);
  const start = starts.length === 0 ? null : Math.min(...starts);
  const end = ends.length === 0 ? null : Math.max(...ends);
  const taken = models.map((span) => {
    const { start: began, end: ended } = metricsOf(span);
    return began === undefined || ended === undefined ? undefined : ended - began;
  });
  return {
    id: root['id'],
    root_span_id: root['root_span_id'],
    input: root['input'],
    output: root['output'],
    scores: plainScores(spans),
    metrics: {
      prompt_tokens: total('prompt_tokens'),
      completion_tokens: total('completion_tokens'),
      prompt_cached_tokens: total('prompt_cached_tokens'),
      prompt_cache_creation_tokens: total('prompt_cache_creation_tokens'),
      total_tokens: add([
        total('prompt_tokens') ?? undefined,
        total('completion_tokens') ?? undefined,
      ]),
      estimated_cost: total('estimated_cost'),
      llm_calls: models.length,
      tool_calls: tools.length,
      errors: errors(models) + errors(tools),
      llm_errors: errors(models),
      tool_errors: errors(tools),
      start,
      end,
      duration: start === null || end === null ? null : end - start,
      llm_duration: add(taken),
      time_to_first_token: average(models.map((span) => metricsOf(span)['time_to_first_token'])),
    },
    span_type_info: {
      ...(root['span_attributes'] as object),
      cached: models.length > 0 && models.every((span) => metricsOf(span)['cached'] === 1),
      has_error: errors(spans) > 0,
    },
  };
}

function plainScores(spans: readonly JsonRow[]): JsonRow | null {
  const named = new Map<string, number[]>();
  for (const span of spans)
    for (const [name, score] of Object.entries((span['scores'] ?? {}) as Metrics))
      named.set(name, [...(named.get(name) ?? []), score]);
  const means = [...named].map(([name, scores]) => [name, average(scores)] as const);
  return means.length === 0 ? null : Object.fromEntries(means);
}
