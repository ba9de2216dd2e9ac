import type { RowBatch } from '../../interfaces/index.js';
import { traceKey } from './changed-traces.js';
import type { ChangedTrace } from './changed-traces.js';
import { bytesOfRow, RowWriter } from './row-writer.js';
import type { OwnMembers, RowAt } from './row-writer.js';
import type { TraceSpan } from './trace-spans.js';

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
