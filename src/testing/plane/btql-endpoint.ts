import { callerSuffix, findReadable } from './access.js';
import type { BigAnswers } from './big-answers.js';
import { lint, writeAnswer } from './btql-answer.js';
import type { AnswerFormat } from './btql-answer.js';
import { readJsonObject } from './exchange.js';
import type { Answer, Exchange } from './exchange.js';
import type { PlaneState } from './plane-state.js';
import { parseQuery } from './query/parse-query.js';
import { formError, readAst } from './query/read-ast.js';
import type { Query } from './query/syntax.js';
import { badRequest, Refusal, unsupported } from './refusal.js';
import type { ObjectType } from './row-shape.js';
import { limitOf, runQuery } from './run-query.js';

const DAY_MS = 86_400_000;
const SOURCES: ReadonlySet<string> = new Set<ObjectType>(['project_logs', 'experiment', 'dataset']);
const OTHER_SOURCES: ReadonlySet<string> = new Set([
  'prompt',
  'function',
  'view',
  'project_prompts',
  'project_functions',
  'org_prompts',
  'org_functions',
  'playground_logs',
]);

/** Body fields that change nothing about the rows of an answer. */
const HARMLESS: ReadonlySet<string> = new Set([
  'query',
  'fmt',
  'lint_mode',
  'strict_lint_mode',
  'inference_depth',
  'query_source',
  'client_version',
  'query_timeout_seconds',
  'version',
  'tz_offset',
  'audit_log',
  'expected_cost',
  'overflow_results',
  'use_brainstore',
  'use_columnstore',
  'brainstore_realtime',
]);
/** Body fields that are harmless with these values only. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  api_version: [1],
  disable_limit: [false],
  force_push_limit: [false],
  relaxed_search_mode: [false],
};

/** Switches that a test may turn. */
export interface BtqlSwitches {
  timeOutAbove: number | null;
  refuseSecondSortKey: boolean;
  repeatPage: boolean;
}

export interface BtqlEndpointOptions {
  readonly state: PlaneState;
  readonly bigAnswers: BigAnswers;
  readonly bigAnswersUrl: string;
  readonly maxAnswerBytes: number;
  readonly planWindowDays: number;
}

/** `POST /btql`. */
export class BtqlEndpoint {
  readonly switches: BtqlSwitches = {
    timeOutAbove: null,
    refuseSecondSortKey: false,
    repeatPage: false,
  };
  readonly #options: BtqlEndpointOptions;
  #lastAnswer: Answer | null = null;

  constructor(options: BtqlEndpointOptions) {
    this.#options = options;
  }

  answer(exchange: Exchange): Answer {
    try {
      return this.#answer(exchange);
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 400 || error.form === 'text') throw error;
      const suffix = callerSuffix(this.#options.state, exchange.key);
      const text = `Brainstore btql/query request failed 400 (Bad Request) after 1 ms: ${error.message}`;
      throw badRequest(`${text} ${suffix}`);
    }
  }

  #answer(exchange: Exchange): Answer {
    const body = readJsonObject(exchange);
    checkBody(body);
    const query = readQuery(body['query']);
    checkQuery(query, this.switches);
    if (this.switches.repeatPage && this.#lastAnswer !== null) return this.#lastAnswer;
    this.#lastAnswer = this.#run(query, body, exchange);
    return this.#lastAnswer;
  }

  #run(query: Query, body: Readonly<Record<string, unknown>>, exchange: Exchange): Answer {
    const { state, planWindowDays, maxAnswerBytes } = this.#options;
    const type = query.from.source as ObjectType;
    const found = query.from.ids.map((id) => findReadable(state, { type, id }, exchange.key));
    const version = readVersion(body, type);
    const objects = version === null ? found : found.map((object) => object.asOf(version));
    const strict = body['lint_mode'] === 'strict' || body['strict_lint_mode'] === true;
    const warnings = lint(query, strict);
    const now = state.now();
    for (const object of found) object.fading.settle(object.table, now);
    const visibleFrom =
      planWindowDays === Infinity ? null : new Date(now.getTime() - planWindowDays * DAY_MS);
    const result = runQuery(query, { objects, now, visibleFrom, tzOffset: readTzOffset(body) });
    const format = (body['fmt'] ?? 'json') as AnswerFormat;
    const answer: Answer = {
      status: 200,
      headers: {
        'Content-Type': 'application/json',
        ...(result.cursor === null ? {} : { 'x-bt-cursor': result.cursor }),
      },
      body: writeAnswer(result, format, { objects, warnings }),
    };
    return answer.body.length > maxAnswerBytes ? this.#redirect(answer, result.cursor) : answer;
  }

  #redirect(answer: Answer, cursor: string | null): Answer {
    const { bigAnswers, bigAnswersUrl } = this.#options;
    const location = bigAnswersUrl + bigAnswers.keep(answer, cursor);
    return { status: 303, headers: { Location: location }, body: Buffer.alloc(0) };
  }
}

function checkBody(body: Readonly<Record<string, unknown>>): void {
  const format = body['fmt'] ?? 'json';
  if (format === 'parquet') throw unsupported('`fmt: parquet`');
  if (format !== 'json' && format !== 'jsonl')
    throw formError(['fmt'], "'json' | 'jsonl' | 'parquet'", format);
  for (const [name, value] of Object.entries(body)) {
    if (HARMLESS.has(name) || value === null) continue;
    if (NEUTRAL[name]?.includes(value) !== true)
      throw unsupported(`the body field \`${name}\`${name in NEUTRAL ? ' with this value' : ''}`);
  }
}

/** Minutes that local time is behind UTC: 480 on the Pacific coast in winter. */
function readTzOffset(body: Readonly<Record<string, unknown>>): number {
  const offset = body['tz_offset'] ?? 0;
  if (typeof offset === 'number' && Math.abs(offset) <= 24 * 60) return offset;
  throw formError(['tz_offset'], 'number', offset);
}

/** The transaction as of which to read; the service takes one for experiments and datasets alone. */
function readVersion(body: Readonly<Record<string, unknown>>, type: ObjectType): string | null {
  const version = body['version'] ?? null;
  if (version === null) return null;
  if (typeof version !== 'string') throw formError(['version'], 'string', version);
  if (!/^\d{19}$/u.test(version)) throw badRequest('`version` must be an `_xact_id`.');
  if (type === 'project_logs') throw badRequest('`version` does not work on project_logs().');
  return version;
}

function readQuery(query: unknown): Query {
  if (typeof query === 'string') return parseQuery(query);
  if (typeof query === 'object' && query !== null && !Array.isArray(query))
    return readAst(query as Readonly<Record<string, unknown>>);
  throw formError(['query'], 'string', query);
}

function checkQuery(query: Query, switches: BtqlSwitches): void {
  const { source, ids } = query.from;
  if (OTHER_SOURCES.has(source)) throw unsupported(`the data source ${source}()`);
  if (!SOURCES.has(source)) throw badRequest(`Unknown data source ${JSON.stringify(source)}.`);
  if (ids.length === 0) throw badRequest(`${source}() needs at least one id.`);
  if (new Set(ids).size < ids.length) throw badRequest(`${source}() names an id twice.`);
  if (switches.refuseSecondSortKey && query.sort.length > 1)
    throw badRequest('Sorting by more than one key is not possible on this data plane.');
  if (switches.timeOutAbove !== null && limitOf(query) > switches.timeOutAbove)
    throw new Refusal(504, 'Endpoint request timed out');
}
