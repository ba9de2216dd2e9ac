import { SourceError } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { PageSize } from '../query/page-size.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { selectFields } from '../records/record-kind.js';
import { isOneOf, recordsQuery } from '../records/records-query.js';
import { checkComplete } from '../records/window-scan.js';
import type { ScanContext } from '../records/window-scan.js';
import { traceKey } from './changed-traces.js';
import type { ChangedTrace } from './changed-traces.js';

/** The most that the service takes as `limit`. */
export const LIMIT_MAX = 1_000;

/** So many spans are asked for with each further trace that is searched: one of many spans hides the others. */
const SPANS_OF_TRACE = 25;

/** What to ask, and up to which second the answer must be complete. */
export interface TraceQuery {
  readonly shape: 'spans' | 'summary';
  readonly objectIds: readonly string[];
  readonly select?: readonly Json[] | undefined;
  readonly filter?: Json | undefined;
  readonly conditions: readonly Json[];
  readonly sort: readonly string[];
  readonly limit: number;
  readonly until: number;
  readonly canAskForLess: boolean;
}

/** Asks once, for values in full. */
export async function askOnce(context: ScanContext, query: TraceQuery): Promise<QueryAnswer> {
  const { client, choice, parameters, signal, observer } = context;
  const { until, canAskForLess, select, filter, ...rest } = query;
  const answer = await client.query(
    recordsQuery({
      ...rest,
      kind: choice.kind,
      select,
      filter,
      ...(query.shape === 'summary' && { previewLength: -1 }),
    }),
    { ...parameters, signal, observer, canAskForLess },
  );
  checkComplete(context, answer, { objectIds: query.objectIds, until });
  return answer;
}

/** Asks for rows, fewer of them while the service cannot answer so many. */
export async function askForPage(
  context: ScanContext,
  query: Omit<TraceQuery, 'limit' | 'canAskForLess'>,
  size: PageSize,
): Promise<QueryAnswer> {
  for (;;) {
    const limit = size.rows;
    try {
      const answer = await askOnce(context, { ...query, limit, canAskForLess: limit > 1 });
      size.keep();
      return answer;
    } catch (error) {
      if (!(error instanceof SmallerPageNeeded)) throw error;
      size.shrink();
    }
  }
}

/** Takes items in groups, smaller ones while the service cannot answer for so many. */
async function inGroups<T>(
  items: readonly T[],
  size: PageSize,
  work: (group: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length;) {
    const group = items.slice(at, at + size.rows);
    try {
      await work(group);
      size.keep();
      at += group.length;
    } catch (error) {
      if (!(error instanceof SmallerPageNeeded)) throw error;
      if (group.length === 1) throw error.cause;
      while (size.rows >= group.length) size.shrink();
    }
  }
}

/** What spans of traces must meet, and up to which second that can be told. */
export interface SpanSearch {
  readonly conditions: readonly Json[];
  readonly until: number;
  /** How many traces are asked for at a time. */
  readonly size: PageSize;
}

/** The keys of those traces that have a span which meets the conditions. */
export async function tracesWithSpan(
  context: ScanContext,
  traces: readonly ChangedTrace[],
  search: SpanSearch,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const named = traces.filter(({ rootSpanId }) => rootSpanId !== null);
  await inGroups(named, search.size, async (group) => {
    let left: readonly ChangedTrace[] = group;
    while (left.length > 0) left = await searchOnce(context, { ...search, traces: left, found });
  });
  return found;
}

interface SearchStep extends Omit<SpanSearch, 'size'> {
  readonly traces: readonly ChangedTrace[];
  /** Gains the keys of what is found. */
  readonly found: Set<string>;
}

/** Asks for spans of the traces; answers the traces of which nothing is known yet. */
async function searchOnce(
  context: ScanContext,
  { conditions, until, traces, found }: SearchStep,
): Promise<readonly ChangedTrace[]> {
  const objectIds = [...new Set(traces.map(({ objectId }) => objectId))].sort();
  const rootSpanIds = new Set(traces.map(({ rootSpanId }) => rootSpanId ?? ''));
  const limit = Math.min(LIMIT_MAX, 1 + SPANS_OF_TRACE * (traces.length - 1));
  const { rows } = await askOnce(context, {
    shape: 'spans',
    objectIds,
    select: selectFields(['project_id', 'root_span_id']),
    conditions: [isOneOf('root_span_id', [...rootSpanIds]), ...conditions],
    sort: ['_xact_id'],
    limit,
    until,
    canAskForLess: traces.length > 1,
  });
  const columns = rows.fields(['project_id', 'root_span_id']);
  for (let row = 0; row < rows.length; row += 1) {
    const objectId = columns['project_id']?.[row] ?? objectIds[0] ?? '';
    found.add(traceKey({ objectId, rootSpanId: columns['root_span_id']?.[row] ?? null }));
  }
  // A short answer may have left one out; such a trace is only given once more than it had to be.
  if (rows.length < limit) return [];
  const left = traces.filter((trace) => !found.has(traceKey(trace)));
  if (left.length < traces.length) return left;
  // All rows were of traces of other projects that have the same ids: each project is asked alone.
  if (objectIds.length === 1) throw strangeSpans();
  for (const objectId of objectIds) {
    let own: readonly ChangedTrace[] = traces.filter((trace) => trace.objectId === objectId);
    while (own.length > 0)
      own = await searchOnce(context, { conditions, until, traces: own, found });
  }
  return [];
}

function strangeSpans(): SourceError {
  return new SourceError('SOURCE_PROTOCOL', 'Braintrust answered spans of other traces.', {
    remedy: 'Nothing of them was used. Run again later.',
  });
}
