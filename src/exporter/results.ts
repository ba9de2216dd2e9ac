import type { ProbeStep, Row } from '../interfaces/index.js';
import type { Totals } from './checkpoint.js';

/** Options of one `run()`. */
export interface RunOptions {
  /** Discards what is not decided yet, gives back the lease, rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Most rows that this run exports. Exact when the source can resume after any row, else to the end of the page.
   * @defaultValue the exporter's `maxRowsPerRun`
   */
  readonly maxRows?: number | undefined;
  /**
   * After this time the run takes no further page and commits what it has, in milliseconds. One page is
   * always taken.
   * @defaultValue no limit
   */
  readonly maxDurationMs?: number | undefined;
}

/**
 * Why a run ended without error. `caught-up`: the source has no more; `row-limit`, `time-limit`: its own limits;
 * `source-behind`: the source cannot show the rest completely yet; `paused`; `locked`: another worker is running.
 */
export type StopReason =
  'caught-up' | 'row-limit' | 'time-limit' | 'source-behind' | 'paused' | 'locked';

/** Time by stage, in milliseconds of the runtime's clock. */
export interface StageTimes {
  /** Waiting for pages. */
  readonly read: number;
  /** Transforming, encoding and writing rows. */
  readonly write: number;
  /** Preparing and completing objects, and saving checkpoints. */
  readonly commit: number;
}

/** What one run did about the files that rows name. */
export interface AttachmentCounts {
  /** Files that were fetched and put; those of earlier runs are not fetched again. */
  readonly copied: number;
  /** Their size. */
  readonly copiedBytes: number;
  /** References whose file could not be copied. */
  readonly failed: number;
}

/** What one run did. */
export interface RunResult {
  readonly exportId: string;
  readonly runId: string;
  readonly stopReason: StopReason;
  /** Why data may remain that this run did not reach; `null` when it caught up. */
  readonly behind: Exclude<StopReason, 'caught-up'> | null;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly stageMs: StageTimes;
  /** Source rows that reached an object, each in one version. */
  readonly rows: number;
  /** Bytes of the objects that became visible. */
  readonly bytes: number;
  readonly objects: number;
  readonly commits: number;
  /** Rows among `rows` that surfaced after their time had been read. */
  readonly lateRows: number;
  /** Values of another type than their column's, kept beside it. For formats with columns. */
  readonly mistypedValues: number;
  readonly rejectedRows: number;
  /** Rows that `transform` dropped. */
  readonly droppedRows: number;
  /** The files that rows name, when they are copied. */
  readonly attachments: AttachmentCounts;
  readonly sourceRequests: number;
  readonly sinkRequests: number;
  /** True when this run first finished a commit of an earlier one. */
  readonly recovered: boolean;
  /** How far behind now the exported data is, in milliseconds; `null` when the source does not tell. */
  readonly lagMs: number | null;
  readonly watermark: Date | null;
  /** Things to know that stopped nothing, such as a history that could not be saved. */
  readonly warnings: readonly string[];
}

/** One run in the history. */
export interface RunRecord {
  readonly runId: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** A stop reason, or the code of the error that it threw. */
  readonly reason: string;
  readonly rows: number;
  readonly bytes: number;
  readonly objects: number;
  readonly watermark: string | null;
  /** Message of the error, when it threw. */
  readonly error: string | null;
}

/** Where an export stands. Reads only. */
export interface ExportStatus {
  readonly exportId: string;
  /** `new`: never ran. `pending`: a decided commit waits to be carried out by the next run. */
  readonly state: 'new' | 'idle' | 'running' | 'pending' | 'paused';
  readonly generation: number;
  readonly commits: number;
  /** Sums over this generation. */
  readonly totals: Totals;
  readonly watermark: Date | null;
  readonly lagMs: number | null;
  /** True when unread rows will expire at the source before they are reached at the rate of the recent runs. */
  readonly atRisk: boolean;
  readonly lastRun: RunRecord | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: Date } | null;
  /** Newest first. */
  readonly recentRuns: readonly RunRecord[];
}

/** Outcome of `test()`. */
export interface TestResult {
  /** True when no step failed. */
  readonly ok: boolean;
  readonly steps: readonly ProbeStep[];
}

/** Outcome of `sample()`. */
export interface SampleResult {
  /** Rows as they would be exported, after `transform`. */
  readonly rows: readonly Row[];
  /** The keys they would go to, with the run's date and an example nonce. */
  readonly keys: readonly string[];
}
