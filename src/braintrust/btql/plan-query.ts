import { find } from './parse-query.js';
import type { ParsedQuery } from './parse-query.js';
import type { ClauseName } from './clause.js';
import { isSymbol, isWord } from './tokenize.js';
import type { Token } from './tokenize.js';

/** Whether an export reads what was written since the last time, or the whole result each time. */
export type BtqlMode = 'incremental' | 'snapshot';

/**
 * How a result is read: `window` row by row in the order of writing, `sorted` in the query's own order from value to
 * value, `pages` by the service's tokens, `answer` as the one answer that the service gives.
 */
export type ReadingWay = 'window' | 'sorted' | 'pages' | 'answer';

export interface QueryPlan {
  readonly mode: BtqlMode;
  readonly way: ReadingWay;
  /** Why this mode, as the end of a sentence. */
  readonly reason: string;
}

/** The most rows that one answer holds. */
export const ANSWER_MAX_ROWS = 1_000;

/** What clauses do to a result; all of them ask for the whole of it. */
const WHOLE: Readonly<Partial<Record<ClauseName, string>>> = {
  dimensions: 'groups rows',
  measures: 'aggregates rows',
  final_filter: 'filters groups',
  sample: 'takes a sample',
  pivot: 'pivots rows',
  unpivot: 'unpivots rows',
  cursor: 'goes on from a token',
  with: 'names a subquery',
  settings: 'has settings of its own',
  trace_filter: 'filters inside of traces',
  preview_length: 'cuts values to a length',
  sort: 'sorts rows',
  limit: 'limits their number',
};
/** Those of them that still give rows of the object, each with its id. */
const STILL_ROWS: ReadonlySet<ClauseName> = new Set(['sort', 'limit', 'preview_length']);
/** Those under which traces still come page by page. */
const STILL_PAGES: ReadonlySet<ClauseName> = new Set([...STILL_ROWS, 'trace_filter']);
const AGGREGATES: ReadonlySet<string> = new Set([
  'count',
  'count_distinct',
  'sum',
  'avg',
  'min',
  'max',
  'any_value',
  'percentile',
]);
const CLOCK_WORDS: readonly string[] = ['now', 'current_timestamp', 'current_date'];

/** What makes a query one of whole results; empty when its rows can be read as they are written. */
export function wholeResultReasons(query: ParsedQuery): readonly string[] {
  const reasons = query.clauses.flatMap(({ name }) => WHOLE[name] ?? []);
  if (isAggregated(query)) reasons.push('aggregates rows');
  if (query.from === null || hasSubquery(query)) reasons.push('reads from a subquery');
  if (query.from !== null && query.from.shape !== 'spans')
    reasons.push(`has the shape "${query.from.shape}"`);
  return reasons;
}

/** Chooses how a query is read. @param wanted the mode that was asked for, if any. */
export function planQuery(query: ParsedQuery, wanted: BtqlMode | undefined): QueryPlan {
  const reasons = wholeResultReasons(query);
  const mode = wanted ?? (reasons.length === 0 ? 'incremental' : 'snapshot');
  const way = wayOf(query);
  if (reasons.length > 0) return { mode, way, reason: `it ${reasons.join(', ')}` };
  const reason =
    wanted === 'snapshot'
      ? 'it was asked for'
      : 'it has no sort, no limit and no aggregation, so that rows can be read as they are written';
  return { mode, way, reason };
}

function wayOf(query: ParsedQuery): ReadingWay {
  const { from, clauses, sort, limit } = query;
  const only = (names: ReadonlySet<ClauseName>): boolean =>
    clauses.every(({ name }) => WHOLE[name] === undefined || names.has(name));
  if (from === null || isAggregated(query) || hasSubquery(query)) return 'answer';
  if (from.shape !== 'spans') return only(STILL_PAGES) ? 'pages' : 'answer';
  if (!only(STILL_ROWS)) return 'answer';
  return sort.length > 0 && limit !== undefined ? 'sorted' : 'window';
}

/** The word of a filter that means the time of asking, if there is one. */
export function clockWord(query: ParsedQuery): Token | null {
  const tokens = find(query.clauses, 'filter')?.tokens ?? [];
  const found = tokens.find(
    (token, index) =>
      CLOCK_WORDS.some((word) => isWord(token, word)) &&
      !isSymbol(tokens[index - 1], '.') &&
      (isSymbol(tokens[index + 1], '(') || !isWord(token, 'now')),
  );
  return found ?? null;
}

/** Whether the select list computes over rows instead of giving them. */
function isAggregated({ clauses }: ParsedQuery): boolean {
  const tokens = find(clauses, 'select')?.tokens ?? [];
  if (isWord(tokens[0], 'distinct') && tokens.length > 1) return true;
  return tokens.some(
    (token, index) =>
      token.kind === 'word' &&
      AGGREGATES.has(token.text.toLowerCase()) &&
      isSymbol(tokens[index + 1], '(') &&
      !isSymbol(tokens[index - 1], '.'),
  );
}

function hasSubquery({ clauses, dialect }: ParsedQuery): boolean {
  if (dialect === 'btql') return false;
  return clauses.some(({ tokens }) =>
    tokens.some((token, index) => isSymbol(token, '(') && isWord(tokens[index + 1], 'select')),
  );
}
