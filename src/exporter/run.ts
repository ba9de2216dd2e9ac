import { type ExportError, isExportError } from '../errors/index.js';
import type { Observer, OperationOptions } from '../interfaces/index.js';
import { closeInTime } from '../util/close-in-time.js';
import { messageOf } from '../util/message.js';
import { emit } from '../util/observe.js';
import { anySignal } from '../util/time-limit.js';
import type { CheckpointSession } from './checkpoint-session.js';
import { exportHistory } from './history.js';
import { Meter } from './meter.js';
import { openSession } from './open-session.js';
import { PageReader } from './page-reader.js';
import { exportPause } from './pause.js';
import { recoverCommit, removeStrays } from './recover.js';
import type { RunOptions, RunRecord, RunResult, StopReason } from './results.js';
import { RefusedRow, type RefusedRows } from './refused-row.js';
import { isAtRisk } from './risk.js';
import type { DigestText } from './row-index.js';
import { RunLoop } from './run-loop.js';
import type { ExporterSettings } from './settings.js';
import { UNFINISHED_SNAPSHOT } from './snapshot.js';

/** So many rows that encoders refuse are met in one run, each costing a pass from the last commit on. */
const REFUSED_ROWS_MAX = 16;

/** One run, from its beginning to its record in the history. */
interface Run {
  readonly settings: ExporterSettings;
  readonly runId: string;
  readonly startedAt: Date;
  readonly meter: Meter;
  readonly limits: { readonly maxRows: number; readonly maxDurationMs: number };
  readonly signal: AbortSignal | undefined;
  recovered: boolean;
  watermark: Date | null;
  warnings: string[];
}

/** Runs an export once. See `Exporter.run`. */
export async function runExport(
  settings: ExporterSettings,
  options: RunOptions,
): Promise<RunResult> {
  const { runtime } = settings;
  options.signal?.throwIfAborted();
  const run: Run = {
    settings,
    runId: runtime.id(),
    startedAt: runtime.now(),
    meter: new Meter(runtime, settings.observer),
    limits: {
      maxRows: options.maxRows ?? settings.maxRowsPerRun,
      maxDurationMs: options.maxDurationMs ?? Infinity,
    },
    signal: options.signal,
    recovered: false,
    watermark: null,
    warnings: [],
  };
  try {
    const stopReason = await attempt(run);
    if (stopReason === 'time-limit' && settings.source.isSnapshot === true)
      run.warnings.push(UNFINISHED_SNAPSHOT);
    const result = resultOf(run, stopReason);
    if (stopReason !== 'locked' && stopReason !== 'paused') await record(run, stopReason, null);
    await warnOfRisk(run);
    return finish(run, result);
  } catch (error) {
    const reason = isExportError(error)
      ? error.code
      : options.signal?.aborted
        ? 'aborted'
        : 'error';
    await record(run, reason, error);
    emitEnd(run, reason);
    throw error;
  }
}

async function attempt(run: Run): Promise<StopReason> {
  const { settings } = run;
  const options: OperationOptions = { signal: run.signal, observer: run.meter.observe };
  if (await exportPause(settings.store, settings.exportId).isSet(options)) return 'paused';
  const session = await openSession(settings, options);
  if (session === null) return 'locked';
  run.watermark = dateOf(session.current.watermark);
  const lost = new AbortController();
  const ended = new AbortController();
  const alive = session.keepAlive(ended.signal, (error) => lost.abort(error));
  try {
    const signal = anySignal(run.signal, lost.signal) ?? lost.signal;
    return await work(run, session, { ...options, signal });
  } finally {
    ended.abort();
    await alive;
    run.watermark = dateOf(session.current.watermark);
    await closeInTime(settings, (signal) => session.release({ signal }));
  }
}

async function work(
  run: Run,
  session: CheckpointSession,
  options: OperationOptions & { readonly signal: AbortSignal },
): Promise<StopReason> {
  const { settings, meter } = run;
  const { exportId, sink, runtime } = settings;
  emit(options.observer, {
    type: 'run-start',
    exportId,
    runId: run.runId,
    generation: session.current.generation,
    fencingToken: session.current.fencingToken,
  });
  run.recovered = await meter.time('commit', () =>
    recoverCommit(session, { exportId, sink, runtime, indexFloor: null }, options),
  );
  await removeStrays(session, settings, options);
  const refused = new Map<DigestText, ExportError>();
  for (;;) {
    try {
      return await readAndCommit(run, { session, refused }, options);
    } catch (error) {
      if (!(error instanceof RefusedRow)) throw error;
      if (refused.has(error.digest) || refused.size >= REFUSED_ROWS_MAX) throw error.reason;
      refused.set(error.digest, error.reason);
    }
  }
}

