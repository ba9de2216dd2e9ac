import type { Source } from '../../interfaces/index.js';
import { EXPERIMENT } from '../collections/collection-kind.js';
import { collectionMetadata } from '../collections/collection-metadata.js';
import { readCollectionOptions } from '../collections/collection-options.js';
import type { CollectionOptions } from '../collections/collection-options.js';
import { collectionRows } from '../collections/collection-rows.js';

/** Options of {@link experimentsSource}. */
export interface ExperimentsSourceOptions extends CollectionOptions {
  /** Ids of the experiments, 500 at most, instead of projects. */
  readonly experimentIds?: readonly string[] | undefined;
  /**
   * Names of the experiments, 100 at most, in the one project that is given. Looked up by the first read, and kept
   * to for good. @defaultValue all experiments of the projects, also those that are made later
   */
  readonly experimentNames?: readonly string[] | undefined;
  /**
   * What happens when an experiment may not be read, such as one that is deleted during a run: `stop` ends the read,
   * `continue` leaves it where it is, tells it by an `object-error` event and reads the others.
   * @defaultValue 'stop' for experiments by id or name, else 'continue'
   */
  readonly onExperimentError?: 'stop' | 'continue' | undefined;
}

/**
 * The rows of experiments, each row version that a read can see, in the order of writing; or, with
 * `content: 'metadata'`, the experiments themselves. Reads begin and end as those of `spansSource` do. All
 * experiments of the projects that are read to the same time share queries. The identity leaves out which
 * experiments are read: they may change.
 * @throws ConfigurationError `OPTION_INVALID` naming every wrong option.
 */
export function experimentsSource(options: ExperimentsSourceOptions): Source {
  const settings = readCollectionOptions('experimentsSource', EXPERIMENT, options);
  return settings.reading === undefined
    ? collectionMetadata(settings)
    : collectionRows(settings, settings.reading);
}
