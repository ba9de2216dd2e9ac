import type { FieldValue } from '../../interfaces/index.js';
import { compareKeys } from '../../util/key-order.js';
import type { Position } from '../records/records-query.js';
import type { ScannedPage } from '../records/window-scan.js';

/** A trace that is to be given, and the place in the scan from which it is given no more. */
export interface ChangedTrace {
  readonly objectId: string;
  /** `null` for a span that belongs to no trace. */
  readonly rootSpanId: string | null;
  /** The `_xact_id` under which it is given. */
  readonly version: string;
  readonly place: Position;
}

/** Tells traces of several projects apart. */
export function traceKey({
  objectId,
  rootSpanId,
}: Pick<ChangedTrace, 'objectId' | 'rootSpanId'>): string {
  return `${objectId.length}:${objectId}${rootSpanId ?? ''}`;
}

/** The traces that a stretch of a scan met, each at the last of its changes there. */
export class ChangedTraces {
  /** In the order of their places: a trace that is met again moves to the end. */
  readonly #traces = new Map<string, ChangedTrace>();

  get size(): number {
    return this.#traces.size;
  }

  /**
   * Takes the next rows of a scan, which hold `_xact_id`, `project_id`, `id` and `root_span_id`. Rows without a
   * project are of `onlyObject`.
   */
  add(page: ScannedPage, onlyObject: string): void {
    for (const trace of inOrder(tracesOf(page, onlyObject), page.afterRow !== undefined)) {
      // What belongs to no trace is never met again.
      const key = trace.rootSpanId === null ? `span ${this.#traces.size}` : traceKey(trace);
      this.#traces.delete(key);
      this.#traces.set(key, trace);
    }
  }

  /** All of them in the order of their places. */
  inOrder(): readonly ChangedTrace[] {
    return [...this.#traces.values()];
  }
}

/** Whether a scan that goes on after one of two places would go on after the other, too. */
export function samePlace(left: Position, right: Position): boolean {
  return (
    left.xactId === right.xactId &&
    left.row?.objectId === right.row?.objectId &&
    left.row?.id === right.row?.id
  );
}

function tracesOf({ rows, xactIds }: ScannedPage, onlyObject: string): ChangedTrace[] {
  const columns = rows.fields(['project_id', 'id', 'root_span_id']);
  const text = (name: string, index: number): string | null => {
    const value: FieldValue = columns[name]?.[index];
    return value ?? null;
  };
  return xactIds.map((xactId, index) => {
    const objectId = text('project_id', index) ?? onlyObject;
    return {
      objectId,
      rootSpanId: text('root_span_id', index),
      version: xactId,
      place: { xactId, row: { objectId, id: text('id', index) } },
    };
  });
}

/** A plane that sorts by one field gives the rows of a transaction in no order. */
function inOrder(traces: ChangedTrace[], areSorted: boolean): readonly ChangedTrace[] {
  return areSorted ? traces : traces.sort((left, right) => compareTraces(left, right));
}

function compareTraces({ place: left }: ChangedTrace, { place: right }: ChangedTrace): number {
  if (left.xactId !== right.xactId) return left.xactId < right.xactId ? -1 : 1;
  const [leftObject, rightObject] = [left.row?.objectId ?? '', right.row?.objectId ?? ''];
  if (leftObject !== rightObject) return leftObject < rightObject ? -1 : 1;
  const [leftId, rightId] = [left.row?.id ?? null, right.row?.id ?? null];
  if (leftId === null || rightId === null)
    return Number(rightId === null) - Number(leftId === null);
  return compareKeys(leftId, rightId);
}
