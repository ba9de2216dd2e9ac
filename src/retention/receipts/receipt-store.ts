import { RetentionError, assert } from '../../errors/index.js';
import type { Json, OperationOptions, Sink } from '../../interfaces/index.js';
import { streamText } from '../../util/stream-text.js';
import {
  type DeletionIntent,
  type DeletionOutcome,
  type MarkReceipt,
  RECEIPT_VERSION,
  markReceiptKey,
  outcomeKey,
  receiptPrefix,
} from './receipt.js';

const RECEIPT_MAX_BYTES = 16 * 1024 * 1024;
const CONTENT_TYPE = 'application/json';
const INTENT_KEY = /\.intent\.json$/;

/** Puts a receipt. Never replaces one: an equal one that is there already is as good. */
export async function putReceipt(
  sink: Sink,
  receipt: { readonly key: string; readonly value: DeletionIntent | DeletionOutcome | MarkReceipt },
  options: OperationOptions,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(receipt.value)}\n`);
  assert(bytes.length <= RECEIPT_MAX_BYTES, 'a batch is small enough for its receipt');
  await sink.put(receipt.key, bytes, { ...options, contentType: CONTENT_TYPE });
}

/**
 * Reads the intent of a batch.
 * @throws `RECEIPT_CORRUPT` when it is gone or cannot be read: its rows may be deleted.
 */
export async function readIntent(
  sink: Sink,
  key: string,
  options: OperationOptions,
): Promise<DeletionIntent> {
  const value = await readReceipt(sink, key, options);
  if (value === null) throw corrupt(key, 'is gone');
  const intent = value as unknown as DeletionIntent;
  const isWhole = Array.isArray(intent.rows) && Array.isArray(intent.units);
  if (!isWhole || !Array.isArray(intent.archives)) throw corrupt(key, 'lacks members');
  return intent;
}

/** Reads the outcome of an intent; `null` when there is none yet. */
export async function readOutcome(
  sink: Sink,
  intentKey: string,
  options: OperationOptions,
): Promise<DeletionOutcome | null> {
  const key = outcomeKey(intentKey);
  const value = await readReceipt(sink, key, options);
  if (value === null) return null;
  const outcome = value as unknown as DeletionOutcome;
  const isWhole =
    Number.isSafeInteger(outcome.gone) &&
    Array.isArray(outcome.remained) &&
    Array.isArray(outcome.changed);
  if (!isWhole) throw corrupt(key, 'lacks members');
  return outcome;
}

/** A deletion as its receipts tell it. */
export interface DeletionReceipt {
  readonly intentKey: string;
  readonly intent: DeletionIntent;
  /** `null` while nobody knows what became of it: it may be under way, or was given up before it was sent. */
  readonly outcome: DeletionOutcome | null;
}

/** Options of {@link readReceipts}. */
export interface ReadReceiptsOptions extends OperationOptions {
  readonly policyId: string;
  /** @defaultValue all marks of the policy */
  readonly markId?: string | undefined;
}

/**
 * The receipts of a policy, mark by mark in the order of their batches, one at a time.
 * @throws `RECEIPT_CORRUPT` for one that cannot be read, and the sink's own errors.
 */
export async function* readReceipts(
  sink: Sink,
  options: ReadReceiptsOptions,
): AsyncGenerator<DeletionReceipt, void, undefined> {
  const { policyId, markId, ...operation } = options;
  for await (const { key } of sink.list(receiptPrefix(policyId, markId), operation)) {
    if (!INTENT_KEY.test(key)) continue;
    const intent = await readIntent(sink, key, operation);
    yield { intentKey: key, intent, outcome: await readOutcome(sink, key, operation) };
  }
}

/** The receipt of a mark that was swept to its end, or `null`. */
export async function readMarkReceipt(
  sink: Sink,
  mark: { readonly policyId: string; readonly markId: string },
  options: OperationOptions = {},
): Promise<MarkReceipt | null> {
  const key = markReceiptKey(mark.policyId, mark.markId);
  return (await readReceipt(sink, key, options)) as unknown as MarkReceipt | null;
}

async function readReceipt(
  sink: Sink,
  key: string,
  options: OperationOptions,
): Promise<Json | null> {
  const stream = await sink.get(key, options);
  if (stream === null) return null;
  const text = await streamText(stream, RECEIPT_MAX_BYTES);
  if (text === null) throw corrupt(key, `is over ${RECEIPT_MAX_BYTES} bytes`);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw corrupt(key, 'is not JSON', cause);
  }
  const version = (value as { readonly version?: unknown } | null)?.version;
  if (version !== RECEIPT_VERSION) throw corrupt(key, 'is of another form');
  return value;
}

function corrupt(key: string, problem: string, cause?: unknown): RetentionError {
  return new RetentionError('RECEIPT_CORRUPT', `The receipt ${key} ${problem}.`, {
    remedy: 'Restore it from a copy; or cancel() the mark, and what it deleted stays untold.',
    details: { key },
    ...(cause === undefined ? {} : { cause }),
  });
}
