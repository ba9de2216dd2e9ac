import type { OperationOptions, UnitPage } from '../../interfaces/index.js';
import { PageSize } from '../query/page-size.js';
import type { ReadContext } from './read-by-id.js';
import { RecentIds } from './recent-ids.js';
import type { RetainedRow } from './retained-row.js';
import { cursorAfter, scanCandidates } from './scan-candidates.js';
import type { CandidatePage } from './scan-candidates.js';
import { PAGE_ROWS, readContext } from './target-settings.js';
import type { ReaderSettings } from './target-settings.js';
import { readTracesAtOnce, ROOTS_PER_QUERY, traceUnitId } from './trace-reading.js';
import type { TracesRead } from './trace-reading.js';

/** So many traces are known to have been given: their spans mostly lie close together. */
const GIVEN_TRACES_KEPT = 100_000;
/**
 * So many rows of traces are read together, as far as the scan knows: one request more than their pages tells that
 * there are no others, however many they are.
 */
const GROUP_ROWS = 4_000;
/** So many rows are looked at to learn how many a trace has: its spans mostly lie within them. */
const ROWS_AHEAD = 5_000;

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
  let ahead: CandidatePage = [];
  for await (const page of scanCandidates(settings, cursor, operation)) {
    ahead = [...ahead, ...page];
    // A short page is mostly the last one, and there is nothing more to look at.
    const enough = page.length < PAGE_ROWS ? 1 : ROWS_AHEAD;
    while (ahead.length >= enough) ahead = yield* nextTraces(scan, ahead);
  }
  while (ahead.length > 0) ahead = yield* nextTraces(scan, ahead);
}

/** Gives the traces of the first rows. @returns the rows that come after theirs. */
async function* nextTraces(
  scan: TraceScan,
  rows: CandidatePage,
): AsyncGenerator<UnitPage, CandidatePage> {
  for (;;) {
    const group = nextGroup(scan, rows);
    const read = await readGroup(scan, group);
    if (read !== null) {
      scan.size.keep();
      for (const unitId of group.unitIds) scan.given.add(unitId);
      yield { units: read.units, cursor: cursorAfter(group.last), rowsRead: group.rows };
      // What comes next may be at hand already.
      scan.context.signal?.throwIfAborted();
      return rows.slice(group.rows);
    }
    while (scan.size.rows >= group.unitIds.length) scan.size.shrink();
  }
}

interface TraceGroup {
  readonly objectId: string;
  readonly unitIds: readonly string[];
  /** How many rows from the first belong to these traces, or to some that were given before. */
  readonly rows: number;
  readonly last: RetainedRow;
}

/** The traces of the first rows, as many as are read together. */
function nextGroup({ given, size }: TraceScan, rows: CandidatePage): TraceGroup {
  const known = rowsByTrace(rows);
  const unitIds = new Set<string>();
  const [first] = rows as readonly [RetainedRow];
  let last = first;
  let [count, expected] = [0, 0];
  for (const row of rows) {
    if (row.objectId !== first.objectId) break;
    const unitId = traceUnitId(row);
    if (!unitIds.has(unitId) && !given.has(unitId)) {
      expected += known.get(unitId) ?? 0;
      const isFull = unitIds.size >= size.rows || expected > GROUP_ROWS;
      if (isFull && unitIds.size > 0) break;
      unitIds.add(unitId);
    }
    last = row;
    count += 1;
  }
  return { objectId: first.objectId, unitIds: [...unitIds], rows: count, last };
}

function rowsByTrace(rows: CandidatePage): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const unitId = traceUnitId(row);
    counts.set(unitId, (counts.get(unitId) ?? 0) + 1);
  }
  return counts;
}

async function readGroup(
  { context }: TraceScan,
  { objectId, unitIds }: TraceGroup,
): Promise<Pick<TracesRead, 'units'> | null> {
  if (unitIds.length === 0) return { units: [] };
  return await readTracesAtOnce(context, { objectId, unitIds });
}
