import { DATASETS, EXPERIMENTS } from '../records/record-kind.js';
import type { RecordKind } from '../records/record-kind.js';

/** Experiments or datasets: objects with rows of their own that belong to a project. */
export interface CollectionKind {
  /** What one is called, and the name of its list in the REST API. */
  readonly noun: 'experiment' | 'dataset';
  readonly records: RecordKind;
  /** Names of the options that are spelt by the kind. */
  readonly options: {
    readonly ids: 'experimentIds' | 'datasetIds';
    readonly names: 'experimentNames' | 'datasetNames';
    readonly onError: 'onExperimentError' | 'onDatasetError';
  };
}

export const EXPERIMENT: CollectionKind = Object.freeze<CollectionKind>({
  noun: 'experiment',
  records: EXPERIMENTS,
  options: { ids: 'experimentIds', names: 'experimentNames', onError: 'onExperimentError' },
});

export const DATASET: CollectionKind = Object.freeze<CollectionKind>({
  noun: 'dataset',
  records: DATASETS,
  options: { ids: 'datasetIds', names: 'datasetNames', onError: 'onDatasetError' },
});
