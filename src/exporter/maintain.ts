import { CheckpointError, ConfigurationError, RunError } from '../errors/index.js';
import type { Cursor, OperationOptions } from '../interfaces/index.js';
import { LeaseSession } from '../leases/lease-session.js';
import { type LoadedDocument, type NewDocument, isLocked } from '../leases/leased-document.js';
import { closeInTime } from '../util/close-in-time.js';
import { emit } from '../util/observe.js';
import { type Checkpoint, checkFingerprint, newCheckpoint } from './checkpoint.js';
import { type CheckpointSession, loadCheckpoint, sessionSettings } from './checkpoint-session.js';
import { carryOutCommit } from './commit.js';
import { exportHistory } from './history.js';
import { type NewestManifest, newestManifest, recoverCommit, removeStrays } from './recover.js';
import type { ExporterSettings } from './settings.js';

/** How the host settles a commit that the library cannot. */
export type Resolution = 'committed' | 'export-again';

/** Begins a new generation from the beginning of the data, with the present settings. */
export async function resetExport(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<void> {
  await beginGeneration(settings, { cursorAfter: () => null, takesSettings: true }, options);
  await exportHistory(settings.store, settings.exportId).clear(options);
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
  const cursorAfter = (left: Cursor | null): Cursor | null => source.cursorAt?.(to, left) ?? null;
  await beginGeneration(settings, { cursorAfter, takesSettings: false }, options);
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
  const loaded = await loadCheckpoint(settings.store, settings.exportId, options);
  // A checkpoint made here would hide that the export's own one was lost.
  if (loaded === null) return false;
  return await withLease(settings, { from: loaded, options }, async (session) => {
    const { pending } = session.current;
    if (pending === null) return false;
    checkSink(session.current, settings);
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

/** A decided commit can be carried out only where its objects wait. */
function checkSink(
  { pending, fingerprint }: Checkpoint,
  { exportId, sink }: ExporterSettings,
): void {
  if (pending === null || fingerprint.sink === sink.location) return;
  throw new CheckpointError(
    'FINGERPRINT_CHANGED',
    `A decided commit of export "${exportId}" waits in ${fingerprint.sink}, and this exporter writes to ${sink.location}.`,
    { remedy: 'Run or resolve() it once with the old sink, then reset() with the new one.' },
  );
}

interface GenerationStart {
  /** Where it begins, given where the generation before it stood. */
  readonly cursorAfter: (left: Cursor | null) => Cursor | null;
  /** Whether the settings of this exporter replace those of the export, or must be the same. */
  readonly takesSettings: boolean;
}

async function beginGeneration(
  settings: ExporterSettings,
  start: GenerationStart,
  options: OperationOptions,
): Promise<void> {
  const { exportId, sink, store, runtime } = settings;
  const loaded = await loadCheckpoint(store, exportId, options);
  const newest = await newestManifest(settings, options);
  if (loaded === null) {
    // Its very first save already stands behind all manifests: a crash after it repeats no generation.
    const document = nextGeneration(settings, { newest, from: null, start });
    await withLease(
      settings,
      { from: { document, revision: null }, options },
      async () => undefined,
    );
    return;
  }
  if (!start.takesSettings)
    checkFingerprint(loaded.document.fingerprint, settings.fingerprint, exportId);
  await withLease(settings, { from: loaded, options }, async (session) => {
    checkSink(session.current, settings);
    // A decided commit must be carried out before its generation ends.
    await recoverCommit(session, { exportId, sink, runtime, indexFloor: null }, options);
    await session.save((from) => nextGeneration(settings, { newest, from, start }), options);
  });
}

/** The checkpoint of a generation behind both the one before and every manifest. */
function nextGeneration(
  settings: ExporterSettings,
  after: {
    readonly newest: NewestManifest;
    readonly from: Checkpoint | null;
    readonly start: GenerationStart;
  },
): Checkpoint {
  const { newest, from, start } = after;
  const cursor = start.cursorAfter(from?.cursor ?? null);
  const fresh = newCheckpoint(settings.exportId, settings.fingerprint);
  const generation = Math.max(newest.generation, from?.generation ?? 0) + 1;
  // The next sequence of a checkpoint that stands behind the newest manifest is its own.
  const sequence = Math.max(newest.sequence + 1, from?.sequence ?? 1);
  if (from === null) return { ...fresh, generation, sequence, cursor };
  const { fencingToken, lease, supersedes } = from;
  return { ...fresh, generation, sequence, cursor, fencingToken, lease, supersedes };
}

/** Takes the lease for maintenance; unlike a run, without comparing settings. */
async function withLease<T>(
  settings: ExporterSettings,
  what: {
    readonly from: LoadedDocument<Checkpoint> | NewDocument<Checkpoint>;
    readonly options: OperationOptions;
  },
  work: (session: CheckpointSession) => Promise<T>,
): Promise<T> {
  const { from, options } = what;
  const mine = sessionSettings(settings);
  if (isLocked(from.document, mine)) throw locked(settings.exportId);
  const session = await LeaseSession.acquire(mine, from, options);
  if (session === null) throw locked(settings.exportId);
  try {
    return await work(session);
  } finally {
    await closeInTime(settings, (signal) => session.release({ signal }));
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
