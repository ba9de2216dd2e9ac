import { SourceError } from '../../errors/index.js';
import type { Json, RowBatch } from '../../interfaces/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { isOneOf } from '../records/records-query.js';
import type { ScanContext } from '../records/window-scan.js';
import { samePlace, traceKey } from './changed-traces.js';
import type { ChangedTrace } from './changed-traces.js';
import { bytesOfRow } from './row-writer.js';
import type { RowAt } from './row-writer.js';
import { TRACES_PER_QUERY } from './trace-pace.js';
import type { TracePace } from './trace-pace.js';
import type { TraceContent } from './trace-row-text.js';
import { askOnce } from './trace-queries.js';
import { readSpansOf } from './trace-spans.js';
import type { TraceSpan } from './trace-spans.js';

/** The most that traces which are read together may come to. */
const MEMORY_MAX_BYTES = 64 * 1024 * 1024;

/** How rows of traces are read. */
export interface TraceReading {
  /** An expression that traces must meet. */
  readonly filter: Json | undefined;
  /** Whether the spans are nested in the row. */
  readonly spans: boolean;
  /** Seconds since 1970 up to which answers must be complete; nested spans are those written before. */
  readonly until: number;
  readonly pace: TracePace;
}

/** What was read of the first of several traces. */
export interface SomeTraces {
  readonly taken: readonly ChangedTrace[];
  /** By key. Traces that are gone, or do not meet the filter, are left out. */
  readonly contents: ReadonlyMap<string, TraceContent>;
}

/** Reads as many of the traces as memory and the service allow: at least one, and never a part of a place. */
export async function readSomeTraces(
  context: ScanContext,
  traces: readonly ChangedTrace[],
  reading: TraceReading,
): Promise<SomeTraces> {
  const { pace } = reading;
  for (;;) {
    const taken = traces.slice(0, wholePlaces(traces, pace.traces));
    try {
      const { contents, bytes } = await readTraces(context, taken, reading);
      pace.learn(bytes, contents.size);
      return { taken, contents };
    } catch (error) {
      if (!(error instanceof SmallerPageNeeded)) throw error;
      pace.slow(taken.length);
      if (wholePlaces(traces, pace.traces) === taken.length) throw error.cause;
    }
  }
}

/** How many of the traces to take so that no place is divided: at least `count`, if there are so many. */
function wholePlaces(traces: readonly ChangedTrace[], count: number): number {
  let end = Math.min(count, traces.length);
  for (; end > 0 && end < traces.length; end += 1) {
    const [before, next] = [traces[end - 1], traces[end]];
    if (before === undefined || next === undefined || !samePlace(before.place, next.place)) break;
  }
  return end;
}

interface ReadTraces {
  readonly contents: ReadonlyMap<string, TraceContent>;
  readonly bytes: number;
}

async function readTraces(
  context: ScanContext,
  traces: readonly ChangedTrace[],
  reading: TraceReading,
): Promise<ReadTraces> {
  const contents = new Map<string, TraceContent>();
  const several = traces.length > 1;
  let bytes = 0;
  for (const [objectId, rootSpanIds] of byObject(traces)) {
    for (let at = 0; at < rootSpanIds.length; at += TRACES_PER_QUERY) {
      const ids = rootSpanIds.slice(at, at + TRACES_PER_QUERY);
      const group = { objectId, rootSpanIds: ids, several };
      for (const [rootSpanId, content] of await readGroup(context, group, reading)) {
        contents.set(traceKey({ objectId, rootSpanId }), content);
        bytes += sizeOf(content);
      }
      if (bytes > MEMORY_MAX_BYTES && several) throw tooLarge();
    }
  }
  return { contents, bytes };
}

function sizeOf({ summary, spans }: TraceContent): number {
  const own = summary === null ? 0 : bytesOfRow(summary).length;
  return (spans ?? []).reduce((sum, { row }) => sum + bytesOfRow(row).length, own);
}

function tooLarge(): SmallerPageNeeded {
  return new SmallerPageNeeded(
    new SourceError('LIMIT_EXCEEDED', 'Traces that must be read together are too large.', {
      remedy: 'Leave the largest out by `filter`.',
    }),
  );
}

