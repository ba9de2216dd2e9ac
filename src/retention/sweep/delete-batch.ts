import { isExportError } from '../../errors/index.js';
import type { TargetRow } from '../../interfaces/index.js';
import { emit } from '../../util/observe.js';
import { type Batch, type Chosen, chooseRows, sameRows } from '../decide/batches.js';
import { intentKey } from '../receipts/receipt.js';
import { intentOf } from '../receipts/intent-of.js';
import { putReceipt } from '../receipts/receipt-store.js';
import { type DecidedBatch, type SweepContext, markOf, saveSweep, sweepOf } from './context.js';
import { UnitJudge, type Verdict } from './verdicts.js';

/** How old what was read may be when its deletion is sent, in milliseconds. */
export const READ_AGE_MAX_MS: number = 10_000;
const ATTEMPTS = 6;
const RETRY_DELAY_MS = 1_000;
/** The longest wait that is worth it, in milliseconds: for longer ones the next run is there. */
const RETRY_AFTER_MAX_MS = 300_000;
/** So often in a row it may be too late for a request, before less is read for the next one. */
const LATE_MAX = 2;

/** What became of an attempt to decide and delete a batch. */
export interface BatchEnd {
  /** `null` when nothing of the batch may go any more. */
  readonly decided: DecidedBatch | null;
  /** Units that stay after all, though they could have gone when they were found. */
  readonly kept: readonly Verdict[];
  /** Whether something was found that has to be looked at anew. */
  readonly again: boolean;
}

/** A batch as it is now. */
interface Look {
  readonly chosen: Chosen;
  readonly kept: readonly Verdict[];
  readonly readAt: Date;
}

/**
 * Deletes batches: reads them again, judges them again, writes down what is about to go, and sends the deletion at
 * most ten seconds after the read began.
 */
export class BatchDeletion {
  readonly #context: SweepContext;
  /** Falls when the service takes no request of that size, or does not tell in time what it rests on. */
  #requestMaxRows: number;

  constructor(context: SweepContext) {
    this.#context = context;
    this.#requestMaxRows = context.settings.limits.batchMaxRows;
  }

  /**
   * Decides a batch and deletes it. The intent is in the sink, and the decision saved, before anything is sent.
   * @param cursor where another run has to go on that finds this batch decided.
   * @throws what made it fail. A batch that was decided stays open: it is confirmed before anything else is done.
   */
  async delete(batch: Batch, cursor: string | null): Promise<BatchEnd> {
    const judge = this.#newJudge();
    const look = await this.#look(batch, judge);
    const { rows, object, unknown } = look.chosen;
    const again = unknown > 0;
    if (rows.length === 0 && object === null) return { decided: null, kept: look.kept, again };
    const decided = await this.#decide({ batch, look, judge }, cursor);
    return { decided: await this.#send(decided, look, judge), kept: look.kept, again };
  }

  /** Deletes what is left of a decided batch once more, under the same intent. */
  async repeat(decided: DecidedBatch): Promise<DecidedBatch> {
    return await this.#send(decided, null, this.#newJudge());
  }

  #newJudge(): UnitJudge {
    const { ages, proof } = this.#context.scan;
    return new UnitJudge(ages, proof);
  }

