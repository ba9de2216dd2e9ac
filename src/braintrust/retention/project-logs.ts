import type { RetentionTarget } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { PROJECT_LOGS } from '../records/record-kind.js';
import { emptyQuery } from '../records/records-query.js';
import { rowsTarget, TARGET_CLIENT } from './rows-target.js';

/** Options of {@link projectLogs}. */
export interface ProjectLogsOptions {
  /** Deletes with its key, within its request budget. */
  readonly client: BraintrustClient;
  /** Id of the project. */
  readonly projectId: string;
}

/**
 * The logs of a project, by the creation time of the rows: whole traces, which go when their last span is old enough,
 * by creation and by last change, children before roots; or single rows, as the service itself does it, which cuts
 * traces. Attachments stay. Rows that were exported by `spansSource` prove these.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function projectLogs(options: ProjectLogsOptions): RetentionTarget {
  const { client, projectId } = readOptions('projectLogs', options, (reader) => ({
    client: reader.adapter<BraintrustClient>('client', TARGET_CLIENT),
    projectId: reader.string('projectId'),
  }));
  return rowsTarget({
    name: 'braintrust-project-logs',
    identity: { apiUrl: client.apiUrl, projectId },
    units: ['trace', 'row'],
    objectId: projectId,
    client,
    kind: PROJECT_LOGS,
    originType: 'project_logs',
    sourceName: 'braintrust-spans',
    rowUnitId: ({ id }) => id,
    findObjects: () => Promise.resolve({ objectIds: [projectId], projectIds: [projectId] }),
    askClock: async (operation) => {
      const { planeNow } = await client.query(emptyQuery(PROJECT_LOGS, projectId), operation);
      return planeNow;
    },
  });
}
