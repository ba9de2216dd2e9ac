import { CheckpointError, ConfigurationError, RunError } from '../errors/index.js';
import type { Cursor, OperationOptions } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import { type Checkpoint, checkFingerprint, newCheckpoint } from './checkpoint.js';
import {
  CheckpointSession,
  type LoadedCheckpoint,
  isLocked,
  loadCheckpoint,
} from './checkpoint-session.js';
import { carryOutCommit } from './commit.js';
import { clearHistory } from './history.js';
import { manifestPrefix } from './manifest.js';
import { sessionSettings } from './open-session.js';
import { highestGeneration, recoverCommit, removeStrays } from './recover.js';
import type { ExporterSettings } from './settings.js';

/** How the host settles a commit that the library cannot. */
export type Resolution = 'committed' | 'export-again';

/** Begins a new generation from the beginning of the data, with the present settings. */
export async function resetExport(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<void> {
  await withLease(settings, options, async (session) => {
    await settlePending(session, settings, options);
    await beginGeneration(session, settings, { cursor: null, options });
    await clearHistory(settings.store, settings.exportId, options);
  });
}

/** Begins a new generation from a point in time. */
export async function rewindExport(
  settings: ExporterSettings,
  to: Date,
  options: OperationOptions,
): Promise<void> {
  const { source } = settings;
  if (source.cursorAt === undefined) {
    throw new ConfigurationError(
      'CAPABILITY_MISSING',
      `The source ${source.name} cannot begin at a time.`,
      {
        remedy: 'Use reset(), which begins at the beginning.',
      },
    );
  }
  const cursor = source.cursorAt(to);
  await withLease(settings, options, async (session) => {
    const { fingerprint } = session.current;
    checkFingerprint(fingerprint, settings.fingerprint, settings.exportId);
    await settlePending(session, settings, options);
    await beginGeneration(session, settings, { cursor, options });
  });
}

/**
 * Settles an unresolved commit by the host's word. The word is saved before it is acted on.
 * @returns false when there is nothing to settle.
 */
export async function resolveExport(
  settings: ExporterSettings,
  resolution: Resolution,
  options: OperationOptions,
): Promise<boolean> {
  return await withLease(settings, options, async (session) => {
    const { pending } = session.current;
    if (pending === null) return false;
    if (resolution === 'committed') await vouch(session, settings, options);
    else await exportAgain(session, settings, options);
    return true;
  });
}

async function vouch(
  session: CheckpointSession,
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<void> {
  const { exportId, sink, runtime } = settings;
  await session.save(
    (current) =>
      current.pending === null
        ? current
        : { ...current, pending: { ...current.pending, resolved: true } },
    options,
  );
  await carryOutCommit(session, { exportId, sink, runtime, indexFloor: null }, options);
}

async function exportAgain(
  session: CheckpointSession,
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<void> {
  const { pending } = session.current;
  if (pending === null) return;
  // Some objects may be visible, and a worker that was paused may still complete others: all are named.
  const abandoned = [...pending.objects.map((object) => object.key), pending.manifestKey];
  await session.save(
    (current) => ({
      ...current,
      pending: null,
      sequence: pending.sequence + 1,
      supersedes: [...current.supersedes, ...abandoned],
    }),
    options,
  );
  await removeStrays(session, settings, options);
  emit(options.observer, {
    type: 'recovery',
    exportId: settings.exportId,
    sequence: pending.sequence,
    outcome: 'exported-again',
  });
}

/** A decided commit must be carried out before its generation ends. */
async function settlePending(
  session: CheckpointSession,
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<void> {
  const { pending, fingerprint } = session.current;
  const { exportId, sink, runtime } = settings;
  if (pending !== null && fingerprint.sink !== sink.location) {
    throw new CheckpointError(
      'FINGERPRINT_CHANGED',
      `A decided commit of export "${exportId}" waits in ${fingerprint.sink}, and this exporter writes to ${sink.location}.`,
      { remedy: 'Run or resolve() it once with the old sink, then reset() with the new one.' },
    );
  }
  await recoverCommit(session, { exportId, sink, runtime, indexFloor: null }, options);
}

async function beginGeneration(
  session: CheckpointSession,
  settings: ExporterSettings,
  start: { readonly cursor: Cursor | null; readonly options: OperationOptions },
): Promise<void> {
  const { exportId, fingerprint } = settings;
  const highest = await highestGeneration(settings, start.options);
  const generation = Math.max(highest, session.current.generation) + 1;
  // A checkpoint that has committed nothing, beside manifests, stands for one that was lost.
  const isLost = highest > 0 && session.current.sequence === 1;
  const lost = isLost ? await lastSequence(settings, highest, start.options) : 0;
  await session.save((current): Checkpoint => {
    const sequence = Math.max(current.sequence, lost + 1);
    return {
      ...newCheckpoint(exportId, fingerprint),
      generation,
      sequence,
      fencingToken: current.fencingToken,
      lease: current.lease,
      cursor: start.cursor,
      supersedes: current.supersedes,
    };
  }, start.options);
}

/** The sequence of the newest manifest of a generation whose checkpoint is gone. */
async function lastSequence(
  settings: ExporterSettings,
  generation: number,
  options: OperationOptions,
): Promise<number> {
  const prefix = manifestPrefix(settings.exportId, generation);
  let last = 0;
  for await (const { key } of settings.sink.list(prefix, options))
    last = Math.max(last, Number.parseInt(key.slice(prefix.length), 10));
  return last;
}

/** Takes the lease for maintenance; unlike a run, without comparing settings. */
async function withLease<T>(
  settings: ExporterSettings,
  options: OperationOptions,
  work: (session: CheckpointSession) => Promise<T>,
): Promise<T> {
  const mine = sessionSettings(settings);
  const loaded = await loadCheckpoint(settings.store, settings.exportId, options);
  if (loaded !== null && isLocked(loaded.checkpoint, mine)) throw locked(settings.exportId);
  const from: LoadedCheckpoint | ExporterSettings['fingerprint'] = loaded ?? settings.fingerprint;
  const session = await CheckpointSession.acquire(mine, from, options);
  if (session === null) throw locked(settings.exportId);
  try {
    return await work(session);
  } finally {
    await session.release(options);
  }
}

function locked(exportId: string): RunError {
  return new RunError(
    'EXPORTER_BUSY',
    `A run of export "${exportId}" is under way in another process.`,
    {
      remedy: 'Call pause(), wait until status() no longer says "running", and try again.',
      retryable: true,
    },
  );
}
