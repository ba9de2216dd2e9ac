import type { OperationOptions, RetentionTarget } from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import type { OptionReader } from '../../options/index.js';
import type { BraintrustClient } from '../client/client.js';
import { DATASET } from '../collections/collection-kind.js';
import { findCollections } from '../collections/find-collections.js';
import { readTexts } from '../projects/project-scope.js';
import { DATASETS } from '../records/record-kind.js';
import { emptyQuery } from '../records/records-query.js';
import { rowsTarget, TARGET_CLIENT } from './rows-target.js';
import type { RowObjects } from './rows-target.js';

/** Options of {@link datasets}. One of the three that choose datasets is needed. */
export interface DatasetsOptions {
  /** Deletes with its key, within its request budget. */
  readonly client: BraintrustClient;
  /** Id of a project: all datasets that it has when rows are looked for. */
  readonly projectId?: string | undefined;
  /** Id of the dataset. */
  readonly datasetId?: string | undefined;
  /** Ids of several datasets, 500 at most. */
  readonly datasetIds?: readonly string[] | undefined;
}

const DATASETS_MAX = 500;
const OPTIONS = ['projectId', 'datasetId', 'datasetIds'] as const;

/** Which datasets: all of a project, or those of the ids. */
interface DatasetChoice {
  readonly client: BraintrustClient;
  readonly projectId: string | undefined;
  /** Ascending, without duplicates. */
  readonly ids: readonly string[];
}

/**
 * The rows of datasets, by their creation time; the datasets themselves stay and can be written again. Rows that were
 * exported by `datasetsSource` prove these.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function datasets(options: DatasetsOptions): RetentionTarget {
  const choice = readOptions('datasets', options, readChoice);
  const { client, projectId, ids } = choice;
  const [only = null] = ids.length === 1 ? ids : [];
  return rowsTarget({
    name: 'braintrust-datasets',
    identity: {
      apiUrl: client.apiUrl,
      ...(projectId === undefined ? { datasetIds: ids } : { projectId }),
    },
    units: ['row'],
    objectId: only,
    client,
    kind: DATASETS,
    originType: 'dataset',
    sourceName: 'braintrust-datasets',
    // Two datasets may have rows of one id.
    rowUnitId: ({ objectId, id }) => `${objectId}/${id}`,
    findObjects: (operation) => findDatasets(choice, operation),
    askClock: (operation) => askClock(choice, operation),
  });
}

function readChoice(reader: OptionReader): DatasetChoice {
  const client = reader.adapter<BraintrustClient>('client', TARGET_CLIENT);
  const given = OPTIONS.filter((name) => reader.has(name));
  const [option] = given;
  if (option === undefined || given.length > 1) {
    const text = 'or `datasetId` or `datasetIds` must be given, and only one of them';
    reader.problem('projectId', text);
    return { client, projectId: undefined, ids: [] };
  }
  const ids = readTexts(reader, option, DATASETS_MAX);
  if (option === 'projectId') return { client, projectId: ids[0], ids: [] };
  return { client, projectId: undefined, ids };
}

async function findDatasets(
  { client, projectId, ids }: DatasetChoice,
  operation: OperationOptions,
): Promise<RowObjects> {
  const projects = { ids: projectId === undefined ? [] : [projectId], names: [] };
  const settings = { kind: DATASET, client, projects, ids, names: [], reading: undefined };
  const found = await findCollections({ settings, pins: new Map(), operation });
  const owners = found.objects.map(({ members }) => String(members['project_id']));
  return { objectIds: found.ids, projectIds: [...new Set(owners)].sort() };
}

async function askClock(
  { client, projectId, ids }: DatasetChoice,
  operation: OperationOptions,
): Promise<Date | null> {
  const [datasetId] = ids;
  if (datasetId !== undefined) {
    const { planeNow } = await client.query(emptyQuery(DATASETS, datasetId), operation);
    return planeNow;
  }
  const search = new URLSearchParams({ limit: '1', project_id: projectId ?? '' });
  const { planeNow } = await client.get(`/v1/dataset?${search.toString()}`, operation);
  return planeNow;
}
