import { CheckpointError } from '../errors/index.js';
import type { OperationOptions, Stray } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { CheckpointSession } from './checkpoint-session.js';
import { carryOutCommit, type CommitContext } from './commit.js';
import { manifestPrefix, parseManifestKey } from './manifest.js';
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

/** Generation and sequence of the newest manifest in the sink; both 0 without one. */
export interface NewestManifest {
  readonly generation: number;
  readonly sequence: number;
}

/**
 * Looks for the newest manifest. One beside a missing checkpoint means that the checkpoint was lost, or that
 * another cursor store holds it: beginning at zero would export everything twice.
 */
export async function newestManifest(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<NewestManifest> {
  const { exportId, sink } = settings;
  const generation = await highestGeneration(settings, options);
  let sequence = 0;
  if (generation > 0) {
    for await (const { key } of sink.list(manifestPrefix(exportId, generation), options))
      sequence = Math.max(sequence, parseManifestKey(exportId, key)?.sequence ?? 0);
  }
  return { generation, sequence };
}

/** The highest generation that has a manifest; 0 when there is none. */
export async function highestGeneration(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<number> {
  const { exportId } = settings;
  const prefix = manifestPrefix(exportId);
  let highest = 0;
  let after: string | undefined;
  // One listing request a generation: jump behind everything of the generation just seen.
  for (;;) {
    const key = await firstKey(settings, { ...options, prefix, after });
    if (key === null) return highest;
    const place = parseManifestKey(exportId, key);
    highest = Math.max(highest, place?.generation ?? 0);
    // What is no manifest, such as a file that a desktop left, is passed over alone.
    after = place === null ? key : `${manifestPrefix(exportId, place.generation)}~`;
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
