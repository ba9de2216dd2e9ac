import { CheckpointError } from '../errors/index.js';
import type { OperationOptions, Stray } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { CheckpointSession } from './checkpoint-session.js';
import { carryOutCommit, type CommitContext } from './commit.js';
import { manifestPrefix } from './manifest.js';
import type { ExporterSettings } from './settings.js';

/** So many strays are removed by one run; the next one goes on. */
const STRAYS_PER_RUN = 1_000;

/** Carries out a commit that an earlier run decided and did not finish. */
export async function recoverCommit(
  session: CheckpointSession,
  context: CommitContext,
  options: OperationOptions,
): Promise<boolean> {
  const { pending } = session.current;
  if (pending === null) return false;
  await carryOutCommit(session, context, options);
  emit(options.observer, {
    type: 'recovery',
    exportId: context.exportId,
    sequence: pending.sequence,
    outcome: 'rolled-forward',
  });
  return true;
}

/**
 * Removes what runs left behind that died before they decided to commit. Lists first, then makes sure that the
 * checkpoint is still ours: whatever was listed then belongs to nobody, because a decided commit would show.
 */
export async function removeStrays(
  session: CheckpointSession,
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<number> {
  const { sink, exportId } = settings;
  const found: Stray[] = [];
  for await (const stray of sink.strays(exportId, options)) {
    found.push(stray);
    if (found.length >= STRAYS_PER_RUN) break;
  }
  if (found.length === 0 || !(await session.isCurrent(options))) return 0;
  const kept = session.current.pending?.nonce;
  const strays = found.filter((stray) => stray.nonce !== kept);
  for (const stray of strays) {
    await sink.discard(exportId, stray, options);
    emit(options.observer, { type: 'stray-remove', exportId, strayId: stray.id });
  }
  return strays.length;
}

/**
 * Refuses to begin an export whose manifests are in the sink already: its checkpoint was lost, or another
 * cursor store holds it. Beginning at zero would export everything twice.
 * @returns the highest generation found, for `reset()`.
 */
export async function highestGeneration(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<number> {
  const prefix = manifestPrefix(settings.exportId);
  let highest = 0;
  let after: string | undefined;
  // One listing request a generation: jump behind everything of the generation just seen.
  for (;;) {
    const key = await firstKey(settings, { ...options, prefix, after });
    if (key === null) return highest;
    const generation = key.slice(prefix.length, key.indexOf('/', prefix.length));
    highest = Math.max(highest, Number(generation));
    after = `${prefix}${generation}/~`;
  }
}

async function firstKey(
  settings: ExporterSettings,
  options: OperationOptions & { readonly prefix: string; readonly after: string | undefined },
): Promise<string | null> {
  const { prefix, after, ...operation } = options;
  const list = after === undefined ? operation : { ...operation, after };
  for await (const { key } of settings.sink.list(prefix, list)) return key;
  return null;
}

/** The error for a checkpoint that should be there and is not. */
export function checkpointMissing(settings: ExporterSettings): CheckpointError {
  const { exportId, sink, store } = settings;
  return new CheckpointError(
    'CHECKPOINT_MISSING',
    `Export "${exportId}" has manifests in ${sink.location} but no checkpoint in the cursor store (${store.name}).`,
    {
      remedy:
        'Restore the cursor store or point at the right one; use a new export id; or call reset() to export everything again.',
      details: { exportId },
    },
  );
}
