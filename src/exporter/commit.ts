import { RunError, isExportError } from '../errors/index.js';
import type { Cursor, OperationOptions, Runtime, Sink } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { Checkpoint, IndexFloor, PendingCommit, PendingObject, Totals } from './checkpoint.js';
import type { CheckpointSession } from './checkpoint-session.js';
import type { PreparedCommit } from './commit-builder.js';
import { type Manifest, MANIFEST_VERSION, companionKey } from './manifest.js';

/** So often is a failing call repeated before its error is thrown; the next run carries on. */
const CALL_ATTEMPTS = 5;
const RETRY_DELAY_MS = 500;
const RETRY_DELAY_MAX_MS = 15_000;

/** What a commit says besides its objects. */
export interface CommitEnd {
  readonly runId: string;
  readonly runStartedAt: Date;
  readonly cursor: Cursor;
  readonly watermark: Date | null;
  readonly rejectedRows: number;
  readonly droppedRows: number;
}

/** What carrying out a commit needs. */
export interface CommitContext {
  readonly exportId: string;
  readonly sink: Sink;
  readonly runtime: Runtime;
  /** What this run's lookback found out, if it had one. */
  readonly indexFloor: IndexFloor | null;
}

/** Decides a commit: from the moment this save is sent, it can only be carried out. */
export async function decideCommit(
  session: CheckpointSession,
  commit: { readonly prepared: PreparedCommit; readonly end: CommitEnd },
  options: OperationOptions,
): Promise<void> {
  const pending = pendingCommit(session.current, commit.prepared, commit.end);
  await session.save((current) => ({ ...current, pending }), options);
}

/**
 * Carries out the pending commit: completes its objects, puts its manifest, moves the cursor. Idempotent: any
 * worker may do it again from the start, whatever was done already.
 * @throws `COMMIT_UNRESOLVED` when an object is neither there nor can be completed.
 */
export async function carryOutCommit(
  session: CheckpointSession,
  context: CommitContext,
  options: OperationOptions,
): Promise<void> {
  const { pending } = session.current;
  if (pending === null) return;
  if (!pending.resolved) await completeObjects(pending, context, options);
  await repeatCall(context, options, () =>
    context.sink.put(pending.manifestKey, Buffer.from(pending.manifest), {
      ...options,
      contentType: 'application/json',
    }),
  );
  await session.save((current) => advance(current, pending, context.indexFloor), options);
  emit(options.observer, commitEvent(context.exportId, pending));
}

function advance(
  current: Checkpoint,
  pending: PendingCommit,
  indexFloor: IndexFloor | null,
): Checkpoint {
  return {
    ...current,
    cursor: pending.cursor,
    sequence: pending.sequence + 1,
    pending: null,
    watermark: pending.watermark,
    totals: pending.totals,
    lastManifestKey: pending.manifestKey,
    indexFloor: indexFloor ?? current.indexFloor,
    supersedes: [],
  };
}

function pendingCommit(
  current: Checkpoint,
  prepared: PreparedCommit,
  end: CommitEnd,
): PendingCommit {
  const { exportId, generation, sequence } = current;
  const place = { exportId, generation, sequence, nonce: prepared.nonce };
  const manifest: Manifest = {
    version: MANIFEST_VERSION,
    exportId,
    generation,
    sequence,
    runId: end.runId,
    runStartedAt: end.runStartedAt.toISOString(),
    source: current.fingerprint.source,
    transformed: prepared.transformed,
    previous: current.lastManifestKey,
    cursorFrom: current.cursor,
    cursorTo: end.cursor,
    watermark: end.watermark?.toISOString() ?? null,
    schemaId: prepared.schemaId,
    supersedes: current.supersedes,
    objects: prepared.objects,
    rowIndex: prepared.rowIndex,
    rejected: prepared.rejected,
    attachments: prepared.attachments,
    lateRows: prepared.lateRows,
    minVersion: prepared.minVersion,
    maxVersion: prepared.maxVersion,
  };
  return {
    nonce: prepared.nonce,
    sequence,
    objects: prepared.pending,
    manifestKey: companionKey('_manifests', place),
    manifest: `${JSON.stringify(manifest, null, 1)}\n`,
    cursor: end.cursor,
    watermark: manifest.watermark,
    totals: addTotals(current.totals, prepared, end),
    resolved: false,
  };
}

