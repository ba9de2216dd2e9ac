import type { Json, Source } from '../../interfaces/index.js';
import { projectScope } from '../projects/project-scope.js';
import { PROJECT_LOGS, selectFields } from '../records/record-kind.js';
import type { CursorFormat } from '../records/records-cursor.js';
import { recordsSource } from '../records/records-source.js';
import { readSpansOptions } from './spans-options.js';
import type { SpansSettings, SpansSourceOptions } from './spans-options.js';

export const SPANS_CURSOR: CursorFormat = Object.freeze({
  name: 'spans',
  version: 1,
  objects: 'projects',
});

/** Most projects that share one query. */
const PROJECTS_PER_QUERY = 25;

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
  const { client, projectIds, filter, columns, from, until } = settings;
  const { settleMs, lookbackSeconds, retentionSeconds, onProjectError } = settings;
  return recordsSource(
    { name: 'braintrust-spans', identity: identityOf(settings) },
    {
      client,
      kind: PROJECT_LOGS,
      shape: 'spans',
      objectIds: projectIds,
      scope: projectScope(client, settings.projects),
      select: columns && selectFields(columns),
      filter: filter === undefined ? undefined : { btql: filter },
      parameters: {},
      from,
      until,
      settleMs,
      lookbackSeconds,
      retentionSeconds,
      cursorFormat: SPANS_CURSOR,
      objectsPerQuery: PROJECTS_PER_QUERY,
      onObjectError: onProjectError,
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
