import type { OperationOptions, UnitPage } from '../../interfaces/index.js';
import { PageSize } from '../query/page-size.js';
import type { ReadContext } from './read-by-id.js';
import { RecentIds } from './recent-ids.js';
import type { RetainedRow } from './retained-row.js';
import { cursorAfter, scanCandidates } from './scan-candidates.js';
import type { CandidatePage } from './scan-candidates.js';
import { readContext } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';
import { readTracesAtOnce, ROOTS_PER_QUERY, traceUnitId } from './trace-reading.js';
import type { TracesRead } from './trace-reading.js';

/** So many traces are known to have been given: their spans mostly lie close together. */
const GIVEN_TRACES_KEPT = 100_000;

/** What the pages of one read share. */
interface TraceScan {
  readonly context: ReadContext;
  readonly given: RecentIds;
  /** How many traces are read at a time. */
  readonly size: PageSize;
}

/**
 * Gives the traces that have a row in the scope, whole, in the order of those rows. A trace that was given not long
 * before is left out.
 */
export async function* traceUnits(
  settings: ReaderSettings,
  cursor: string | null,
  operation: OperationOptions,
): AsyncGenerator<UnitPage> {
  const scan: TraceScan = {
    context: readContext(settings, operation),
    given: new RecentIds(GIVEN_TRACES_KEPT),
    size: new PageSize(ROOTS_PER_QUERY),
  };
  for await (const page of scanCandidates(settings, cursor, operation)) yield* tracesOf(scan, page);
}

async function* tracesOf(scan: TraceScan, page: CandidatePage): AsyncGenerator<UnitPage> {
  for (let from = 0; from < page.length;) {
    const group = nextGroup(scan, page.slice(from));
    const read = await readGroup(scan, group);
    if (read === null) {
      while (scan.size.rows >= group.unitIds.length) scan.size.shrink();
      continue;
    }
    scan.size.keep();
    for (const unitId of group.unitIds) scan.given.add(unitId);
    from += group.rows;
    yield { units: read.units, cursor: cursorAfter(group.last), rowsRead: group.rows };
  }
}

interface TraceGroup {
  readonly objectId: string;
  readonly unitIds: readonly string[];
  /** How many rows from the first belong to these traces, or to some that were given before. */
  readonly rows: number;
  readonly last: RetainedRow;
}

/** The traces of the first rows, as many as are read at a time. */
function nextGroup({ given, size }: TraceScan, rows: CandidatePage): TraceGroup {
  const unitIds = new Set<string>();
  let last = rows[0] as RetainedRow;
  let count = 0;
  for (const row of rows) {
    const unitId = traceUnitId(row);
    const isNew = !unitIds.has(unitId) && !given.has(unitId);
    if (isNew && unitIds.size >= size.rows) break;
    if (isNew) unitIds.add(unitId);
    last = row;
    count += 1;
  }
  return { objectId: last.objectId, unitIds: [...unitIds], rows: count, last };
}

async function readGroup(
  { context }: TraceScan,
  { objectId, unitIds }: TraceGroup,
): Promise<Pick<TracesRead, 'units'> | null> {
  if (unitIds.length === 0) return { units: [] };
  return await readTracesAtOnce(context, { objectId, unitIds });
}
