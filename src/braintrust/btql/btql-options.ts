import { assert } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { kindOf, readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { readTzOffset } from '../client/query-parameters.js';
import type { QueryParameters } from '../client/query-parameters.js';
import { readBounds, readDelays, readRetention } from '../records/reading-options.js';
import { readQueryParts } from './btql-query.js';
import type { BtqlQuery } from './btql-query.js';
import { modeProblem, queryProblems } from './check-query.js';
import { parseQuery } from './parse-query.js';
import type { ParsedQuery } from './parse-query.js';
import { planQuery } from './plan-query.js';
import type { BtqlMode, QueryPlan } from './plan-query.js';
import { QuerySyntaxError, describeSyntaxError } from './query-syntax-error.js';

/** Options of {@link btqlSource}. */
export interface BtqlSourceOptions {
  readonly client: BraintrustClient;
  /** A query in BTQL or SQL, or one in parts. */
  readonly query: string | BtqlQuery;
  /**
   * `incremental`: each read gives the rows that were written since the last one. `snapshot`: each read gives the
   * whole result. @defaultValue as the query allows: incremental, unless it has a sort, a limit or an aggregation
   */
  readonly mode?: BtqlMode | undefined;
  /** Only what was written at this time or later, to the second. @defaultValue the beginning of the data */
  readonly from?: Date | undefined;
  /** Only what was written before this time, to the second; then an incremental source is at its end. */
  readonly until?: Date | undefined;
  /**
   * How far behind the plane's clock a read ends, in milliseconds: writes are visible by then.
   * @defaultValue 120_000; 0 for a snapshot
   */
  readonly settleMs?: number | undefined;
  /**
   * How far before its last end an incremental read begins again, in milliseconds, to find what became visible late.
   * @defaultValue 600_000
   */
  readonly lookbackMs?: number | undefined;
  /** How many days the plan keeps project logs: 14, 30. The first incremental read begins inside of them. */
  readonly sourceRetentionDays?: number | undefined;
  /**
   * Minutes that local time is behind UTC, for functions of days and hours: 480 is US Pacific Standard.
   * @defaultValue 0, which is UTC
   */
  readonly tzOffset?: number | undefined;
  /** Whether rows come with their audit log. @defaultValue false */
  readonly auditLog?: boolean | undefined;
}

export interface BtqlSettings {
  readonly client: BraintrustClient;
  readonly query: ParsedQuery;
  readonly plan: QueryPlan;
  /** Seconds since 1970; a second that has begun counts as whole. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly settleMs: number;
  readonly lookbackSeconds: number;
  readonly retentionSeconds: number | undefined;
  readonly parameters: QueryParameters;
}

export function readBtqlOptions(options: unknown): Readonly<BtqlSettings> {
  const { parsed, ...rest } = readOptions('btqlSource', options, (reader) => {
    const parsed = readQuery(reader);
    const mode = parsed?.plan.mode ?? 'incremental';
    return {
      client: reader.adapter<BraintrustClient>('client', ['apiUrl', 'query']),
      parsed,
      ...readBounds(reader),
      ...readDelays(reader, mode === 'snapshot' ? 0 : 120_000),
      retentionSeconds: readRetention(reader),
      parameters: readParameters(reader),
    };
  });
  assert(parsed !== null, 'a query that cannot be read is a problem of the options');
  return Object.freeze({ ...rest, ...parsed });
}

type PlannedQuery = Pick<BtqlSettings, 'query' | 'plan'>;

/** `null` when the query has a problem, which is noted. */
function readQuery(reader: OptionReader): PlannedQuery | null {
  const text = readText(reader);
  const mode = reader.has('mode') ? reader.oneOf('mode', ['incremental', 'snapshot']) : undefined;
  if (text === null) return null;
  const query = parse(reader, text);
  if (query === null) return null;
  const plan = planQuery(query, mode);
  const conflict = modeProblem(query, plan);
  if (conflict !== null) reader.problem('mode', conflict);
  for (const problem of queryProblems(query, plan)) reader.problem('query', problem);
  refuseBounds(reader, { query, plan });
  const onlyIncremental = ['lookbackMs', 'sourceRetentionDays'].filter((name) => reader.has(name));
  if (plan.mode === 'snapshot')
    for (const name of onlyIncremental)
      reader.problem(name, `is for incremental reads; this query is a snapshot: ${plan.reason}`);
  return { query, plan };
}

function readText(reader: OptionReader): string | null {
  const value = reader.value('query');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    reader.problem('query', `must be a text or an object, not ${kindOf(value)}`);
    return null;
  }
  return reader.group('query', readQueryParts);
}

function parse(reader: OptionReader, text: string): ParsedQuery | null {
  try {
    return parseQuery(text);
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    reader.problem('query', describeSyntaxError(text, error));
    return null;
  }
}

/** Bounds go where the filter chooses the rows themselves; in other shapes it chooses what a trace must hold. */
function refuseBounds(reader: OptionReader, { query, plan }: PlannedQuery): void {
  if (plan.way !== 'pages' && query.from?.shape === 'spans') return;
  const given = ['from', 'until'].find((name) => reader.has(name));
  if (given !== undefined)
    reader.problem(
      given,
      'cannot bound what the query reads: put a condition on `created` into its filter',
    );
}

function readParameters(reader: OptionReader): QueryParameters {
  const tzOffset = readTzOffset(reader);
  const auditLog = reader.boolean('auditLog', false);
  return {
    ...(tzOffset === 0 ? {} : { tzOffset }),
    ...(auditLog ? { auditLog } : {}),
  };
}

/**
 * What an export is fixed to. Space and comments of the query are not part of it, and neither are the objects of an
 * incremental read: they may change.
 */
export function identityOf(settings: Readonly<BtqlSettings>): Json {
  const { client, query, plan, from, until, parameters } = settings;
  const isIncremental = plan.mode === 'incremental';
  const source = query.from;
  const clauses = query.clauses.filter(({ name }) => name !== 'from' || source === null);
  return {
    apiUrl: client.apiUrl,
    mode: plan.mode,
    from: source === null ? null : [source.kind, source.shape],
    ids: isIncremental ? null : (source?.ids ?? null),
    query: clauses.map(({ name, tokens }) => [name, ...tokens.map((token) => token.text)]),
    since: from,
    until,
    tzOffset: parameters.tzOffset ?? 0,
    auditLog: parameters.auditLog ?? false,
  };
}
