import type { Source } from '../../interfaces/index.js';
import { pinOf } from '../projects/name-pins.js';
import type { ObjectScope } from '../records/object-scope.js';
import { selectFields } from '../records/record-kind.js';
import { recordsSource } from '../records/records-source.js';
import type { CollectionSettings, RowsSettings } from './collection-options.js';
import { findCollections } from './find-collections.js';

/** The rows of experiments or datasets, each row version that a read can see, in the order of writing. */
export function collectionRows(
  settings: Readonly<CollectionSettings>,
  rows: Readonly<RowsSettings>,
): Source {
  const { kind, client, ids } = settings;
  const { filter, columns, from, until, version } = rows;
  const name = `braintrust-${kind.noun}s`;
  return recordsSource(
    {
      name,
      identity: {
        apiUrl: client.apiUrl,
        filter: filter ?? null,
        columns: columns ?? null,
        from,
        until,
        ...(version === undefined ? {} : { version }),
      },
    },
    {
      ...rows,
      client,
      kind: kind.records,
      shape: 'spans',
      objectIds: ids,
      scope: ids.length > 0 ? undefined : collectionScope(settings),
      select: columns && selectFields(columns),
      filter: filter === undefined ? undefined : { btql: filter },
      parameters: { version },
      retentionSeconds: undefined,
      cursorFormat: { name: `${kind.noun}s`, version: 1, objects: 'objects', digests: true },
    },
  );
}

/** What each read lists: it costs no query to know of objects that are new or gone. */
function collectionScope(settings: Readonly<CollectionSettings>): ObjectScope {
  const { kind, names } = settings;
  return {
    open: names.length === 0,
    idsOf: (pins) => names.map((name) => pins.get(pinOf(kind.noun, name)) ?? name),
    find: async (pins, operation) => {
      const { ids, ...found } = await findCollections({ settings, pins, operation });
      return { objectIds: ids, pins: found.pins, planeNow: found.planeNow };
    },
  };
}
