import type { Json, Page, ReadOptions, RowIdentity, Source } from '../../interfaces/index.js';
import { readAhead } from '../query/read-ahead.js';
import { repeatsFrom, watermarkOf } from './records-bounds.js';
import { decodeCursor, encodeCursor } from './records-cursor.js';
import { probeRecords } from './records-probe.js';
import { RecordsRead } from './records-read.js';
import { rowIdentityOf } from './records-settings.js';
import type { RecordsSettings } from './records-settings.js';
import { EMPTY_STATE, withObjects } from './records-state.js';

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
  const { cursorFormat, objectIds, lookbackSeconds, retentionSeconds } = settings;
  return Object.freeze<Source>({
    rowIdentity: rowIdentityOf(settings.kind),
    ...head,
    retentionMs: retentionSeconds === undefined ? undefined : retentionSeconds * 1_000,
    read: (readOptions) => readRecords(settings, readOptions),
    cursorAt: (date) => {
      const second = Math.max(settings.from, Math.floor(date.getTime() / 1_000));
      return encodeCursor(cursorFormat, withObjects(EMPTY_STATE, objectIds, second));
    },
    repeatsFrom: (cursor) =>
      repeatsFrom(decodeCursor(cursorFormat, cursor), objectIds, lookbackSeconds),
    watermarkOf: (cursor) => watermarkOf(decodeCursor(cursorFormat, cursor), objectIds),
    probe: (operation = {}) => probeRecords(settings, operation),
  });
}

/** One read of {@link recordsSource}: pages from a cursor on, one page ahead of the consumer. */
export async function* readRecords(
  settings: Readonly<RecordsSettings>,
  { cursor, pageSize, signal, observer }: ReadOptions,
): AsyncGenerator<Page> {
  signal?.throwIfAborted();
  yield* readAhead(
    (both) => new RecordsRead({ settings, cursor, pageSize, signal: both, observer }).pages(),
    {
      signal,
      maxBytes: READ_AHEAD_MAX_BYTES,
      bytesOf: ({ rows }) => ('byteLength' in rows ? rows.byteLength : 0),
    },
  );
}