/** One pass from the last commit on. */
async function readAndCommit(
  run: Run,
  pass: { readonly session: CheckpointSession; readonly refused: RefusedRows },
  options: OperationOptions & { readonly signal: AbortSignal },
): Promise<StopReason> {
  const { settings, meter, limits } = run;
  const { session, refused } = pass;
  const reader = new PageReader({
    source: settings.source,
    cursor: session.current.cursor,
    // Whole pages also under small limits: a page can be cut, and requests are what sources count.
    pageSize: settings.pageSize,
    signal: options.signal,
    observer: meter.observe,
  });
  const loop = new RunLoop(
    settings,
    { ...run, maxRows: limits.maxRows, refused },
    { session, meter, options },
  );
  return await withDeadline(run, reader, () => loop.run(reader));
}

/** Tells the reader to stop waiting once the run's time is up. */
async function withDeadline<T>(run: Run, reader: PageReader, body: () => Promise<T>): Promise<T> {
  const { runtime } = run.settings;
  const done = new AbortController();
  const passedMs = runtime.now().getTime() - run.startedAt.getTime();
  const leftMs = Math.max(0, run.limits.maxDurationMs - passedMs);
  const timer = Number.isFinite(leftMs)
    ? runtime.sleep(leftMs, done.signal, { background: true }).then(
        () => reader.stopWaiting(),
        () => undefined, // the run ended first
      )
    : Promise.resolve();
  try {
    return await body();
  } finally {
    done.abort();
    await timer;
    await closeInTime(run.settings, (signal) => reader.close(signal));
  }
}

function resultOf(run: Run, stopReason: StopReason): RunResult {
  const { meter, settings } = run;
  const now = settings.runtime.now().getTime();
  return {
    exportId: settings.exportId,
    runId: run.runId,
    stopReason,
    behind: stopReason === 'caught-up' ? null : stopReason,
    startedAt: run.startedAt,
    durationMs: now - run.startedAt.getTime(),
    stageMs: { ...meter.stageMs },
    rows: meter.rows,
    bytes: meter.bytes,
    objects: meter.objects,
    commits: meter.commits,
    lateRows: meter.lateRows,
    mistypedValues: meter.mistypedValues,
    rejectedRows: meter.rejectedRows,
    droppedRows: meter.droppedRows,
    attachments: { ...meter.attachments },
    sourceRequests: meter.sourceRequests,
    sinkRequests: meter.sinkRequests,
    recovered: run.recovered,
    lagMs: run.watermark === null ? null : Math.max(0, now - run.watermark.getTime()),
    watermark: run.watermark,
    warnings: [],
  };
}

/** Writes the run into the history. It proves nothing and stops nothing: a failure becomes a warning. */
async function record(run: Run, reason: string, error: unknown): Promise<void> {
  const { settings, meter } = run;
  const entry: RunRecord = {
    runId: run.runId,
    startedAt: run.startedAt.toISOString(),
    endedAt: settings.runtime.now().toISOString(),
    reason,
    rows: meter.rows,
    bytes: meter.bytes,
    objects: meter.objects,
    watermark: run.watermark?.toISOString() ?? null,
    error: error === null ? null : messageOf(error),
  };
  const { exportId, store } = settings;
  const failure = await closeInTime(settings, (signal) =>
    exportHistory(store, exportId).append(entry, { signal }),
  );
  if (failure !== null) run.warnings.push(`The run could not be added to the history: ${failure}`);
}

async function warnOfRisk(run: Run): Promise<void> {
  const { settings, watermark } = run;
  const { retentionMs } = settings.source;
  if (retentionMs === undefined || watermark === null) return;
  const { exportId, store, runtime } = settings;
  await closeInTime(settings, async (signal) => {
    const runs = await exportHistory(store, exportId).load({ signal });
    const lagMs = runtime.now().getTime() - watermark.getTime();
    if (isAtRisk({ runs, watermark, now: runtime.now(), retentionMs }))
      emit(run.meter.observe, { type: 'at-risk', exportId, lagMs, retentionMs });
  });
}

function finish(run: Run, result: RunResult): RunResult {
  emitEnd(run, result.stopReason);
  return Object.freeze({ ...result, warnings: Object.freeze([...run.warnings]) });
}

function emitEnd(run: Run, reason: string): void {
  const { settings, meter } = run;
  const observer: Observer = meter.observe;
  emit(observer, {
    type: 'run-end',
    exportId: settings.exportId,
    runId: run.runId,
    reason,
    rows: meter.rows,
    bytes: meter.bytes,
    objects: meter.objects,
    durationMs: settings.runtime.now().getTime() - run.startedAt.getTime(),
  });
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text);
}
