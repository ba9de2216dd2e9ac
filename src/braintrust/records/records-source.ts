import { assert } from '../../errors/index.js';
import type {
  Cursor,
  Json,
  Page,
  ReadOptions,
  RowIdentity,
  Source,
} from '../../interfaces/index.js';
import { readAhead } from '../query/read-ahead.js';
import { repeatsFrom, watermarkOf } from './records-bounds.js';
import { decodeCursor, encodeCursor, pinsOf } from './records-cursor.js';
import { probeRecords } from './records-probe.js';
import { RecordsRead } from './records-read.js';
import { rowIdentityOf } from './records-settings.js';
import type { RecordsSettings } from './records-settings.js';
import { EMPTY_STATE, withObjects } from './records-state.js';
import type { RecordsState } from './records-state.js';

/** A page above this size is worked off before the next one is fetched. */
const READ_AHEAD_MAX_BYTES = 32 * 1024 * 1024;

/** What a source of rows says of itself. */
export interface RecordsSourceHead {
  readonly name: string;
  readonly identity: Json;
  /** @defaultValue that of the kind's rows */
  readonly rowIdentity?: RowIdentity;
}

/**
 * A source of the rows of one or more objects of one kind: each row version that a read can see, in the order of
 * writing. A read ends where the plane's clock stood at its beginning, less the settle delay; the next one begins
 * a lookback before that end, and marks what it reads again as repeats.
 */
export function recordsSource(
  head: RecordsSourceHead,
  settings: Readonly<RecordsSettings>,
): Source {
  const { cursorFormat, objectIds, scope, lookbackSeconds, retentionSeconds } = settings;
  assert(scope !== undefined || objectIds.length > 0, 'a source has objects to read');
  return Object.freeze<Source>({
    rowIdentity: rowIdentityOf(settings.kind),
    ...head,
    retentionMs: retentionSeconds === undefined ? undefined : retentionSeconds * 1_000,
    read: (readOptions) => readRecords(settings, readOptions),
    cursorAt: (date, left = null) => {
      const second = Math.max(settings.from, Math.floor(date.getTime() / 1_000));
      return encodeCursor(cursorFormat, stateAt(settings, second, left));
    },
    repeatsFrom: (cursor) => {
      const ids = idsOfCursor(settings, cursor);
      const state = decodeCursor(cursorFormat, cursor, ids ?? []);
      return repeatsFrom(state, ids, lookbackSeconds);
    },
    watermarkOf: (cursor) => {
      const ids = idsOfCursor(settings, cursor);
      return watermarkOf(decodeCursor(cursorFormat, cursor, ids ?? []), ids);
    },
    readsObject: (objectId) => (scope === undefined ? objectIds.includes(objectId) : null),
    probe: (operation = {}) => probeRecords(settings, operation),
  });
}

/** One read of {@link recordsSource}: pages from a cursor on, one page ahead of the consumer. */
async function* readRecords(
  settings: Readonly<RecordsSettings>,
  { cursor, pageSize, signal, observer }: ReadOptions,
): AsyncGenerator<Page> {
  signal?.throwIfAborted();
  yield* readAhead((both) => readFound(settings, { cursor, pageSize, signal: both, observer }), {
    signal,
    maxBytes: READ_AHEAD_MAX_BYTES,
    bytesOf: ({ rows }) => ('byteLength' in rows ? rows.byteLength : 0),
  });
}

async function* readFound(
  settings: Readonly<RecordsSettings>,
  options: ReadOptions,
): AsyncGenerator<Page> {
  const { scope, cursorFormat } = settings;
  const found = await scope?.find(pinsOf(cursorFormat, options.cursor), options);
  yield* new RecordsRead({ ...options, settings, found }).pages();
}

/** The objects whose progress decides about a cursor; `null` for all that are in it. */
function idsOfCursor(
  { cursorFormat, scope, objectIds }: Readonly<RecordsSettings>,
  cursor: Cursor,
): readonly string[] | null {
  if (scope === undefined) return objectIds;
  return scope.open ? null : scope.idsOf(pinsOf(cursorFormat, cursor));
}

/** Nothing read yet, from a second on. What names stand for stays as it was. */
function stateAt(
  { cursorFormat, scope, objectIds }: Readonly<RecordsSettings>,
  since: number,
  left: Cursor | null,
): RecordsState {
  if (scope === undefined) return withObjects(EMPTY_STATE, objectIds, since);
  return { ...EMPTY_STATE, since, pins: pinsOf(cursorFormat, left) };
}