  async #look(batch: Batch, judge: UnitJudge): Promise<Look> {
    const { scan, options } = this.#context;
    const { units, readAt } = await scan.reader.reread(batch, options);
    const verdicts = await judge.judge(units, options);
    const free = verdicts.filter(({ reason }) => reason === null).map(({ unit }) => unit);
    const kept = verdicts.filter(({ reason }) => reason !== null);
    return { chosen: chooseRows(batch, free), kept, readAt };
  }

  async #decide(
    { batch, look, judge }: { batch: Batch; look: Look; judge: UnitJudge },
    cursor: string | null,
  ): Promise<DecidedBatch> {
    const { settings, options, scan } = this.#context;
    const { policyId, receipts, runtime } = settings;
    const mark = markOf(this.#context);
    const number = sweepOf(this.#context).nextBatch;
    const decidedAt = runtime.now();
    const { rows, object } = look.chosen;
    const intent = intentOf(
      settings,
      { markId: mark.id, scope: scan.scope },
      {
        batch,
        number,
        rows,
        object,
        decidedAt,
        archiveOf: (row) => judge.archiveOf(row),
      },
    );
    const key = intentKey(policyId, mark.id, { number, nonce: runtime.id().slice(0, 16) });
    await putReceipt(receipts, { key, value: intent }, options);
    const open = {
      number,
      intentKey: key,
      rows: rows.length,
      openedAt: decidedAt.toISOString(),
    };
    await saveSweep(this.#context, (sweep) => ({
      ...sweep,
      cursor,
      nextBatch: number + 1,
      open: [...sweep.open, open],
      begun: withObjects(sweep.begun, batch),
    }));
    return { open, batch: { ...batch, object }, rows, sends: 0, sentAtMs: decidedAt.getTime() };
  }

  /** Sends the deletion of all that is left, request by request. Each is preceded by a read of its own. */
  async #send(decided: DecidedBatch, first: Look | null, judge: UnitJudge): Promise<DecidedBatch> {
    const { runtime } = this.#context.settings;
    let look = first;
    let done = 0;
    while (done < decided.rows.length || (done === 0 && decided.batch.object !== null)) {
      const rows = decided.rows.slice(done, done + this.#requestMaxRows);
      const sent = await this.#sendOne({ decided, rows, look, judge });
      look = null;
      if (!sent) continue;
      if (decided.rows.length === 0) break;
      done += rows.length;
    }
    return { ...decided, sends: decided.sends + 1, sentAtMs: runtime.now().getTime() };
  }

  /** @returns false when a request of this size is not possible: the next one is smaller. */
  async #sendOne(request: {
    readonly decided: DecidedBatch;
    readonly rows: readonly TargetRow[];
    readonly look: Look | null;
    readonly judge: UnitJudge;
  }): Promise<boolean> {
    const { decided, rows, judge } = request;
    let { look } = request;
    for (let attempt = 1; ; attempt += 1) {
      this.#context.options.signal?.throwIfAborted();
      if (look === null) {
        look = await this.#look(unitsOf(decided.batch, rows), judge);
        // A save that succeeds: nobody took over meanwhile, and nobody took the mark back.
        await saveSweep(this.#context, (sweep) => sweep);
      }
      try {
        await this.#remove(decided, { ...look, rows: sameRows(look.chosen.rows, rows) });
        return true;
      } catch (error) {
        this.#context.options.signal?.throwIfAborted();
        const isSlow = isTooLate(error) && attempt >= LATE_MAX;
        if ((isSlow || isTooLarge(error)) && rows.length > 1) {
          this.#requestMaxRows = Math.ceil(rows.length / 2);
          return false;
        }
        if (attempt >= ATTEMPTS || !mayTryAgain(error)) throw error;
        if (!isTooLate(error)) await this.#wait(error, attempt);
      }
      look = null;
    }
  }

  async #remove(
    { open, batch }: DecidedBatch,
    look: Look & { readonly rows: readonly TargetRow[] },
  ): Promise<void> {
    const { scan, options, settings } = this.#context;
    const { readAt, rows, chosen } = look;
    const notAfter = new Date(readAt.getTime() + READ_AGE_MAX_MS);
    const window = { ...options, notBefore: readAt, notAfter };
    const readAgeMs = settings.runtime.now().getTime() - readAt.getTime();
    if (batch.object !== null) {
      if (chosen.object === null) return;
      await scan.reader.removeObject?.(chosen.object, window);
    } else {
      if (rows.length === 0) return;
      await scan.reader.remove(rows, window);
    }
    await this.#note(open.number, rows.length, readAgeMs);
  }

  async #note(batch: number, rows: number, readAgeMs: number): Promise<void> {
    const { settings, options } = this.#context;
    const { policyId } = settings;
    const markId = markOf(this.#context).id;
    emit(options.observer, { type: 'rows-delete', policyId, markId, batch, rows, readAgeMs });
    if (readAgeMs <= sweepOf(this.#context).readAgeMaxMs) return;
    await saveSweep(this.#context, (sweep) => ({ ...sweep, readAgeMaxMs: readAgeMs }));
  }

  async #wait(error: unknown, attempt: number): Promise<void> {
    const { runtime } = this.#context.settings;
    const asked = isExportError(error) ? error.retryAfterMs : undefined;
    const delayMs = asked ?? RETRY_DELAY_MS * 2 ** (attempt - 1);
    await runtime.sleep(delayMs, this.#context.options.signal);
  }
}

function withObjects(begun: readonly string[], { units }: Batch): readonly string[] {
  const objects = units.flatMap(({ object }) => (object === null ? [] : [object.id]));
  return [...new Set([...begun, ...objects])];
}

/** What has to be read before some rows of a batch are deleted: their units, whole. */
function unitsOf(batch: Batch, rows: readonly TargetRow[]): Batch {
  if (batch.object !== null) return batch;
  const own = batch.units.flatMap((unit) => unit.rows);
  const wanted = new Set(sameRows(own, rows));
  return {
    ...batch,
    units: batch.units.filter((unit) => unit.rows.some((row) => wanted.has(row))),
  };
}

function isTooLate(error: unknown): boolean {
  return isExportError(error, 'SEND_TOO_LATE');
}

function isTooLarge(error: unknown): boolean {
  return isExportError(error, 'LIMIT_EXCEEDED') && error.details['status'] === 413;
}

function mayTryAgain(error: unknown): boolean {
  return isExportError(error) && error.retryable && (error.retryAfterMs ?? 0) <= RETRY_AFTER_MAX_MS;
}
