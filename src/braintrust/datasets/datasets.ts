import type { Source } from '../../interfaces/index.js';
import { DATASET } from '../collections/collection-kind.js';
import { collectionMetadata } from '../collections/collection-metadata.js';
import { readCollectionOptions } from '../collections/collection-options.js';
import type { CollectionOptions } from '../collections/collection-options.js';
import { collectionRows } from '../collections/collection-rows.js';

/** Options of {@link datasetsSource}. */
export interface DatasetsSourceOptions extends CollectionOptions {
  /** Ids of the datasets, 500 at most, instead of projects. */
  readonly datasetIds?: readonly string[] | undefined;
  /**
   * Names of the datasets, 100 at most, in the one project that is given. Looked up by the first read, and kept to
   * for good. @defaultValue all datasets of the projects, also those that are made later
   */
  readonly datasetNames?: readonly string[] | undefined;
  /**
   * The transaction as of which the datasets are read, such as a version that the web application shows as
   * `_xact_id`. Once they are read, the source is at its end. @defaultValue as they are now, and all changes
   */
  readonly version?: string | undefined;
  /**
   * What happens when a dataset may not be read, such as one that is deleted during a run: `stop` ends the read,
   * `continue` leaves it where it is, tells it by an `object-error` event and reads the others.
   * @defaultValue 'stop' for datasets by id or name, else 'continue'
   */
  readonly onDatasetError?: 'stop' | 'continue' | undefined;
}

/**
 * The rows of datasets, each row version that a read can see, in the order of writing; or, with
 * `content: 'metadata'`, the datasets themselves. Reads begin and end as those of `spansSource` do. All datasets of
 * the projects that are read to the same time share queries. The identity leaves out which datasets are read: they
 * may change.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function datasetsSource(options: DatasetsSourceOptions): Source {
  const settings = readCollectionOptions('datasetsSource', DATASET, options);
  return settings.reading === undefined
    ? collectionMetadata(settings)
    : collectionRows(settings, settings.reading);
}
