import { SourceError } from '../../errors/index.js';
import type { Json, RowBatch } from '../../interfaces/index.js';
import type { PageSize } from '../query/page-size.js';
import { isOneOf } from '../records/records-query.js';
import type { ScanContext } from '../records/window-scan.js';
import { traceKey } from './changed-traces.js';
import type { ChangedTrace } from './changed-traces.js';
import { bytesOfRow, RowWriter } from './row-writer.js';
import type { OwnMembers, RowAt } from './row-writer.js';
import { askOnce, inGroups } from './trace-queries.js';
import { readSpansOf } from './trace-spans.js';
import type { TraceSpan } from './trace-spans.js';

/** How rows of traces are read. */
export interface TraceReading {
  /** An expression that traces must meet. */
  readonly filter: Json | undefined;
  /** Whether the spans are nested in the row. */
  readonly spans: boolean;
  /** Seconds since 1970 up to which answers must be complete; nested spans are those written before. */
  readonly until: number;
  /** How many traces are asked for at a time. */
  readonly groupSize: PageSize;
}

/** What was read of one trace. */
export interface TraceContent {
  /** Its summary; `null` for a trace of which the plane has spans and makes no summary. */
  readonly summary: RowAt | null;
  /** The id and the time of its root; the time of the earliest span where there is none. */
  readonly id: string | null;
  readonly created: string | null;
  /** Given when they are to be nested. */
  readonly spans: readonly TraceSpan[] | null;
  /** Whether the plane must have a summary of it. */
  readonly isStrange: boolean;
}

/** What there is of each trace, by key. Traces that are gone, or do not meet the filter, are left out. */
export async function readTraces(
  context: ScanContext,
  traces: readonly ChangedTrace[],
  reading: TraceReading,
): Promise<ReadonlyMap<string, TraceContent>> {
  const contents = new Map<string, TraceContent>();
  for (const [objectId, rootSpanIds] of byObject(traces)) {
    await inGroups(rootSpanIds, reading.groupSize, async (group) => {
      const read = await readGroup(context, { objectId, rootSpanIds: group }, reading);
      for (const [rootSpanId, content] of read)
        contents.set(traceKey({ objectId, rootSpanId }), content);
    });
  }
  return contents;
}

/** Rows of traces in their order, each under its version. What belongs to no trace is told by its id alone. */
export function traceRows(
  traces: readonly ChangedTrace[],
  contents: ReadonlyMap<string, TraceContent>,
): RowBatch {
  const writer = new RowWriter();
  for (const trace of traces) {
    const content = contents.get(traceKey(trace));
    writer.add(ownMembers(trace, content), content?.summary ?? null);
  }
  return writer.batch();
}

interface Group {
  readonly objectId: string;
  readonly rootSpanIds: readonly string[];
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
  { objectId, rootSpanIds }: Group,
  { filter, until }: TraceReading,
): Promise<ReadonlyMap<string, Summary>> {
  const { rows } = await askOnce(context, {
    shape: 'summary',
    objectIds: [objectId],
    filter,
    conditions: [isOneOf('root_span_id', rootSpanIds)],
    sort: [],
    until,
    canAskForLess: rootSpanIds.length > 1,
  });
  const asked = new Set(rootSpanIds);
  const columns = rows.fields(['root_span_id', 'id', 'created']);
  const text = rows.text();
  const summaries = new Map<string, Summary>();
  for (let index = 0; index < rows.length; index += 1) {
    const rootSpanId = columns['root_span_id']?.[index] ?? '';
    if (!asked.delete(rootSpanId)) throw strangeSummary(index);
    const [id, created] = [columns['id']?.[index] ?? null, columns['created']?.[index] ?? null];
    summaries.set(rootSpanId, { row: { text, index }, id, created });
  }
  return summaries;
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

function ownMembers(trace: ChangedTrace, content: TraceContent | undefined): OwnMembers {
  const { version, objectId, rootSpanId, place } = trace;
  const own = new Map<string, string | readonly Uint8Array[]>([
    ['id', JSON.stringify(content === undefined ? (place.row?.id ?? null) : content.id)],
    ['_xact_id', JSON.stringify(version)],
    ['created', JSON.stringify(content?.created ?? null)],
    ['project_id', JSON.stringify(objectId)],
    ['root_span_id', JSON.stringify(rootSpanId)],
  ]);
  if (content?.spans != null) own.set('spans', arrayOf(content.spans));
  return own;
}

function arrayOf(spans: readonly TraceSpan[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [Buffer.from('[')];
  for (const [index, { row }] of spans.entries()) {
    if (index > 0) pieces.push(Buffer.from(','));
    pieces.push(bytesOfRow(row));
  }
  pieces.push(Buffer.from(']'));
  return pieces;
}

function strangeSummary(index: number): SourceError {
  const what = `a summary of a trace that was not asked for, or twice (row ${index})`;
  return new SourceError('SOURCE_PROTOCOL', `Braintrust answered ${what}.`, {
    remedy: 'Nothing of it was used. Run again later.',
  });
}