function addTotals(totals: Totals, prepared: PreparedCommit, end: CommitEnd): Totals {
  return {
    rows: totals.rows + prepared.rows,
    objects: totals.objects + prepared.objects.length,
    bytes: totals.bytes + prepared.bytes,
    commits: totals.commits + 1,
    lateRows: totals.lateRows + prepared.lateRows,
    rejectedRows: totals.rejectedRows + end.rejectedRows,
    droppedRows: totals.droppedRows + end.droppedRows,
  };
}

async function completeObjects(
  pending: PendingCommit,
  context: CommitContext,
  options: OperationOptions,
): Promise<void> {
  const unresolved: string[] = [];
  const deadline = context.runtime.now().getTime() + (context.sink.settleMs ?? 0);
  for (const object of pending.objects) {
    if (!(await completeObject(object, { ...context, deadline }, options)))
      unresolved.push(object.key);
  }
  if (unresolved.length === 0) return;
  throw new RunError(
    'COMMIT_UNRESOLVED',
    `Of commit ${pending.sequence} of export "${context.exportId}", ${unresolved.length} of ${pending.objects.length} objects are neither visible nor can be completed: ${unresolved.join(', ')}.`,
    {
      remedy:
        "Something removed or moved them. If they arrived where you want them, call resolve('committed'); if not, resolve('export-again').",
      details: { exportId: context.exportId, sequence: pending.sequence, keys: unresolved },
    },
  );
}

/** What completing an object needs: where, and until when a sink that cannot tell is asked again. */
export interface CompletionContext {
  readonly sink: Sink;
  readonly runtime: Runtime;
  /** In milliseconds since 1970. */
  readonly deadline: number;
}

/**
 * Completes one object; asks again until the deadline while the sink cannot tell.
 * @returns false when it is neither visible nor can be completed.
 */
export async function completeObject(
  object: PendingObject,
  context: CompletionContext,
  options: OperationOptions,
): Promise<boolean> {
  const { sink, runtime, deadline } = context;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await repeatCall(context, options, () => sink.commit(object, options));
    if (outcome === 'committed') return true;
    if (runtime.now().getTime() >= deadline) return false;
    await runtime.sleep(retryDelay(attempt), options.signal);
  }
}

/** Repeats a call that failed with a retryable error, a few times. */
async function repeatCall<T>(
  context: Pick<CommitContext, 'runtime'>,
  options: OperationOptions,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (attempt >= CALL_ATTEMPTS || !isExportError(error) || !error.retryable) throw error;
      const delayMs = retryDelay(attempt);
      emit(options.observer, {
        type: 'retry',
        target: 'sink',
        operation: 'commit',
        attempt,
        delayMs,
        reason: error.code,
      });
      await context.runtime.sleep(delayMs, options.signal);
    }
  }
}

function retryDelay(attempt: number): number {
  return Math.min(RETRY_DELAY_MS * 2 ** (attempt - 1), RETRY_DELAY_MAX_MS);
}

function commitEvent(exportId: string, pending: PendingCommit): Parameters<typeof emit>[1] {
  const manifest = JSON.parse(pending.manifest) as Manifest;
  return {
    type: 'commit',
    exportId,
    sequence: pending.sequence,
    manifestKey: pending.manifestKey,
    objects: manifest.objects.length,
    rows: manifest.objects.reduce((sum, object) => sum + object.rows, 0),
    bytes: manifest.objects.reduce((sum, object) => sum + object.bytes, 0),
    watermark: pending.watermark === null ? null : new Date(pending.watermark),
  };
}
