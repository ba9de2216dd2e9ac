import type { AttachmentProblem } from './attachments.js';
import type { RetentionEvent } from './retention-events.js';

/**
 * What happened, as it happens. Events carry counts, times, keys and codes; never rows, secrets or signed URLs.
 * Every event of a run has the export's id, or that of the retention policy.
 */
export type ExportEvent =
  | RunStartEvent
  | PageReadEvent
  | CommitEvent
  | RecoveryEvent
  | LateRowsEvent
  | RowRejectEvent
  | RowDropEvent
  | LargeRowEvent
  | AttachmentErrorEvent
  | RequestEvent
  | RetryEvent
  | SourceBehindEvent
  | ProjectErrorEvent
  | ObjectErrorEvent
  | TornRowsEvent
  | PartitionLimitEvent
  | AtRiskEvent
  | StrayRemoveEvent
  | LeaseLossEvent
  | RunEndEvent
  | RetentionEvent;

/** Receives events synchronously. Keep it quick; what it throws is ignored. */
export type Observer = (event: ExportEvent) => void;

export interface RunStartEvent {
  readonly type: 'run-start';
  readonly exportId: string;
  readonly runId: string;
  readonly generation: number;
  readonly fencingToken: number;
}

export interface PageReadEvent {
  readonly type: 'page-read';
  readonly exportId: string;
  readonly rows: number;
  readonly bytes: number;
  /** How far behind now the data now being read is, in milliseconds, when the source tells. */
  readonly lagMs: number | null;
}

/** A commit is visible and durable: its manifest can be read. */
export interface CommitEvent {
  readonly type: 'commit';
  readonly exportId: string;
  readonly sequence: number;
  readonly manifestKey: string;
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  readonly watermark: Date | null;
}

/** A commit that an earlier run had decided was carried out by this one. */
export interface RecoveryEvent {
  readonly type: 'recovery';
  readonly exportId: string;
  readonly sequence: number;
  readonly outcome: 'rolled-forward' | 'exported-again';
}

/** Rows that surfaced after their time had been read. They are exported, not lost. */
export interface LateRowsEvent {
  readonly type: 'late-rows';
  readonly exportId: string;
  readonly rows: number;
}

/** A row went to the dead letters instead of an object. */
export interface RowRejectEvent {
  readonly type: 'row-reject';
  readonly exportId: string;
  /** Id of the row, when it has one. */
  readonly rowId: string | null;
  readonly code: string;
}

/** Rows that `transform` dropped in one page. */
export interface RowDropEvent {
  readonly type: 'row-drop';
  readonly exportId: string;
  readonly rows: number;
}

/**
 * A row has more than 32 MiB of text, which Athena and others do not read. It is exported as it is. Of more than
 * ten in a run only those have an event that bring the count to a power of ten.
 */
export interface LargeRowEvent {
  readonly type: 'large-row';
  readonly exportId: string;
  /** Id of the row, when it has one. */
  readonly rowId: string | null;
  readonly bytes: number;
  /** Such rows so far in this run, this one among them. */
  readonly count: number;
}

/** A file that a row names could not be copied. */
export interface AttachmentErrorEvent {
  readonly type: 'attachment-error';
  readonly exportId: string;
  /** Id of the row, when it has one. */
  readonly rowId: string | null;
  readonly reason: AttachmentProblem;
}

/** One request to a service, or one operation on a file system. */
export interface RequestEvent {
  readonly type: 'request';
  readonly target: 'source' | 'sink' | 'store';
  /** Name of the operation in kebab case, such as `query` or `object-open`. */
  readonly operation: string;
  readonly durationMs: number;
  /** Bytes sent and received as the operation's payload. */
  readonly bytes: number;
  readonly outcome: 'ok' | 'error';
}

export interface RetryEvent {
  readonly type: 'retry';
  readonly target: 'source' | 'sink' | 'store';
  readonly operation: string;
  /** How many attempts have failed. */
  readonly attempt: number;
  readonly delayMs: number;
  /** What failed, in short: an error code or an HTTP status. */
  readonly reason: string;
}

/** The source has data that it cannot show completely yet; the run ends before it. */
export interface SourceBehindEvent {
  readonly type: 'source-behind';
  readonly exportId: string;
  readonly reason: string;
}

/** One of several projects could not be read; the others were. */
export interface ProjectErrorEvent {
  readonly type: 'project-error';
  readonly projectId: string;
  readonly code: string;
  readonly message: string;
}

/** One of several experiments, datasets or the like could not be read; the others were. */
export interface ObjectErrorEvent {
  readonly type: 'object-error';
  /** What it is: `experiment`, `dataset`. */
  readonly kind: string;
  readonly objectId: string;
  readonly code: string;
  readonly message: string;
}

/** Rows of a snapshot changed while it was read: it has them as they were before, or not at all. */
export interface TornRowsEvent {
  readonly type: 'torn-rows';
  /** Number of the snapshot, the first is 1. */
  readonly snapshot: number;
  /** How many, as far as they still meet the query's filter; 1,000 stands for that many or more. */
  readonly rows: number;
}

/** So many partitions were open that the commit closed early. */
export interface PartitionLimitEvent {
  readonly type: 'partition-limit';
  readonly exportId: string;
  readonly maxOpenPartitions: number;
}

/** At the present rate, unread rows will expire at the source before they are reached. */
export interface AtRiskEvent {
  readonly type: 'at-risk';
  readonly exportId: string;
  readonly lagMs: number;
  readonly retentionMs: number;
}

export interface StrayRemoveEvent {
  readonly type: 'stray-remove';
  readonly exportId: string;
  readonly strayId: string;
}

/** Another worker took over; this run changes nothing any more. */
export interface LeaseLossEvent {
  readonly type: 'lease-loss';
  readonly exportId: string;
}

export interface RunEndEvent {
  readonly type: 'run-end';
  readonly exportId: string;
  readonly runId: string;
  /** Why it stopped, or the code of the error that it threw. */
  readonly reason: string;
  readonly rows: number;
  readonly bytes: number;
  readonly objects: number;
  readonly durationMs: number;
}
