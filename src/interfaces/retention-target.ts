import type { Json, OperationOptions, ProbeStep } from './common.js';

/**
 * What is deleted together, or not at all: one row; all spans of one trace; one experiment with its rows.
 */
export type RetentionUnit = 'row' | 'trace' | 'experiment';

/** A rule that exempts rows from deletion. A unit is exempt when one of its rows is. */
export type Hold =
  /** Ids of rows, of root spans, or of experiments. */
  | { readonly name?: string | undefined; readonly ids: readonly string[] }
  /** Rows, or experiments, that have one of these tags. */
  | { readonly name?: string | undefined; readonly tags: readonly string[] }
  /** Rows for which this BTQL expression is true. */
  | { readonly name?: string | undefined; readonly filter: string }
  /** Rows, or objects, that rows of experiments or datasets of the same project name as their `origin`. */
  | {
      readonly name?: string | undefined;
      readonly referencedBy: readonly ('experiments' | 'datasets')[];
    };

/** A row as retention sees it: what names it and what decides about it, never its content. */
export interface TargetRow {
  /** Id of the project, experiment or dataset that holds the row. */
  readonly objectId: string;
  readonly id: string;
  /** Changes with every write of the row; versions compare as text. */
  readonly version: string;
  /** Creation time as the row has it, in ISO 8601; `null` when it has none. */
  readonly created: string | null;
  /** Whether the other rows of its unit hang on it: it is deleted last. */
  readonly isRoot: boolean;
  /** Which of the scope's holds exempt it, by their places. */
  readonly heldBy: readonly number[];
}

/** A unit with all rows that it has now, also those that are not old enough. */
export interface TargetUnit {
  readonly id: string;
  readonly rows: readonly TargetRow[];
  /** More rows than one unit may have here: `rows` is cut, and the unit cannot be judged. */
  readonly isTooLarge: boolean;
  /** The object that goes with the unit, after its rows; `null` when the unit is rows only. */
  readonly object: TargetObject | null;
}

/** An object that is deleted as a whole, such as an experiment. */
export interface TargetObject {
  readonly id: string;
  readonly created: string | null;
  readonly heldBy: readonly number[];
  /** What the service says of it: the receipt keeps it, so that it can be made again. */
  readonly members: Json;
}

/** Some units, and where to go on after them. */
export interface UnitPage {
  readonly units: readonly TargetUnit[];
  /** Resumes after the units of this page. Opaque, at most 16 KiB. */
  readonly cursor: string;
  /** Candidate rows that were read to find the units. */
  readonly rowsRead: number;
}

/** Rows that are deleted by one request: whole units, or a part of one that is too many for a request. */
export interface DeletionBatch {
  readonly units: readonly TargetUnit[];
  /** True when rows of its only unit are left out because they go with other batches. */
  readonly isPart: boolean;
}

/** The rows of a batch as they are now. */
export interface Reread {
  /**
   * The batch's units with all rows that they have now. Of a part, its own rows that are still there, and every row
   * of the unit that lies outside of the scope's `cutoff` or `before`.
   */
  readonly units: readonly TargetUnit[];
  /** The host's clock just before the first request was sent. */
  readonly readAt: Date;
}

/** Which rows a policy is about. */
export interface RetentionScope {
  readonly unit: RetentionUnit;
  /** Only what was created before. */
  readonly cutoff: Date;
  /** Only versions that were written before this whole second. */
  readonly before: Date;
  readonly holds: readonly Hold[];
}

/** How many there are, counted by the service. */
export interface Survey {
  /** What is counted. */
  readonly of: 'rows' | 'experiments';
  /** All that exist now. */
  readonly existing: number;
  /** Those in the scope; no fewer than what may go. Held ones may be among them. */
  readonly candidates: number;
  /** Candidates by the UTC day of their creation, ascending. */
  readonly days: readonly { readonly day: string; readonly count: number }[];
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** When a request that deletes may be sent, by the host's clock; both ends count. */
export interface SendWindow {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * A target with one scope.
 *
 * Contract:
 * - `units` gives every unit that has a row in the scope, whole, at least once; a unit may come again. The order is
 *   fixed; a cursor resumes strictly after its page.
 * - `remove` and `removeObject` send one request and never repeat it: when they reject, it may have happened. They
 *   reject with a retryable error and send nothing when the window is over (`SEND_TOO_LATE`).
 * - `reread` reserves what the request that follows it needs, so that both can be sent without a wait between them.
 */
export interface TargetReader {
  survey(options: OperationOptions): Promise<Survey>;
  units(cursor: string | null, options: OperationOptions): AsyncIterable<UnitPage>;
  reread(batch: DeletionBatch, options: OperationOptions): Promise<Reread>;
  /** Deletes rows, in their order. All of them are of one object. */
  remove(rows: readonly TargetRow[], options: OperationOptions & SendWindow): Promise<void>;
  /** Which of these rows are there, in any version. */
  remaining(
    rows: readonly TargetRow[],
    options: OperationOptions,
  ): Promise<readonly Pick<TargetRow, 'objectId' | 'id' | 'version'>[]>;
  removeObject?(object: TargetObject, options: OperationOptions & SendWindow): Promise<void>;
  /** Whether the object is there. */
  objectRemains?(object: TargetObject, options: OperationOptions): Promise<boolean>;
}

/**
 * What a retention policy deletes from. Made by `projectLogs`, `experiments` and `datasets`.
 *
 * Failures are `SourceError`s; an abort rejects with `signal.reason`.
 */
export interface RetentionTarget {
  /** Stable name in kebab case. */
  readonly name: string;
  /** What is deleted from: a policy keeps to it. */
  readonly identity: Json;
  /** The units that it can delete, the default first. */
  readonly units: readonly RetentionUnit[];
  /** The object whose rows go, or `null` when there are several that only a read can find. */
  readonly objectId: string | null;
  /**
   * Why rows that were exported from a source do not prove rows of this target, or `null` when they do.
   * @param source name and identity of the source, as a manifest holds them.
   */
  proofProblem(source: Json): string | null;
  /** The lowest version that can be written at this whole second or later: `xactIdAt` of its second. */
  versionAt(date: Date): string;
  /** The plane's clock, which decides about ages. In whole seconds. */
  now(options: OperationOptions): Promise<Date>;
  /** Looks up what the holds need, once. */
  open(scope: RetentionScope, options: OperationOptions): Promise<TargetReader>;
  /** Steps of `test()`: rights to read and to delete, the filters of the holds, the clock. Deletes nothing. */
  probe(holds: readonly Hold[], options: OperationOptions): AsyncIterable<ProbeStep>;
}