interface Group {
  readonly objectId: string;
  readonly rootSpanIds: readonly string[];
  /** Whether fewer traces can be asked for. */
  readonly several: boolean;
}

function byObject(traces: readonly ChangedTrace[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const { objectId, rootSpanId } of traces) {
    if (rootSpanId === null) continue;
    const group = groups.get(objectId) ?? [];
    groups.set(objectId, group);
    group.push(rootSpanId);
  }
  return groups;
}

async function readGroup(
  context: ScanContext,
  group: Group,
  reading: TraceReading,
): Promise<ReadonlyMap<string, TraceContent>> {
  const summaries = await readSummaries(context, group, reading);
  const rootSpanIds = group.rootSpanIds.filter((id) => needsSpans(summaries.get(id), reading));
  const wanted = { ...group, rootSpanIds, until: reading.until, whole: reading.spans };
  const spans = rootSpanIds.length === 0 ? NO_SPANS : await readSpansOf(context, wanted);
  const contents = new Map<string, TraceContent>();
  for (const id of group.rootSpanIds) {
    const content = contentOf(summaries.get(id) ?? null, spans.get(id) ?? [], reading);
    if (content !== null) contents.set(id, content);
  }
  return contents;
}

const NO_SPANS: ReadonlyMap<string, readonly TraceSpan[]> = new Map();

/** A summary, and what it says of the root. */
interface Summary {
  readonly row: RowAt;
  readonly id: string | null;
  readonly created: string | null;
}

async function readSummaries(
  context: ScanContext,
  group: Group,
  reading: TraceReading,
): Promise<ReadonlyMap<string, Summary>> {
  const summaries = new Map<string, Summary>();
  for (let left = group.rootSpanIds; ;) {
    const { rows, cursor } = await askForSummaries(
      context,
      { ...group, rootSpanIds: left },
      reading,
    );
    noteSummaries(rows, new Set(left), summaries);
    left = left.filter((id) => !summaries.has(id));
    // An answer may be short for reasons of the plane: what it lacks does not exist only if it has no more.
    if (left.length === 0 || rows.length === 0 || cursor === null) return summaries;
  }
}

async function askForSummaries(
  context: ScanContext,
  { objectId, rootSpanIds, several }: Group,
  { filter, until }: TraceReading,
): Promise<QueryAnswer> {
  return await askOnce(context, {
    shape: 'summary',
    objectIds: [objectId],
    filter,
    conditions: [isOneOf('root_span_id', rootSpanIds)],
    sort: [],
    limit: rootSpanIds.length,
    until,
    canAskForLess: several,
  });
}

function noteSummaries(rows: RowBatch, asked: Set<string>, summaries: Map<string, Summary>): void {
  const columns = rows.fields(['root_span_id', 'id', 'created']);
  const text = rows.text();
  for (let index = 0; index < rows.length; index += 1) {
    const rootSpanId = columns['root_span_id']?.[index] ?? '';
    if (!asked.delete(rootSpanId)) throw strangeSummary(index);
    const [id, created] = [columns['id']?.[index] ?? null, columns['created']?.[index] ?? null];
    summaries.set(rootSpanId, { row: { text, index }, id, created });
  }
}

/** With a filter, a trace without summary is one that does not meet it. */
function needsSpans(summary: Summary | undefined, { filter, spans }: TraceReading): boolean {
  if (summary === undefined) return filter === undefined;
  return spans || summary.id === null || summary.created === null;
}

function contentOf(
  summary: Summary | null,
  spans: readonly TraceSpan[],
  { spans: nested }: TraceReading,
): TraceContent | null {
  if (summary === null && spans.length === 0) return null;
  const root = spans.find(({ isRoot }) => isRoot);
  return {
    summary: summary?.row ?? null,
    id: summary?.id ?? root?.id ?? null,
    created: summary?.created ?? (root ?? spans[0])?.created ?? null,
    spans: nested ? spans : null,
    isStrange: summary === null && root !== undefined,
  };
}

function strangeSummary(index: number): SourceError {
  const what = `a summary of a trace that was not asked for, or twice (row ${index})`;
  return new SourceError('SOURCE_PROTOCOL', `Braintrust answered ${what}.`, {
    remedy: 'Nothing of it was used. Run again later.',
  });
}
