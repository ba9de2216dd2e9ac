import type { RetentionUnit, Survey } from '../interfaces/index.js';
import type { Counts, KeptCounts } from './policy-document.js';
import type { RetentionPlan } from './plan.js';

/** Options of one `run()` of a policy. */
export interface RetentionRunOptions {
  /** Stops before the next request that deletes, gives back the lease, rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** A plan that a person has looked at: it lifts the brakes for what it says. */
  readonly plan?: RetentionPlan | undefined;
  /**
   * Most rows that this run deletes; `brakes.maxRowsPerRun` stands above it.
   * @defaultValue `brakes.maxRowsPerRun`
   */
  readonly maxRows?: number | undefined;
  /**
   * After this time the run begins no further batch, in milliseconds.
   * @defaultValue no limit
   */
  readonly maxDurationMs?: number | undefined;
}

/**
 * Why a run of a policy ended without error. `nothing-due`: there is nothing old enough; `marked`: a mark was made,
 * and its grace begins; `grace`: the grace of the mark is not over; `swept`: the mark was swept to its end;
 * `cancelled`: what was left of a mark that was taken back is settled;
 * `row-limit`, `time-limit`: the run's own limits; `paused`; `locked`: another worker is running.
 */
export type RetentionStopReason =
  | 'nothing-due'
  | 'marked'
  | 'grace'
  | 'swept'
  | 'cancelled'
  | 'row-limit'
  | 'time-limit'
  | 'paused'
  | 'locked';

/** What one run of a policy did. */
export interface RetentionResult {
  readonly policyId: string;
  readonly stopReason: RetentionStopReason;
  /** The mark that it made or swept, or that waits. */
  readonly markId: string | null;
  readonly cutoff: Date | null;
  /** When the mark may be swept, by the plane's clock. */
  readonly dueAt: Date | null;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** What this run confirmed to be gone. */
  readonly deleted: Counts;
  /** Rows that are there in a later version than the one that was to go: new data, which stays. */
  readonly changedRows: number;
  /** Rows that were still there when the sweep had tried three times. The next mark takes them again. */
  readonly remainedRows: number;
  /** What stays, by the reason, as far as the sweep has come. */
  readonly kept: KeptCounts;
  readonly sourceRequests: number;
  /** Key of the mark's receipt, once it is swept to its end. */
  readonly receiptKey: string | null;
  readonly warnings: readonly string[];
}

/** A mark as `status()` tells it. */
export interface MarkStatus {
  readonly id: string;
  readonly markedAt: Date;
  readonly dueAt: Date;
  readonly cutoff: Date;
  /** Only versions that were written before. */
  readonly writtenBefore: Date;
  readonly survey: Survey;
  /** How many rows, or experiments, it may delete. */
  readonly allowance: number;
  readonly isConfirmed: boolean;
  /** Taken back; the next run settles what its sweep left open. */
  readonly isCancelled: boolean;
  /** `null` until its sweep begins. */
  readonly sweep: {
    readonly startedAt: Date;
    readonly deleted: Counts;
    readonly kept: KeptCounts;
    /** Batches that were decided and are not confirmed yet. */
    readonly openBatches: number;
  } | null;
}

/** Where a policy stands. */
export interface RetentionStatus {
  readonly policyId: string;
  readonly state: 'new' | 'idle' | 'grace' | 'sweeping' | 'running' | 'paused';
  readonly unit: RetentionUnit;
  readonly keepDays: number;
  readonly mark: MarkStatus | null;
  readonly totals: Counts & { readonly marks: number };
  readonly lastRun: RetentionRecord | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: Date } | null;
}

/** One run in the history of a policy. JSON. */
export interface RetentionRecord {
  readonly markId: string | null;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Why it stopped, or the code of its error. */
  readonly reason: string;
  readonly deletedRows: number;
  readonly deletedUnits: number;
  readonly keptRows: number;
  readonly receiptKey: string | null;
  readonly error: string | null;
}
