import { SourceError } from '../../errors/index.js';
import { PageSize } from '../query/page-size.js';
import { LAST_SECOND } from '../query/xact.js';
import { selectFields } from '../records/record-kind.js';
import { scanConditions } from '../records/records-query.js';
import type { Position, ScanRange } from '../records/records-query.js';
import { scanWindow } from '../records/window-scan.js';
import type { ScanContext, ScannedPage } from '../records/window-scan.js';
import { ChangedTraces, samePlace, traceKey } from './changed-traces.js';
import type { ChangedTrace } from './changed-traces.js';
import { LIMIT_MAX, tracesWithSpan } from './trace-queries.js';
import { readSomeTraces } from './trace-contents.js';
import type { SomeTraces, TraceReading } from './trace-contents.js';
import { traceRows } from './trace-row-text.js';

/** A stretch of a scan: long enough that traces whose spans lie close together are whole in it. */
const STRETCH_PAGES = 10;
const SCAN_FIELDS = ['_xact_id', 'id', 'project_id', 'root_span_id'];

/** What a scan of traces shares with all others of its read. */
export interface TracesWindow {
  readonly context: ScanContext;
  readonly window: ScanRange;
  readonly reading: TraceReading;
  /** Most rows of a page. */
  readonly pageSize: number;
  /** How many traces are searched at a time. */
  readonly searchSize: PageSize;
}

/**
 * The traces whose last change lies in the window, each at that change: there is then no later span of it, when it
 * is chosen and once more after its row was read. One that has a later span is met again at that one, in this window
 * or in one to come. So a trace is given once for each place at which it rested, and none has to be remembered.
 */
export async function* settledTraces(scan: TracesWindow): AsyncGenerator<ScannedPage> {
  for await (const { traces, end } of stretches(scan)) {
    let left = await withoutLater(scan, traces, end);
    do {
      const some = await readSomeTraces(scan.context, left.slice(0, scan.pageSize), scan.reading);
      left = left.slice(some.taken.length);
      const page = await pageOfResting(scan, some, end);
      yield left.length === 0 ? { ...page, after: end } : page;
    } while (left.length > 0);
  }
}

interface Stretch {
  readonly traces: readonly ChangedTrace[];
  /** The place up to which the scan went. */
  readonly end: Position;
}

/** The traces that were met, some pages of spans at a time. */
async function* stretches({ context, window, pageSize }: TracesWindow): AsyncGenerator<Stretch> {
  const spans: ScanContext = {
    ...context,
    choice: {
      ...context.choice,
      shape: 'spans',
      select: selectFields(SCAN_FIELDS),
      filter: undefined,
    },
    pageSize: new PageSize(LIMIT_MAX),
  };
  const [onlyObject = ''] = window.objectIds;
  let traces = new ChangedTraces();
  let pages = 0;
  let end: Position | null = null;
  for await (const page of scanWindow(spans, window)) {
    traces.add(page, onlyObject);
    pages += 1;
    end = page.after;
    if (traces.size < pageSize && pages < STRETCH_PAGES) continue;
    yield { traces: traces.inOrder(), end };
    [traces, pages, end] = [new ChangedTraces(), 0, null];
  }
  if (end !== null) yield { traces: traces.inOrder(), end };
}

async function pageOfResting(
  scan: TracesWindow,
  { taken, contents }: SomeTraces,
  end: Position,
): Promise<ScannedPage> {
  const present = taken.filter(
    (trace) => trace.rootSpanId === null || contents.has(traceKey(trace)),
  );
  const given = await withoutLater(scan, present, end);
  for (const trace of given)
    if (contents.get(traceKey(trace))?.isStrange === true) throw noSummary(trace);
  return pageOf(given, contents, taken.at(-1)?.place ?? end);
}

/** The rows of traces as a page; `after` is the place behind all that were looked at. */
export function pageOf(
  given: readonly ChangedTrace[],
  contents: Parameters<typeof traceRows>[1],
  after: Position,
): ScannedPage {
  const places = given.map(({ place }) => place);
  const apart = places.every(
    (place, index) => index === 0 || !samePlace(place, places[index - 1] ?? place),
  );
  return {
    rows: traceRows(given, contents),
    xactIds: given.map(({ version }) => version),
    after,
    afterRow: apart ? (index) => places[index] ?? after : undefined,
  };
}

/** The traces that have no span behind a place of the scan, however new. */
async function withoutLater(
  { context, window, reading, searchSize }: TracesWindow,
  traces: readonly ChangedTrace[],
  after: Position,
): Promise<readonly ChangedTrace[]> {
  const { objectIds } = window;
  const range = { objectIds, from: 0, until: LAST_SECOND, after };
  const conditions = scanConditions(context.choice.kind, range);
  const later = await tracesWithSpan(context, traces, {
    conditions,
    until: reading.until,
    size: searchSize,
  });
  return traces.filter((trace) => !later.has(traceKey(trace)));
}

function noSummary({ objectId, rootSpanId }: ChangedTrace): SourceError {
  return new SourceError(
    'SOURCE_PROTOCOL',
    `Braintrust has a root span and no summary of the trace ${rootSpanId}.`,
    {
      remedy:
        'Nothing of it was used. Run again later; if it stays, tell the support of Braintrust.',
      details: { projectId: objectId, rootSpanId },
    },
  );
}
