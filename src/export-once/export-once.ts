import { setImmediate as nextTurn } from 'node:timers/promises';

import { isExportError } from '../errors/index.js';
import { PageReader, type ReadEnd } from '../exporter/page-reader.js';
import { asBatch } from '../exporter/page-work.js';
import type { Cursor, Page, Row, RowBatch } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import { withTimeLimit } from '../util/time-limit.js';
import {
  CLOSE_TIMEOUT_MS,
  type ExportOnceOptions,
  type ExportOnceResult,
  type ExportOnceSettings,
  readExportOnceOptions,
} from './export-once-options.js';
import { selectRows } from './row-selection.js';
import { RowWriter } from './row-writer.js';

/**
 * Reads a source from its beginning and writes one object: a download, a report, a training set. There is no
 * checkpoint; for data that is to be kept, and go on where it stopped, use `createExporter`.
 *
 * Memory holds a page, what the encoder holds back and what the output has not taken. With a `sink` nothing is visible
 * before everything is, and nothing at all on failure; a `writable` is ended on success only. A source without rows
 * gives a valid object without rows.
 * @throws ConfigurationError `OPTION_INVALID`; the source's errors; `SinkError`s, among them `WRITABLE_FAILED`;
 *   `EncodeError`s of rows; `LIMIT_EXCEEDED` past `maxBytes`; `COMMIT_UNRESOLVED` when the sink did not tell whether
 *   the object became visible. An abort rejects with `signal.reason`.
 */
export async function exportOnce(options: ExportOnceOptions): Promise<ExportOnceResult> {
  const settings = readExportOnceOptions(options);
  const signal = settings.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const startedAt = settings.runtime.now().getTime();
  const run = new OneExport(settings, await RowWriter.open(settings, signal), signal);
  const result = await run.run();
  return { ...result, durationMs: settings.runtime.now().getTime() - startedAt };
}

type Stop = ExportOnceResult['stopReason'];

class OneExport {
  readonly #settings: ExportOnceSettings;
  readonly #writer: RowWriter;
  readonly #signal: AbortSignal;
  #cursor: Cursor | null;
  #skippedRows = 0;
  #droppedRows = 0;
  #pages = 0;

  constructor(settings: ExportOnceSettings, writer: RowWriter, signal: AbortSignal) {
    this.#settings = settings;
    this.#writer = writer;
    this.#signal = signal;
    this.#cursor = settings.cursor;
  }

  async run(): Promise<Omit<ExportOnceResult, 'durationMs'>> {
    try {
      const stopReason = await this.#readAll();
      const { sha256, key } = await this.#writer.finish();
      return {
        rows: this.#writer.rows,
        skippedRows: this.#skippedRows,
        droppedRows: this.#droppedRows,
        bytes: this.#writer.bytes,
        sha256,
        key,
        complete: stopReason === 'caught-up',
        stopReason,
        cursor: this.#cursor,
        mistypedValues: this.#writer.mistypedValues,
      };
    } catch (error) {
      await this.#writer.discard(error);
      throw error;
    }
  }

  async #readAll(): Promise<Stop> {
    const { source, cursor, pageSize, observer } = this.#settings;
    const reader = new PageReader({
      source,
      cursor,
      pageSize,
      signal: this.#signal,
      observer: (event) => emit(observer, event),
    });
    try {
      return await this.#takePages(reader);
    } finally {
      const reason = (): Error => new Error('The source took too long to close.');
      const limit = { ms: CLOSE_TIMEOUT_MS, reason };
      await withTimeLimit(this.#settings.runtime, limit, (over) => reader.close(over));
    }
  }

  async #takePages(reader: PageReader): Promise<Stop> {
    for (;;) {
      const page = await reader.next();
      if ('kind' in page) return stopOf(page);
      const isWhole = await this.#takePage(page);
      this.#tellProgress();
      if (!isWhole) return 'row-limit';
      // Pages that are there at once would keep the host from its turn.
      await nextTurn();
    }
  }

  /** False when rows of the page had no room. */
  async #takePage(page: Page): Promise<boolean> {
    const batch = asBatch(page.rows);
    // What this read has given before is in the object; an earlier export may have ended before it.
    const repeats = this.#settings.cursor === null ? (page.repeats ?? 0) : 0;
    const rows = repeats === 0 ? batch : batch.slice(repeats, batch.length);
    const taken = await this.#takeRows(rows);
    this.#pages += 1;
    const isWhole = taken === rows.length;
    const last = repeats + taken - 1;
    if (isWhole) this.#cursor = page.cursor;
    else if (last >= 0) this.#cursor = page.cursorAfter?.(last) ?? this.#cursor;
    return isWhole;
  }

  /** Takes rows while there is room; rows that are skipped leave theirs to others. */
  async #takeRows(rows: RowBatch): Promise<number> {
    const { transform, limit } = this.#settings;
    for (let at = 0; ;) {
      const room = limit - this.#writer.rows;
      const rest = rows.slice(at, rows.length);
      const selection = await selectRows(rest, { transform, room, signal: this.#signal });
      if (selection.taken === 0) return at;
      for (const error of selection.refused) this.#refuse(error, null);
      const { outputs } = selection;
      await this.#writer.write(outputs, (error, row) =>
        this.#refuse(error, idOf(outputs.objects()[row])),
      );
      this.#droppedRows += selection.droppedRows;
      at += selection.taken;
    }
  }

  #refuse(error: Error, rowId: string | null): void {
    const { onBadRow, observer, exportId } = this.#settings;
    if (onBadRow === 'stop') throw error;
    this.#skippedRows += 1;
    const code = isExportError(error) ? error.code : error.name;
    emit(observer, { type: 'row-reject', exportId, rowId, code });
  }

  #tellProgress(): void {
    const { onProgress } = this.#settings;
    try {
      onProgress?.({ rows: this.#writer.rows, bytes: this.#writer.bytes, pages: this.#pages });
    } catch {
      // Who watches is a guest: its failure must not touch the export.
    }
  }
}

function stopOf(end: ReadEnd): Stop {
  if (end.kind === 'failed') throw end.error;
  return end.kind === 'behind' ? 'source-behind' : 'caught-up';
}

function idOf(row: Row | undefined): string | null {
  const id = row?.['id'];
  return typeof id === 'string' ? id : null;
}
