import { spansOfTrace } from './find-spans.js';
import type { QueryContext } from './find-spans.js';
import type { QueriedObject } from './plane-object.js';
import type { RowReader } from './query/values.js';
import { sortOrder } from './query/values.js';
import type { JsonRow } from './row-shape.js';
import type { StoredRow } from './row-table.js';
import type { StoredRowReader } from './stored-row-reader.js';
import { spanTypeInfo, summaryMetrics, summaryScores } from './trace-summary.js';

/** One row of the shape `summary`: a trace's root with what all spans of the trace add up to. Read when asked for. */
export class SummaryReader implements RowReader {
  readonly object: QueriedObject;
  readonly row: StoredRow;
  readonly #root: StoredRowReader;
  readonly #readSpans: () => readonly JsonRow[];
  #spans: readonly JsonRow[] | null = null;
  readonly #fields = new Map<string, unknown>();

  constructor(root: StoredRowReader, readSpans: () => readonly JsonRow[]) {
    this.object = root.object;
    this.row = root.row;
    this.#root = root;
    this.#readSpans = readSpans;
  }

  field(name: string): unknown {
    if (!this.#fields.has(name)) this.#fields.set(name, this.#compute(name));
    return this.#fields.get(name);
  }

  #compute(name: string): unknown {
    if (name === 'metrics') return summaryMetrics(this.#all());
    if (name === 'scores') return summaryScores(this.#all());
    if (name === 'span_type_info') return spanTypeInfo(this.#root.parsed(), this.#all());
    return this.#root.field(name);
  }

  #all(): readonly JsonRow[] {
    this.#spans ??= this.#readSpans();
    return this.#spans;
  }
}

/** The summary of a trace, or `null` while its root is not there. */
export function summarize(
  object: QueriedObject,
  rootSpanId: string,
  context: QueryContext,
): SummaryReader | null {
  const spans = spansOfTrace(object, rootSpanId, context);
  const root = rootOf(spans);
  return root === null ? null : new SummaryReader(root, () => spans.map((span) => span.parsed()));
}

/** A trace with several roots goes by the one that it is named after, or else by the first written. */
function rootOf(spans: readonly StoredRowReader[]): StoredRowReader | null {
  const roots = spans.filter(({ row }) => row.isRoot);
  if (roots.length < 2) return roots[0] ?? null;
  const named = roots.find((span) => span.field('span_id') === span.row.rootSpanId);
  const byKey = (a: StoredRowReader, b: StoredRowReader): number =>
    sortOrder(a.row.paginationKey, b.row.paginationKey) || sortOrder(a.row.id, b.row.id);
  return named ?? roots.sort(byKey)[0] ?? null;
}
