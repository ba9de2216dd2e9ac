import { setImmediate as nextTurn } from 'node:timers/promises';

import { RunError } from '../errors/index.js';
import type { Cursor, OperationOptions, Page, RowBatch } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import { anySignal } from '../util/time-limit.js';
import { AttachmentCopier } from './attachments/attachment-copier.js';
import type { CheckpointSession } from './checkpoint-session.js';
import { CommitBuilder } from './commit-builder.js';
import { carryOutCommit, decideCommit } from './commit.js';
import { KnownVersions } from './known-versions.js';
import { LargeRows } from './large-rows.js';
import type { Meter } from './meter.js';
import type { PageReader, ReadEnd } from './page-reader.js';
import { type PageWork, asBatch, preparePage } from './page-work.js';
import { exportPause } from './pause.js';
import type { RefusedRows } from './refused-row.js';
import type { StopReason } from './results.js';
import { type Fit, type Room, fitRows } from './roll.js';
import type { ExporterSettings } from './settings.js';
import { snapshotTooLarge } from './snapshot.js';

export interface LoopSettings {
  readonly runId: string;
  readonly startedAt: Date;
  readonly maxRows: number;
  /** Rows that encoders refused earlier in this run. */
  readonly refused: RefusedRows;
}

/** Where reading stands: the cursor behind everything that the commit in the making holds. */
interface Position {
  readonly cursor: Cursor;
  readonly watermark: Date | null;
}

/** The only loop of an export: pages in, commits out, until the source or a limit ends it. */
export class RunLoop {
  readonly #settings: ExporterSettings;
  readonly #loop: LoopSettings;
  readonly #session: CheckpointSession;
  readonly #meter: Meter;
  readonly #largeRows: LargeRows;
  readonly #options: OperationOptions;
  readonly #known: KnownVersions;
  readonly #attachments: AttachmentCopier | null;
  readonly #repeatsFrom: string | null;
  readonly #isSnapshot: boolean;
  #builder: CommitBuilder;
  #position: Position | null = null;
  #wasAllRepeats = false;

  constructor(
    settings: ExporterSettings,
    loop: LoopSettings,
    parts: {
      readonly session: CheckpointSession;
      readonly meter: Meter;
      readonly options: OperationOptions;
    },
  ) {
    this.#settings = settings;
    this.#loop = loop;
    this.#session = parts.session;
    this.#meter = parts.meter;
    this.#options = parts.options;
    this.#largeRows = new LargeRows(settings.exportId);
    const { attachments } = settings;
    this.#attachments =
      attachments === undefined
        ? null
        : new AttachmentCopier({ ...settings, attachments }, parts.meter.attachments);
    this.#known = new KnownVersions(settings.sink, settings.limits.lookbackMaxRows);
    const { cursor } = parts.session.current;
    this.#repeatsFrom = cursor === null ? null : (settings.source.repeatsFrom?.(cursor) ?? null);
    this.#isSnapshot = settings.source.isSnapshot === true;
    this.#builder = this.#newBuilder();
  }

  /**
   * Reads and commits until something ends it. When the source fails, what was read is committed first and
   * the failure thrown after; of a snapshot nothing is committed then.
   */
  async run(reader: PageReader): Promise<StopReason> {
    try {
      const stop = await this.#readPages(reader);
      if (this.#isWhole(stop)) await this.#commit();
      else await this.#abandon();
      return await this.#reasonOf(stop);
    } catch (error) {
      await this.#abandon();
      throw error;
    }
  }

  async #readPages(reader: PageReader): Promise<ReadEnd | StopReason> {
    for (;;) {
      const page = await this.#meter.time('read', () => reader.next());
      if ('kind' in page) return page;
      const stop = await this.#takePage(page, reader.timeUp);
      if (stop !== null) return stop;
    }
  }

