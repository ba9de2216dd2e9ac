import { SourceError } from '../../errors/index.js';
import { compareKeys } from '../../util/key-order.js';
import { xactIdAt } from '../query/xact.js';
import { selectFields } from '../records/record-kind.js';
import { compare } from '../records/records-query.js';
import type { Position, ScanRange } from '../records/records-query.js';
import type { ScannedPage } from '../records/window-scan.js';
import type { ChangedTrace } from './changed-traces.js';
import { traceKey } from './changed-traces.js';
import { pageOf } from './settled-traces.js';
import type { TracesWindow } from './settled-traces.js';
import { askForPage, tracesWithSpan } from './trace-queries.js';
import { readSomeTraces } from './trace-contents.js';

/** When traces that never rest are given anyway. */
export interface RestlessPlan {
  /** Sweeps lie so many seconds apart, and take traces with a change older than that; `Infinity` for none. */
  readonly everySeconds: number;
  readonly lookbackSeconds: number;
  /** How far behind the plane's clock a window ends. */
  readonly restSeconds: number;
}

/**
 * Whether a window ends in another period of sweeps than the one before it did. A window begins a lookback before
 * the end of the one before.
 */
export function isSweepDue({ from, until }: ScanRange, plan: RestlessPlan): boolean {
  const begin = Math.min(from + plan.lookbackSeconds, until);
  return Math.floor(begin / plan.everySeconds) < Math.floor(until / plan.everySeconds);
}

/** Whether the window's spans were all read: its position is in the sweep, behind every transaction of it. */
export function isInSweep({ after, until }: ScanRange): boolean {
  return after !== null && after.xactId >= xactIdAt(until);
}

/**
 * The traces that have a change behind the window's end, so that they were passed over, and one older than a period
 * of sweeps. Each is given once, in the order of projects and ids, under the highest version that the window could
 * have given: it lies below that of the trace once it rests, and no other window has it.
 */
export async function* restlessTraces(
  scan: TracesWindow,
  plan: RestlessPlan,
): AsyncGenerator<ScannedPage> {
  const { window } = scan;
  const begin = isInSweep(window) ? (window.after?.row ?? null) : null;
  let since = window.until;
  for (const objectId of window.objectIds) {
    if (begin !== null && objectId < begin.objectId) continue;
    let after = begin?.objectId === objectId ? (begin.id ?? '') : '';
    for (;;) {
      const { traces, now } = await changedBehind(scan, { objectId, after, since });
      const lately = Math.floor(now - plan.restSeconds - plan.everySeconds);
      if (since === window.until && lately > since) {
        // Long after the window's end, most that changed behind it rests by now: only what still goes on is looked for.
        since = lately;
        continue;
      }
      const last = traces.at(-1);
      if (last === undefined) break;
      yield* readRestless(scan, traces, plan);
      after = last.rootSpanId ?? '';
    }
  }
}

interface ChangedBehind {
  readonly traces: readonly ChangedTrace[];
  /** The plane's clock, seconds since 1970. */
  readonly now: number;
}

interface Behind {
  readonly objectId: string;
  /** The trace behind which to go on. */
  readonly after: string;
  /** Seconds since 1970, at the window's end or behind it. */
  readonly since: number;
}

/** The next traces of a project with a change behind the window's end. */
async function changedBehind(
  { context, window, reading, searchSize }: TracesWindow,
  { objectId, after, since }: Behind,
): Promise<ChangedBehind> {
  const query = {
    shape: 'spans' as const,
    objectIds: [objectId],
    select: selectFields(['root_span_id']),
    conditions: [compare('ge', '_xact_id', xactIdAt(since)), compare('gt', 'root_span_id', after)],
    sort: ['root_span_id'],
    until: reading.until,
  };
  const { rows, planeNow } = await askForPage(context, query, searchSize);
  const ids = rows.fields(['root_span_id'])['root_span_id'] ?? [];
  const rootSpanIds = ascending([after, ...ids.map((id) => id ?? '')]).slice(1);
  return {
    traces: rootSpanIds.map((rootSpanId) => ({
      objectId,
      rootSpanId,
      version: versionOfSweep(window),
      place: placeInSweep(window, objectId, rootSpanId),
    })),
    now: (planeNow?.getTime() ?? 0) / 1_000,
  };
}

/** The texts without repetitions; they must be in order, or the sweep would never end. */
function ascending(texts: readonly string[]): readonly string[] {
  const unique = [...new Set(texts)];
  const ordered = unique.every(
    (text, index) => index === 0 || compareKeys(unique[index - 1] ?? '', text) < 0,
  );
  if (ordered) return unique;
  throw new SourceError('SOURCE_PROTOCOL', 'Braintrust answered traces in no order.', {
    remedy: 'Set `maxOpenMs` to Infinity: traces that never rest are then not given.',
  });
}

async function* readRestless(
  scan: TracesWindow,
  found: readonly ChangedTrace[],
  { everySeconds }: RestlessPlan,
): AsyncGenerator<ScannedPage> {
  const { context, window, reading, pageSize, searchSize } = scan;
  const before = xactIdAt(Math.max(0, Math.ceil(window.until - everySeconds)));
  const old = await tracesWithSpan(context, found, {
    conditions: [compare('lt', '_xact_id', before)],
    until: reading.until,
    size: searchSize,
  });
  let left = found.filter((trace) => old.has(traceKey(trace)));
  do {
    const { taken, contents } = await readSomeTraces(context, left.slice(0, pageSize), reading);
    // One whose summary is not there yet is left to the next sweep.
    const given = taken.filter((trace) => contents.get(traceKey(trace))?.isStrange === false);
    left = left.slice(taken.length);
    const end = (left.length > 0 ? taken : found).at(-1)?.place;
    yield pageOf(given, contents, end ?? placeInSweep(window, '', ''));
  } while (left.length > 0);
}

/** No span of the window has a higher one, and hardly any has this one. */
function versionOfSweep({ until }: ScanRange): string {
  return String(BigInt(xactIdAt(until)) - 1n);
}

function placeInSweep({ until }: ScanRange, objectId: string, rootSpanId: string): Position {
  return { xactId: xactIdAt(until), row: { objectId, id: rootSpanId } };
}
