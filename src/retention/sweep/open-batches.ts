import { isExportError } from '../../errors/index.js';
import type { OpenBatch } from '../policy-document.js';
import { batchOf } from '../receipts/intent-of.js';
import { readIntent, readOutcome } from '../receipts/receipt-store.js';
import { askRemains, closeBatch, forgetBatch, isGone } from './confirm-batch.js';
import { type DecidedBatch, type SweepContext, sweepOf } from './context.js';
import { type BatchDeletion, READ_AGE_MAX_MS } from './delete-batch.js';

/** So many batches wait for their confirmation. */
const OPEN_MAX = 20;
/** A batch is sent so often before its receipt says that something remained. */
const SENDS = 3;

/** The batches whose deletion was sent. They are asked for again after a while, because deletions show late. */
export class OpenBatches {
  readonly #context: SweepContext;
  readonly #deletion: BatchDeletion | null;
  #open: DecidedBatch[] = [];

  /** @param deletion what sends a batch again of which something is there; with `null` nothing is sent. */
  constructor(context: SweepContext, deletion: BatchDeletion | null) {
    this.#context = context;
    this.#deletion = deletion;
  }

  add(decided: DecidedBatch): void {
    this.#open.push(decided);
  }

  /**
   * Takes over what earlier runs left: whether their deletions were sent, the rows tell.
   * @throws RetentionError `RECEIPT_CORRUPT` for a batch whose receipt is lost, unless nothing is sent any more.
   */
  async takeOver(): Promise<void> {
    const { settings, options } = this.#context;
    const { open } = sweepOf(this.#context);
    if (open.length === 0) return;
    // Whoever left them may not know it yet, and may send for so long what was read before.
    const { confirmAfterMs } = settings.limits;
    if (confirmAfterMs < READ_AGE_MAX_MS)
      await settings.runtime.sleep(READ_AGE_MAX_MS - confirmAfterMs, options.signal);
    const sentAtMs = settings.runtime.now().getTime();
    for (const batch of open) await this.#takeOverOne(batch, sentAtMs);
    await this.settleAll();
  }

  /** Settles what has waited long enough, and more when too many wait. */
  async settleDue(): Promise<void> {
    for (;;) {
      const [oldest] = this.#open;
      if (oldest === undefined) return;
      if (this.#waitMs(oldest) > 0 && this.#open.length < OPEN_MAX) return;
      await this.#settleOldest();
    }
  }

  /** Settles every one, and waits for it. */
  async settleAll(): Promise<void> {
    while (this.#open.length > 0) await this.#settleOldest();
  }

  async #takeOverOne(open: OpenBatch, sentAtMs: number): Promise<void> {
    const { receipts } = this.#context.settings;
    const { options } = this.#context;
    try {
      const intent = await readIntent(receipts, open.intentKey, options);
      const outcome = await readOutcome(receipts, open.intentKey, options);
      // What an outcome tells must stay true: nothing of its batch is sent any more.
      const sends = outcome === null ? 1 : SENDS;
      this.#open.push({ open, ...batchOf(intent), sends, sentAtMs });
    } catch (error) {
      if (this.#deletion !== null || !isExportError(error, 'RECEIPT_CORRUPT')) throw error;
      await forgetBatch(this.#context, open.intentKey);
    }
  }

  async #settleOldest(): Promise<void> {
    const [oldest] = this.#open;
    if (oldest === undefined) return;
    const { settings, options } = this.#context;
    const waitMs = this.#waitMs(oldest);
    if (waitMs > 0) await settings.runtime.sleep(waitMs, options.signal);
    const remains = await askRemains(this.#context, oldest);
    if (this.#deletion === null || isGone(remains) || oldest.sends >= SENDS) {
      await closeBatch(this.#context, oldest, remains);
      this.#open = this.#open.slice(1);
      return;
    }
    const repeated = await this.#deletion.repeat(oldest);
    this.#open = [...this.#open.slice(1), repeated];
  }

  #waitMs({ sentAtMs }: DecidedBatch): number {
    const { runtime, limits } = this.#context.settings;
    // A clock that was set back must not make it wait for longer than ever was meant.
    const passed = Math.max(0, runtime.now().getTime() - sentAtMs);
    return limits.confirmAfterMs - passed;
  }
}
