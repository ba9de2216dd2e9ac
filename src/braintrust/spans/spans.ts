import type { Json, Page, ReadOptions, Source } from '../../interfaces/index.js';
import { readAhead } from '../query/read-ahead.js';
import { repeatsFrom, watermarkOf } from './spans-bounds.js';
import { decodeCursor, encodeCursor } from './spans-cursor.js';
import { readSpansOptions, SPAN_IDENTITY } from './spans-options.js';
import type { SpansSettings, SpansSourceOptions } from './spans-options.js';
import { probeSpans } from './spans-probe.js';
import { SpansRead } from './spans-read.js';
import { withProjects, EMPTY_STATE } from './spans-state.js';

/** A page above this size is worked off before the next one is fetched. */
const READ_AHEAD_MAX_BYTES = 32 * 1024 * 1024;

/**
 * The spans of one or more projects, each row version that a read can see, in the order of writing.
 *
 * A read ends where the plane's clock stood at its beginning, less `settleMs`, and goes on from the cursor the next
 * time; a row that was updated since comes again as a new version. Each read begins `lookbackMs` before the end of
 * the last one: those rows are marked as repeats. Pages of up to 1,000 rows; smaller while the service cannot
 * answer so many. The identity leaves out which projects are read: they may change.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function spansSource(options: SpansSourceOptions): Source {
  const settings = readSpansOptions(options);
  const { projectIds, lookbackSeconds, retentionSeconds } = settings;
  return Object.freeze<Source>({
    name: 'braintrust-spans',
    identity: identityOf(settings),
    rowIdentity: SPAN_IDENTITY,
    retentionMs: retentionSeconds === undefined ? undefined : retentionSeconds * 1_000,
    read: (readOptions) => readSpans(settings, readOptions),
    cursorAt: (date) => {
      const second = Math.max(settings.from, Math.floor(date.getTime() / 1_000));
      return encodeCursor(withProjects(EMPTY_STATE, projectIds, second));
    },
    repeatsFrom: (cursor) => repeatsFrom(decodeCursor(cursor), projectIds, lookbackSeconds),
    watermarkOf: (cursor) => watermarkOf(decodeCursor(cursor), projectIds),
    probe: (operation = {}) => probeSpans(settings, operation),
  });
}

async function* readSpans(
  settings: Readonly<SpansSettings>,
  { cursor, pageSize, signal, observer }: ReadOptions,
): AsyncGenerator<Page> {
  signal?.throwIfAborted();
  yield* readAhead(
    (both) => new SpansRead({ settings, cursor, pageSize, signal: both, observer }).pages(),
    {
      signal,
      maxBytes: READ_AHEAD_MAX_BYTES,
      bytesOf: ({ rows }) => ('byteLength' in rows ? rows.byteLength : 0),
    },
  );
}

function identityOf(settings: Readonly<SpansSettings>): Json {
  const { client, filter, columns, from, until } = settings;
  return {
    apiUrl: client.apiUrl,
    filter: filter ?? null,
    columns: columns ?? null,
    from,
    until,
  };
}
