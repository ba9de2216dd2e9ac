/** What a retention policy does, as it does it. Counts, times, keys and codes; never rows. */
export type RetentionEvent =
  | MarkSetEvent
  | UnitsJudgeEvent
  | RowsDeleteEvent
  | RowsConfirmEvent
  | MarkEndEvent
  | MarkCancelEvent
  | ProofRetireEvent;

/** A mark is saved: its rows go when the grace is over. */
export interface MarkSetEvent {
  readonly type: 'mark-set';
  readonly policyId: string;
  readonly markId: string;
  readonly cutoff: Date;
  /** When the sweep may begin, by the plane's clock. */
  readonly dueAt: Date;
  /** No fewer than what goes. */
  readonly candidates: number;
}

/** One page of units was read and judged, by a plan or a sweep. */
export interface UnitsJudgeEvent {
  readonly type: 'units-judge';
  readonly policyId: string;
  /** `null` for a plan. */
  readonly markId: string | null;
  readonly units: number;
  readonly rows: number;
  /** Rows of units that stay, for whatever reason. */
  readonly keptRows: number;
}

/** A request that deletes was answered. Whether the rows are gone is told by `rows-confirm`. */
export interface RowsDeleteEvent {
  readonly type: 'rows-delete';
  readonly policyId: string;
  readonly markId: string;
  readonly batch: number;
  readonly rows: number;
  /** How long before the request was sent its rows were read again, in milliseconds. */
  readonly readAgeMs: number;
}

/** A batch was asked for again, and its receipt is written. */
export interface RowsConfirmEvent {
  readonly type: 'rows-confirm';
  readonly policyId: string;
  readonly markId: string;
  readonly batch: number;
  readonly gone: number;
  /** Still there in the version that was to go. */
  readonly remained: number;
  /** There in a later version: new data, which stays. */
  readonly changed: number;
}

/** A mark was swept to its end, and its receipt is written. */
export interface MarkEndEvent {
  readonly type: 'mark-end';
  readonly policyId: string;
  readonly markId: string;
  readonly deletedRows: number;
  readonly deletedUnits: number;
  readonly keptRows: number;
  readonly receiptKey: string;
}

/** A mark was taken back. */
export interface MarkCancelEvent {
  readonly type: 'mark-cancel';
  readonly policyId: string;
  readonly markId: string;
  /** Rows that a sweep had deleted before. */
  readonly deletedRows: number;
}

/** An object that was exported is gone, or another one: it proves nothing any more. Once per object and run. */
export interface ProofRetireEvent {
  readonly type: 'proof-retire';
  readonly policyId: string;
  readonly objectKey: string;
  readonly why: 'object-missing' | 'object-changed';
}
