export { createExporter } from './create-exporter.js';
export type { ExporterOptions, ObjectOptions } from './create-exporter.js';
export { createRetentionPolicy } from './create-retention-policy.js';
export type { RetentionPolicyOptions } from './create-retention-policy.js';
export type { Exporter } from './exporter/exporter.js';
export * from './errors/index.js';
export type { AttachmentsOptions } from './exporter/attachments/attachment-options.js';
export type { AttachmentCopy, CopiedFile } from './exporter/attachments/attachment-copy.js';
export { exportOnce } from './export-once/export-once.js';
export type {
  ExportOnceOptions,
  ExportOnceProgress,
  ExportOnceResult,
} from './export-once/export-once-options.js';
export { readManifests } from './exporter/manifest.js';
export type {
  Manifest,
  ManifestCompanion,
  ManifestEntry,
  ManifestObject,
  ReadManifestsOptions,
} from './exporter/manifest.js';
export type { Totals } from './exporter/checkpoint.js';
export type { Resolution } from './exporter/maintain.js';
export type { Transform, TransformResult } from './exporter/page-work.js';
export type {
  AttachmentCounts,
  ExportStatus,
  RunOptions,
  RunRecord,
  RunResult,
  SampleResult,
  StageTimes,
  StopReason,
  TestResult,
} from './exporter/results.js';
export { DIGEST_BYTES, readIndex, rowDigest } from './exporter/row-index.js';
export type { IndexGroup, IndexHeader, IndexReader } from './exporter/row-index.js';
export type { BadRowPolicy, DeadLetterRows, Limits } from './exporter/settings.js';
export type * from './interfaces/index.js';
export { datePartitionedKeys } from './keys/date-partitioned-keys.js';
export type { DatePartitionedKeysOptions } from './keys/date-partitioned-keys.js';
export { redact } from './redact/redact.js';
export type { HashRedaction, MaskRedaction, Redactor, RedactRule } from './redact/redact.js';
export type { BrakeName, Brakes } from './retention/decide/brakes.js';
export type { KeptReason } from './retention/decide/judge.js';
export type { RetentionPlan } from './retention/plan.js';
export type { RetentionPolicy } from './retention/policy.js';
export type { Counts, KeptCounts } from './retention/policy-document.js';
export type { RequireExported } from './retention/proof/read-proof-option.js';
export { readMarkReceipt, readReceipts } from './retention/receipts/receipt-store.js';
export type { DeletionReceipt, ReadReceiptsOptions } from './retention/receipts/receipt-store.js';
export type {
  DeletionIntent,
  DeletionOutcome,
  MarkReceipt,
  ReceiptArchive,
  ReceiptRow,
  ReceiptUnit,
} from './retention/receipts/receipt.js';
export type {
  MarkStatus,
  RetentionRecord,
  RetentionResult,
  RetentionRunOptions,
  RetentionStatus,
  RetentionStopReason,
} from './retention/results.js';
export type { HoldsOption, RetentionLimits } from './retention/settings.js';
export type { UnitSample } from './retention/sweep/tally.js';
export { INTERVALS_MS, runIfDue } from './run-if-due.js';
export type { IntervalName, RunIfDueOptions, RunIfDueResult } from './run-if-due.js';
export { memoryCursorStore } from './stores/memory.js';
export { objectKeyProblem } from './util/object-key.js';
