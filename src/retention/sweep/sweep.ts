import { type Batch, BatchQueue } from '../decide/batches.js';
import { pauseOf } from '../records.js';
import { type SweepContext, markOf, saveSweep, sweepOf } from './context.js';
import { BatchDeletion } from './delete-batch.js';
import { KeptNotes } from './kept-notes.js';
import { OpenBatches } from './open-batches.js';
import { checkAllowance } from './check-allowance.js';
import { judgedPages } from './scan.js';

/** A scan is repeated so often for what could not be deleted. */
const PASSES = 3;
/** So many rows are read for one batch at most: what waits for it would have to be read again after a stop. */
const BATCH_MAX_READ_ROWS = 10_000;

/** Why a sweep ended. */
export type SweepEnd = 'swept' | 'row-limit' | 'time-limit' | 'paused';

/** What one run may do. */
export interface SweepLimits {
  readonly maxRows: number;
  /** By the host's clock in milliseconds. */
  readonly deadlineMs: number;
}

/** One run's part of the sweep of a mark. */
export class Sweep {
  readonly #context: SweepContext;
  readonly #limits: SweepLimits;
  readonly #deletion: BatchDeletion;
  readonly #open: OpenBatches;
  #decidedRows = 0;
  /** A run does something, however short its time is: else no number of them would ever come to an end. */
  #hasMoved = false;

  constructor(context: SweepContext, limits: SweepLimits) {
    this.#context = context;
    this.#limits = limits;
    this.#deletion = new BatchDeletion(context);
    this.#open = new OpenBatches(context, this.#deletion);
  }

  /**
   * Goes on where the last run stopped. Settles what that run left open before it looks at anything else.
   * @throws RetentionError `PLAN_NEEDED` when more would go than the mark may delete, and what made it fail.
   */
  async run(): Promise<SweepEnd> {
    await this.#open.takeOver();
    for (;;) {
      const end = await this.#pass();
      await this.#open.settleAll();
      if (end !== 'swept') return end;
      const { again, pass } = sweepOf(this.#context);
      if (!again || pass >= PASSES) return 'swept';
      await saveSweep(this.#context, (sweep) => ({
        ...sweep,
        cursor: null,
        pass: pass + 1,
        again: false,
        remainedRows: 0,
        kept: {},
        lowestKept: null,
      }));
    }
  }

  /** Scans once, from the cursor to the end. */
  async #pass(): Promise<SweepEnd> {
    const { settings, scan, options } = this.#context;
    const queue = new BatchQueue(Math.min(settings.limits.batchMaxRows, this.#limits.maxRows));
    const notes = new KeptNotes(this.#context);
    let { cursor } = sweepOf(this.#context);
    let rowsWaiting = 0;
    const from = { cursor, policyId: settings.policyId, markId: markOf(this.#context).id };
    for await (const { page, verdicts } of judgedPages(scan, from, options)) {
      for (const verdict of verdicts) {
        if (verdict.reason !== null) notes.add(verdict);
        const batches = verdict.reason === null ? queue.add(verdict.unit) : [];
        const stop = await this.#deleteAll(batches, { cursor, notes });
        if (stop !== null) return stop;
      }
      rowsWaiting = queue.isEmpty ? 0 : rowsWaiting + page.rowsRead;
      if (rowsWaiting >= BATCH_MAX_READ_ROWS) {
        const stop = await this.#deleteAll(queue.flush(), { cursor, notes });
        if (stop !== null) return stop;
        rowsWaiting = 0;
      }
      // What waits for a batch would be lost to the next run if the cursor passed over it.
      if (!queue.isEmpty) continue;
      ({ cursor } = page);
      await notes.save(cursor);
      this.#hasMoved = true;
      const stop = await this.#reasonToStop(0);
      if (stop !== null) return stop;
    }
    const stop = await this.#deleteAll(queue.flush(), { cursor, notes });
    if (stop === null) await notes.save(cursor);
    return stop ?? 'swept';
  }

  async #deleteAll(
    batches: Iterable<Batch>,
    from: { readonly cursor: string | null; readonly notes: KeptNotes },
  ): Promise<SweepEnd | null> {
    for (const batch of batches) {
      const stop = await this.#delete(batch, from);
      if (stop !== null) return stop;
    }
    return null;
  }

  /** @returns why the batch was left alone, or `null`. */
  async #delete(
    batch: Batch,
    { cursor, notes }: { readonly cursor: string | null; readonly notes: KeptNotes },
  ): Promise<SweepEnd | null> {
    const rows = batch.units.reduce((sum, unit) => sum + unit.rows.length, 0);
    const stop = await this.#reasonToStop(rows);
    if (stop !== null) return stop;
    // The rows that others hang on go last: when nothing else is left.
    if (batch.isLast) await this.#open.settleAll();
    await checkAllowance(this.#context, batch, () => this.#open.settleAll());
    const { decided, kept, again } = await this.#deletion.delete(batch, cursor);
    this.#hasMoved = true;
    for (const verdict of kept) notes.add(verdict);
    if (again) await saveSweep(this.#context, (sweep) => ({ ...sweep, again: true }));
    if (decided !== null) {
      this.#decidedRows += decided.rows.length;
      this.#open.add(decided);
    }
    await this.#open.settleDue();
    return null;
  }

  /** Why nothing more should be done, given that so many rows would be next. */
  async #reasonToStop(rows: number): Promise<SweepEnd | null> {
    const { settings, options } = this.#context;
    options.signal?.throwIfAborted();
    if (this.#decidedRows + rows > this.#limits.maxRows) return 'row-limit';
    const isLate = settings.runtime.now().getTime() >= this.#limits.deadlineMs;
    if (isLate && this.#hasMoved) return 'time-limit';
    return (await pauseOf(settings).isSet(options)) ? 'paused' : null;
  }
}
