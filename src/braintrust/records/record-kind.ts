import type { Json } from '../../interfaces/index.js';

/** A kind of object that holds rows, as queries name it and as its rows point at it. */
export interface RecordKind {
  /** The function of a query's `from`, such as `project_logs`, `experiment` or `project_prompts`. */
  readonly from: string;
  /**
   * The field of a row that holds the id of its object. `null` when rows have none: each object is then asked
   * for alone.
   */
  readonly objectField: string | null;
  /** What one object is called in messages, such as `project`. */
  readonly noun: string;
}

export const PROJECT_LOGS: RecordKind = Object.freeze({
  from: 'project_logs',
  objectField: 'project_id',
  noun: 'project',
});

export const EXPERIMENTS: RecordKind = Object.freeze({
  from: 'experiment',
  objectField: 'experiment_id',
  noun: 'experiment',
});

export const DATASETS: RecordKind = Object.freeze({
  from: 'dataset',
  objectField: 'dataset_id',
  noun: 'dataset',
});

/** Which rows of the objects are wanted, and what of each, besides their range. */
export interface RecordChoice {
  readonly kind: RecordKind;
  readonly shape: 'spans' | 'traces' | 'summary';
  /** Items of a parsed query's `select`; `undefined` for whole rows. */
  readonly select: readonly Json[] | undefined;
  /** An expression of a parsed query that rows must meet; text stands in it as `{ btql: text }`. */
  readonly filter: Json | undefined;
}

/** The `select` items that give top-level fields under their own names. */
export function selectFields(fields: readonly string[]): readonly Json[] {
  return fields.map((name) => ({ alias: name, expr: { op: 'ident', name: [name] } }));
}
