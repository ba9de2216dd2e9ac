import { scanWindow } from '../records/window-scan.js';
import type { ScanContext } from '../records/window-scan.js';
import { kindOfSource, rowChoiceOf } from './row-choice.js';
import { askSecond, countTornRows, withPreviewLength } from './row-query.js';
import { rowsWithIds } from './snapshot-rows.js';
import type { SnapshotContext, SnapshotReading } from './snapshot-rows.js';

/** Most objects that share one query. */
const OBJECTS_PER_QUERY = 25;

/** Reads rows in the order of writing, up to where the plane's clock stood at the beginning. */
export async function* readWindow(context: SnapshotContext): SnapshotReading {
  const { settings } = context;
  const { from: source, limit = Infinity, previewLength } = settings.query;
  const choice = rowChoiceOf(settings.query, kindOfSource(source?.kind ?? 'project_logs'));
  const second = await askSecond(context, choice);
  const end = Math.max(0, Math.floor(second - settings.settleMs / 1_000));
  const until = Math.min(settings.until, end);
  const scan: ScanContext = {
    client: withPreviewLength(settings.client, previewLength),
    choice: { ...choice, shape: 'spans' },
    parameters: settings.parameters,
    pageSize: context.pageSize,
    oneSortField: false,
    // A snapshot has no place before which rows could have expired.
    checkClock: () => undefined,
    signal: context.signal,
    observer: context.observer,
  };
  let place = 0;
  const groups = settings.from < until ? groupsOf(source?.ids ?? []) : [];
  for (const objectIds of groups) {
    const range = { objectIds, from: settings.from, until, after: null };
    for await (const { rows } of scanWindow(scan, range)) {
      const wanted = rows.slice(0, Math.min(rows.length, limit - place));
      yield rowsWithIds(wanted, { kind: choice.kind, place, removed: choice.added });
      place += wanted.length;
      if (place >= limit) break;
    }
    if (place >= limit) break;
  }
  // What was written after an end that the host chose is none of the result's.
  const tornRows = until < end ? 0 : await countTornRows(context, choice, until);
  return { takenAt: until, tornRows };
}

function groupsOf(ids: readonly string[]): readonly string[][] {
  const count = Math.ceil(ids.length / OBJECTS_PER_QUERY);
  const startOf = (at: number): number => at * OBJECTS_PER_QUERY;
  return Array.from({ length: count }, (_, at) => ids.slice(startOf(at), startOf(at + 1)));
}
