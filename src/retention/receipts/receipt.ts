import type { Json, RetentionUnit } from '../../interfaces/index.js';
import type { Counts, KeptCounts } from '../policy-document.js';

/** Version of the receipts' form. */
export const RECEIPT_VERSION = 1;

/** An object of the export that holds rows of a receipt. */
export interface ReceiptArchive {
  readonly manifestKey: string;
  readonly objectKey: string;
  readonly sha256: string;
  /** How it was made sure that the object stands. */
  readonly checkedBy: 'size' | 'checksum' | 'content';
}

/** A row that was to be deleted, in the version that was read before. */
export interface ReceiptRow {
  /** Id of the project, experiment or dataset. */
  readonly object: string;
  readonly id: string;
  readonly version: string;
  /** Its unit, by its place in `units`. */
  readonly unit: number;
  /** The object that holds this version, by its place in `archives`; `null` when no proof was asked for. */
  readonly archive: number | null;
}

/** A unit of a receipt. */
export interface ReceiptUnit {
  readonly id: string;
  /** False when further rows of it go with later batches. */
  readonly isWhole: boolean;
}

/**
 * What was about to be deleted by one request, put into the sink before it was sent. Which of it is gone, the
 * outcome tells.
 */
export interface DeletionIntent {
  readonly version: number;
  readonly policyId: string;
  readonly markId: string;
  readonly batch: number;
  readonly target: Json;
  readonly unit: RetentionUnit;
  readonly cutoff: string;
  readonly before: string;
  /** The export whose row indexes prove the rows, or `null`. */
  readonly proof: { readonly exportId: string; readonly location: string } | null;
  /** True when the proof may come from an export that changes rows: its objects do not hold them as they were. */
  readonly allowTransformed: boolean;
  /** By the host's clock, ISO 8601. */
  readonly decidedAt: string;
  readonly archives: readonly ReceiptArchive[];
  readonly units: readonly ReceiptUnit[];
  readonly rows: readonly ReceiptRow[];
  /** An object that is deleted as a whole, with all that the service says of it. */
  readonly object: { readonly id: string; readonly members: Json } | null;
}

/** What became of the rows of an intent. */
export interface DeletionOutcome {
  readonly version: number;
  readonly intentKey: string;
  readonly batch: number;
  /** By the host's clock, ISO 8601. */
  readonly confirmedAt: string;
  readonly gone: number;
  /** Rows that are there in the version that was to go, by their places in the intent. */
  readonly remained: readonly number[];
  /** Rows that are there in a later version, which stays, by their places in the intent. */
  readonly changed: readonly number[];
  /** Whether the intent's object is gone; `null` when it has none. */
  readonly objectGone: boolean | null;
}

/** The end of a mark. */
export interface MarkReceipt {
  readonly version: number;
  readonly policyId: string;
  readonly markId: string;
  readonly target: Json;
  readonly unit: RetentionUnit;
  readonly keepDays: number;
  readonly cutoff: string;
  readonly before: string;
  readonly markedAt: string;
  readonly sweptAt: string;
  readonly endedAt: string;
  /** When the mark was taken back, by the host's clock, ISO 8601; `null` when it was swept to its end. */
  readonly cancelledAt: string | null;
  readonly batches: number;
  readonly deleted: Counts;
  /** Rows that were still there in the end. The next mark takes them again. */
  readonly remainedRows: number;
  /** Rows that were written anew meanwhile. */
  readonly changedRows: number;
  readonly kept: KeptCounts;
  /** The longest time between reading rows and sending their deletion, in milliseconds. */
  readonly readAgeMaxMs: number;
}

/** The folder of the receipts of a policy, or of one mark of it. */
export function receiptPrefix(policyId: string, markId?: string): string {
  return markId === undefined ? `_receipts/${policyId}/` : `_receipts/${policyId}/${markId}/`;
}

/** Key of an intent. Keys of a mark sort by batch. */
export function intentKey(
  policyId: string,
  markId: string,
  batch: { readonly number: number; readonly nonce: string },
): string {
  const number = String(batch.number).padStart(9, '0');
  return `${receiptPrefix(policyId, markId)}${number}.${batch.nonce}.intent.json`;
}

/** Key of the outcome of an intent. */
export function outcomeKey(key: string): string {
  return key.replace(/\.intent\.json$/, '.outcome.json');
}

/** Key of the receipt of a whole mark: sorts behind its batches. */
export function markReceiptKey(policyId: string, markId: string): string {
  return `${receiptPrefix(policyId, markId)}mark.json`;
}
