import { readOptions } from '../../../options/index.js';
import { seededRandom } from '../../adapters/seeded-random.js';
import { randomHex } from '../random.js';
import type { Random } from '../random.js';
import type { JsonRow } from '../row-shape.js';
import { prose, systemPrompts } from './text.js';

/** Spans of a trace: one root and so many below it. */
const CHILDREN_MIN = 2;
const CHILDREN_MAX = 8;
const SPANS_PER_TRACE = 1 + (CHILDREN_MIN + CHILDREN_MAX) / 2;
/** What a stored row holds besides texts. */
const ROW_FRAME_BYTES = 1250;
const MEDIAN_BYTES = 4450;
const LARGEST_BYTES = 70_000;
const LARGE_SHARE = 0.001;

export interface GenerateSpansOptions {
  /** Rows to give. Either this or `traces`. */
  readonly rows?: number;
  /** Whole traces to give. Either this or `rows`. */
  readonly traces?: number;
  /** Time of the first trace. @defaultValue 2026-01-01T00:00:00Z */
  readonly from?: Date;
  /** Time of the last trace. @defaultValue a day after `from` */
  readonly to?: Date;
  /** `realistic`: about 5 KB a row, at most about 70 KB. `small`: under 1 KB. @defaultValue `'realistic'` */
  readonly size?: 'realistic' | 'small';
  /** The same seed gives the same rows. @defaultValue 1 */
  readonly seed?: number;
}

interface Settings {
  readonly rows: number;
  readonly traces: number;
  readonly from: number;
  readonly to: number;
  readonly small: boolean;
  readonly seed: number;
}

/**
 * Gives span events of made-up traces, one by one, in the order of their traces' times: nested spans
 * with prompts, answers, metrics, scores, metadata and tags. Fit for {@link DataPlane.insert}.
 * @throws ConfigurationError `OPTION_INVALID` when neither or both of `rows` and `traces` are given.
 */
export function generateSpans(options: GenerateSpansOptions): Iterable<JsonRow> {
  const settings = readSettings(options);
  return { [Symbol.iterator]: () => spans(settings) };
}

function readSettings(options: GenerateSpansOptions): Settings {
  return readOptions('generateSpans', options, (reader) => {
    if (reader.has('rows') === reader.has('traces'))
      reader.problem('rows', 'or `traces` must be given, and not both');
    const from = reader.date('from') ?? new Date('2026-01-01T00:00:00Z');
    const to = reader.date('to') ?? new Date(from.getTime() + 86_400_000);
    if (to < from) reader.problem('to', 'must not be before `from`');
    const rows = reader.number('rows', Infinity, { min: 0 });
    return {
      rows,
      traces: reader.number('traces', Math.max(1, Math.ceil(rows / SPANS_PER_TRACE)), { min: 0 }),
      from: from.getTime(),
      to: to.getTime(),
      small: reader.oneOf('size', ['realistic', 'small'], 'realistic') === 'small',
      seed: reader.number('seed', 1, { min: 0 }),
    };
  });
}

function* spans(settings: Settings): Generator<JsonRow> {
  const random = seededRandom(settings.seed);
  const prompts = systemPrompts(8, random);
  let given = 0;
  for (let trace = 0; ; trace += 1) {
    if (settings.rows === Infinity && trace >= settings.traces) return;
    const share = Math.min(1, (trace + random()) / settings.traces);
    const start = settings.from + share * (settings.to - settings.from);
    for (const span of traceSpans(start, { random, prompts, small: settings.small })) {
      if (given >= settings.rows) return;
      given += 1;
      yield span;
    }
  }
}

interface Workshop {
  readonly random: Random;
  readonly prompts: readonly string[];
  readonly small: boolean;
}

interface SpanPlace {
  readonly spanId: string;
  readonly rootSpanId: string;
  readonly parent: string | null;
  readonly start: number;
  readonly milliseconds: number;
}

/** One trace: its root first, every parent before its children. */
function traceSpans(start: number, workshop: Workshop): readonly JsonRow[] {
  const { random } = workshop;
  const rootSpanId = randomHex(random, 32);
  const count = CHILDREN_MIN + Math.floor(random() * (CHILDREN_MAX - CHILDREN_MIN + 1));
  const rootId = randomHex(random, 16);
  const parents = [rootId];
  const rows = [
    makeSpan(
      { spanId: rootId, rootSpanId, parent: null, start, milliseconds: 400 * count },
      workshop,
    ),
  ];
  for (let i = 0; i < count; i += 1) {
    const spanId = randomHex(random, 16);
    const parent = parents[Math.floor(random() * Math.min(parents.length, 3))] ?? rootId;
    parents.push(spanId);
    const place = { spanId, rootSpanId, parent, start: start + 400 * i };
    rows.push(makeSpan({ ...place, milliseconds: 50 + random() * 340 }, workshop));
  }
  return rows;
}

const MODELS = ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4', 'gemini-2.0-flash'];
const TAGS = ['beta', 'checkout', 'eu', 'mobile', 'reviewed', 'vip', 'überprüft'];
const KINDS = ['llm', 'llm', 'tool', 'function', 'score'] as const;

function makeSpan(place: SpanPlace, workshop: Workshop): JsonRow {
  const { random, small } = workshop;
  const kind = place.parent === null ? 'task' : choose(KINDS, random);
  const tokens = Math.floor(20 + random() * 900);
  const failed = random() < 0.02;
  return {
    id: place.spanId,
    span_id: place.spanId,
    root_span_id: place.rootSpanId,
    span_parents: place.parent === null ? null : [place.parent],
    created: new Date(place.start).toISOString(),
    span_attributes: { name: nameOf(kind, random), type: kind },
    ...payload(kind, workshop),
    error: failed ? `TimeoutError: no answer after ${tokens} ms` : null,
    scores: kind === 'score' ? { accuracy: Math.round(random() * 100) / 100 } : null,
    tags: random() < 0.2 ? [choose(TAGS, random)] : null,
    metrics: {
      start: place.start / 1000,
      end: (place.start + place.milliseconds) / 1000,
      ...(kind === 'llm' ? { prompt_tokens: tokens, completion_tokens: tokens >> 2 } : {}),
    },
    ...(small ? {} : { context: { caller_filename: 'src/agent.ts', caller_lineno: tokens } }),
  };
}

function choose<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

function nameOf(kind: string, random: Random): string {
  if (kind === 'llm') return 'Chat Completion';
  return `${kind}-${Math.floor(random() * 12)}`;
}

/** The target size of a row: log-normal, with a few very large ones. */
function rowBytes(random: Random): number {
  if (random() < LARGE_SHARE) return LARGEST_BYTES * (0.5 + random() / 2);
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(LARGEST_BYTES, MEDIAN_BYTES * Math.exp(0.55 * normal));
}

function payload(kind: string, workshop: Workshop): JsonRow {
  const { random, prompts, small } = workshop;
  const metadata = { model: choose(MODELS, random), user: `user-${Math.floor(random() * 5000)}` };
  if (small) return { input: prose(40, random), output: prose(20, random), metadata };
  const system = kind === 'llm' ? choose(prompts, random) : '';
  const bytes = Math.max(80, rowBytes(random) - ROW_FRAME_BYTES - system.length);
  const question = { role: 'user', content: prose(bytes * 0.6, random) };
  const answer = prose(bytes * 0.4, random);
  if (kind !== 'llm')
    return { input: { question: question.content }, output: { answer }, metadata };
  return {
    input: [{ role: 'system', content: system }, question],
    output: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer } }],
    metadata: { ...metadata, temperature: 0.2, request_path: 'chat/completions' },
  };
}
