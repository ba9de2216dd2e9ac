import { SourceError } from '../../errors/index.js';
import { SmallerPageNeeded } from '../client/client.js';
import { PageSize } from '../query/page-size.js';
import { selectFields } from '../records/record-kind.js';
import { isOneOf } from '../records/records-query.js';
import { scanWindow } from '../records/window-scan.js';
import type { ScanContext } from '../records/window-scan.js';
import type { RowAt } from './row-writer.js';
import { LIMIT_MAX } from './trace-queries.js';

/** The spans of one trace must fit into this much memory, and so must those that are read together. */
const SPANS_MAX_BYTES = 64 * 1024 * 1024;
/** What is needed to tell the root and the beginning of a trace. */
const OUTLINE_FIELDS = ['_xact_id', 'created', 'id', 'is_root', 'project_id', 'root_span_id'];

/** One span of a trace. */
export interface TraceSpan {
  readonly id: string | null;
  readonly created: string | null;
  readonly isRoot: boolean;
  readonly row: RowAt;
}

/** Which spans to read. */
export interface SpansWanted {
  readonly objectId: string;
  readonly rootSpanIds: readonly string[];
  /** Seconds since 1970: only spans written before. */
  readonly until: number;
  /** Whether fewer traces can be asked for. */
  readonly several: boolean;
  /** Whether all fields are wanted, or only those of {@link TraceSpan}. */
  readonly whole: boolean;
}

/**
 * The spans of each trace by `root_span_id`, ordered by `created`, then `id`.
 * @throws SmallerPageNeeded when there are too many for memory and fewer traces can be asked for.
 * @throws SourceError `LIMIT_EXCEEDED` when one trace alone is too large.
 */
export async function readSpansOf(
  context: ScanContext,
  wanted: SpansWanted,
): Promise<ReadonlyMap<string, readonly TraceSpan[]>> {
  const { objectId, rootSpanIds, until, whole } = wanted;
  const filter = isOneOf('root_span_id', rootSpanIds);
  const select = whole ? undefined : selectFields(OUTLINE_FIELDS);
  const scan: ScanContext = {
    ...context,
    choice: { kind: context.choice.kind, shape: 'spans', select, filter },
    pageSize: new PageSize(LIMIT_MAX),
    // The window that met the traces looks after the plan's edge: this range begins before all that is kept.
    checkClock: () => undefined,
  };
  // A span that is written while they are read is met a second time: the later one counts.
  const traces = new Map<string, Map<string, TraceSpan>>();
  let bytes = 0;
  for await (const { rows } of scanWindow(scan, {
    objectIds: [objectId],
    from: 0,
    until,
    after: null,
  })) {
    bytes += rows.byteLength;
    if (bytes > SPANS_MAX_BYTES) throw tooManySpans(wanted);
    const columns = rows.fields(['created', 'id', 'is_root', 'root_span_id']);
    const text = rows.text();
    for (let index = 0; index < rows.length; index += 1) {
      const id = columns['id']?.[index] ?? null;
      const rootSpanId = columns['root_span_id']?.[index] ?? '';
      const spans = traces.get(rootSpanId) ?? new Map<string, TraceSpan>();
      traces.set(rootSpanId, spans);
      spans.set(id ?? `${spans.size} without id`, {
        id,
        created: columns['created']?.[index] ?? null,
        isRoot: columns['is_root']?.[index] === 'true',
        row: { text, index },
      });
    }
  }
  return new Map([...traces].map(([id, spans]) => [id, [...spans.values()].sort(compareSpans)]));
}

function compareSpans(left: TraceSpan, right: TraceSpan): number {
  return compareTexts(left.created, right.created) || compareTexts(left.id, right.id);
}

/** What is missing comes first. */
function compareTexts(left: string | null, right: string | null): number {
  if (left === right) return 0;
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

function tooManySpans({ rootSpanIds, several }: SpansWanted): Error {
  const [rootSpanId] = rootSpanIds;
  const problem = new SourceError(
    'LIMIT_EXCEEDED',
    `The spans of the trace ${rootSpanId} are larger than ${SPANS_MAX_BYTES / 1024 / 1024} MiB.`,
    {
      remedy:
        'Export without `spans: true`, with `spansSource` beside it; or leave the trace out by `filter`.',
      details: { rootSpanId },
    },
  );
  return several ? new SmallerPageNeeded(problem) : problem;
}