  /** Whether what was read may be committed: of a snapshot only all of it. */
  #isWhole(end: ReadEnd | StopReason): boolean {
    return !this.#isSnapshot || (typeof end === 'object' && end.kind === 'caught-up');
  }

  async #reasonOf(end: ReadEnd | StopReason): Promise<StopReason> {
    if (typeof end === 'string') return end;
    if (end.kind === 'failed') throw end.error;
    if (end.kind !== 'behind') return end.kind;
    const { exportId } = this.#settings;
    emit(this.#options.observer, { type: 'source-behind', exportId, reason: end.reason });
    return 'source-behind';
  }

  /** Takes one page into one or more commits. */
  async #takePage(page: Page, timeUp: AbortSignal): Promise<StopReason | null> {
    const batch = asBatch(page.rows);
    const repeats = page.repeats ?? 0;
    if (repeats > 0) await this.#meetRepeats();
    this.#wasAllRepeats = repeats > 0 && repeats === batch.length;
    const work = await this.#meter.time('write', () => this.#prepare(page, batch, timeUp));
    if (work === null) return 'time-limit';
    const dropped = work.fates.filter((fate) => fate.kind === 'dropped').length;
    const { exportId } = this.#settings;
    if (dropped > 0) emit(this.#options.observer, { type: 'row-drop', exportId, rows: dropped });
    this.#emitPage(page, work.rows.byteLength, batch.length);
    this.#largeRows.note(work, this.#options.observer);
    // The stages of a page are some milliseconds each: the host gets a turn between them.
    await nextTurn();
    if (!this.#isSnapshot) return await this.#takeRows(page, work);
    await this.#takeSnapshotRows(page, work);
    return null;
  }

  /** Takes all rows of a page into the one commit that holds the whole snapshot. */
  async #takeSnapshotRows(page: Page, work: PageWork): Promise<void> {
    const total = work.fates.length;
    const bad = this.#firstBad(work, 0, total);
    if (bad !== null) throw errorOf(work, bad);
    const fit = fitRows(work, 0, { ...this.#room(), objectMaxRows: Infinity });
    if (fit.to < total) throw snapshotTooLarge(fit.reason, this.#settings);
    const range = { from: 0, to: total };
    await this.#meter.time('write', () => this.#builder.write(work, range, this.#options));
    this.#position = this.#positionAt(page, total, total);
  }

  async #takeRows(page: Page, work: PageWork): Promise<StopReason | null> {
    const total = work.fates.length;
    let at = 0;
    do {
      const fit = this.#fit(page, work, at);
      const bad = this.#firstBad(work, at, fit.to);
      // Without a cursor inside the page none of it may be taken, or the rows before would come twice.
      const to = bad === null ? fit.to : page.cursorAfter === undefined ? at : bad;
      if (to > at) {
        await this.#meter.time('write', () =>
          this.#builder.write(work, { from: at, to }, this.#options),
        );
      }
      if (to > at || to === total) this.#position = this.#positionAt(page, to, total);
      at = to;
      if (bad !== null) return await this.#failBad(work, bad);
      if (fit.reason === 'row-limit') return 'row-limit';
      if (at < total || this.#builder.isFull) {
        if (fit.reason === 'partitions') this.#emitPartitionLimit();
        await this.#commit();
        if (await this.#isPaused()) return 'paused';
      }
      if (this.#rowsLeft() <= 0) return 'row-limit';
    } while (at < total);
    return null;
  }

  /** How far rows fit; a page that cannot be cut is taken whole or not at all. */
  #fit(page: Page, work: PageWork, at: number): Fit {
    const { keys } = this.#settings;
    const fit = fitRows(work, at, this.#room());
    const total = work.fates.length;
    const whole: Fit = { to: total, reason: 'page-end' };
    if (fit.to === total) return whole;
    if (page.cursorAfter !== undefined) {
      if (fit.to > at || !this.#builder.isEmpty || fit.reason === 'row-limit') return fit;
      throw partitionsExceeded(keys.maxOpenPartitions);
    }
    if (fit.reason !== 'partitions') return whole;
    if (this.#builder.isEmpty) throw partitionsExceeded(keys.maxOpenPartitions);
    return { to: at, reason: 'partitions' };
  }

  #room(): Room {
    const { keys, objectMaxRows, limits } = this.#settings;
    return {
      openRows: this.#builder.openRows,
      commitRows: this.#builder.commitRows,
      maxOpenPartitions: keys.maxOpenPartitions,
      objectMaxRows,
      commitMaxRows: limits.commitMaxRows,
      rowsLeft: this.#rowsLeft(),
    };
  }

  /** The first row at which an export that stops at bad rows must stop. */
  #firstBad(work: PageWork, from: number, to: number): number | null {
    if (this.#settings.onBadRow !== 'stop') return null;
    for (let row = from; row < to; row += 1) if (work.fates[row]?.kind === 'bad') return row;
    return null;
  }

  async #failBad(work: PageWork, row: number): Promise<never> {
    await this.#commit();
    throw errorOf(work, row);
  }

  #positionAt(page: Page, to: number, total: number): Position | null {
    if (to < total) {
      const cursor = to === 0 ? undefined : page.cursorAfter?.(to - 1);
      if (cursor === undefined) return this.#position;
      return { cursor, watermark: this.#watermarkAt(cursor, undefined) };
    }
    return { cursor: page.cursor, watermark: this.#watermarkAt(page.cursor, page.watermark) };
  }

  /** What the source says of a cursor, even that nothing is known; else the newest that a page has told. */
  #watermarkAt(cursor: Cursor, told: Date | undefined): Date | null {
    const { source } = this.#settings;
    if (source.watermarkOf !== undefined) return source.watermarkOf(cursor);
    if (told !== undefined) return told;
    const { watermark } = this.#session.current;
    return this.#position?.watermark ?? (watermark === null ? null : new Date(watermark));
  }

  #rowsLeft(): number {
    return this.#loop.maxRows - this.#meter.rows - this.#builder.rows;
  }

  /**
   * A range that was read before begins: what this run has read must be committed, or it could not be told
   * from what comes again.
   */
  async #meetRepeats(): Promise<void> {
    if (this.#wasAllRepeats) return;
    await this.#commit();
    await this.#known.refresh(this.#session.current, this.#repeatsFrom ?? '', this.#options);
  }

  /** `null` when the time of the run is up before the page is ready, and an earlier one was taken. */
  async #prepare(page: Page, rows: RowBatch, timeUp: AbortSignal): Promise<PageWork | null> {
    const work = await preparePage(rows, page.repeats ?? 0, {
      identity: this.#settings.source.rowIdentity,
      identities: page.identities,
      keys: this.#settings.keys,
      transform: this.#settings.transform,
      runStartedAt: this.#loop.startedAt,
      isKnown: (digest) => this.#known.has(digest),
      refused: this.#loop.refused,
      signal: this.#options.signal,
    });
    // Before the commit that names them is decided, the files are there.
    return await this.#withFiles(work, this.#position === null ? undefined : timeUp);
  }

  async #withFiles(work: PageWork, timeUp: AbortSignal | undefined): Promise<PageWork | null> {
    if (this.#attachments === null) return work;
    const signal = anySignal(this.#options.signal, timeUp);
    try {
      return await this.#attachments.copyFor(work, { ...this.#options, signal });
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (timeUp?.aborted === true && error === timeUp.reason) return null;
      throw error;
    }
  }

  /**
   * Commits what was taken; nothing taken moves the cursor alone and writes no object. An empty snapshot is a result
   * too: its manifest says so.
   */
  async #commit(): Promise<void> {
    const position = this.#position;
    if (position === null) return;
    await this.#meter.time('commit', async () => {
      if (this.#builder.isEmpty && !this.#isSnapshot) await this.#moveCursor(position);
      else await this.#commitRows(position);
    });
  }

  async #moveCursor(position: Position): Promise<void> {
    if (position.cursor === this.#session.current.cursor) return;
    await this.#session.save((current) => {
      const droppedRows = current.totals.droppedRows + this.#builder.droppedRows;
      return {
        ...current,
        cursor: position.cursor,
        watermark: position.watermark?.toISOString() ?? null,
        indexFloor: this.#known.floor ?? current.indexFloor,
        totals: { ...current.totals, droppedRows },
      };
    }, this.#options);
    this.#meter.droppedRows += this.#builder.droppedRows;
    this.#builder = this.#newBuilder();
  }

  async #commitRows(position: Position): Promise<void> {
    const builder = this.#builder;
    const prepared = await builder.prepare(this.#options);
    const end = {
      ...position,
      runId: this.#loop.runId,
      runStartedAt: this.#loop.startedAt,
      rejectedRows: builder.rejectedRows,
      droppedRows: builder.droppedRows,
    };
    // From here on the decision may be durable: these objects are never aborted by this run again.
    this.#builder = this.#newBuilder();
    await decideCommit(this.#session, { prepared, end }, this.#options);
    const { exportId, sink, runtime } = this.#settings;
    const context = { exportId, sink, runtime, indexFloor: this.#known.floor };
    await carryOutCommit(this.#session, context, this.#options);
    this.#builder = this.#newBuilder();
    this.#meter.rows += prepared.rows;
    this.#meter.bytes += prepared.bytes;
    this.#meter.objects += prepared.objects.length;
    this.#meter.commits += 1;
    this.#meter.lateRows += prepared.lateRows;
    this.#meter.mistypedValues += prepared.mistypedValues;
    this.#meter.rejectedRows += builder.rejectedRows;
    this.#meter.droppedRows += builder.droppedRows;
    if (prepared.lateRows > 0)
      emit(this.#options.observer, { type: 'late-rows', exportId, rows: prepared.lateRows });
  }

  /** Removes what was written and not decided; failures leave strays, which the next run removes. */
  async #abandon(): Promise<void> {
    try {
      await this.#builder.abort();
    } catch {
      // The failure that brought us here is the one to report.
    }
  }

  #newBuilder(): CommitBuilder {
    const { generation, sequence } = this.#session.current;
    return new CommitBuilder(this.#settings, {
      generation,
      sequence,
      runStartedAt: this.#loop.startedAt,
    });
  }

  async #isPaused(): Promise<boolean> {
    const { store, exportId } = this.#settings;
    return await exportPause(store, exportId).isSet(this.#options);
  }

  #emitPage(page: Page, bytes: number, rows: number): void {
    const { exportId, runtime } = this.#settings;
    const lagMs =
      page.watermark === undefined ? null : runtime.now().getTime() - page.watermark.getTime();
    emit(this.#options.observer, { type: 'page-read', exportId, rows, bytes, lagMs });
  }

  #emitPartitionLimit(): void {
    const { exportId, keys } = this.#settings;
    const { maxOpenPartitions } = keys;
    emit(this.#options.observer, { type: 'partition-limit', exportId, maxOpenPartitions });
  }
}

function errorOf(work: PageWork, row: number): Error {
  const fate = work.fates[row];
  return fate?.kind === 'bad' ? fate.error : new Error('unreachable');
}

function partitionsExceeded(maxOpenPartitions: number): RunError {
  return new RunError(
    'LIMIT_EXCEEDED',
    `One page holds rows of more than ${maxOpenPartitions} partitions and cannot be cut.`,
    { remedy: 'Raise maxOpenPartitions, lower pageSize, or partition by a field of fewer values.' },
  );
}
