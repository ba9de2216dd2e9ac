import type { CursorStore, OperationOptions } from '../interfaces/index.js';
import type { LeaseSession, LeaseSettings } from '../leases/lease-session.js';
import { type DocumentPlace, type LoadedDocument, loadLeased } from '../leases/leased-document.js';
import { emit } from '../util/observe.js';
import {
  CHECKPOINT_MAX_BYTES,
  type Checkpoint,
  checkpointKey,
  parseCheckpoint,
} from './checkpoint.js';
import type { ExporterSettings } from './settings.js';

/** The right of one run to change one checkpoint. */
export type CheckpointSession = LeaseSession<Checkpoint>;

function checkpointPlace(store: CursorStore, exportId: string): DocumentPlace<Checkpoint> {
  return {
    store,
    key: checkpointKey(exportId),
    parse: (stored) => parseCheckpoint(stored, exportId),
  };
}

/** Reads and checks an export's checkpoint; `null` when it never ran. */
export async function loadCheckpoint(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<LoadedDocument<Checkpoint> | null> {
  return await loadLeased(checkpointPlace(store, exportId), options);
}

/** What a session on the checkpoint of an export needs. */
export function sessionSettings(settings: ExporterSettings): LeaseSettings<Checkpoint> {
  const { exportId, store, runtime, holder, limits } = settings;
  return {
    ...checkpointPlace(store, exportId),
    runtime,
    holder,
    limits,
    maxBytes: CHECKPOINT_MAX_BYTES,
    texts: {
      owner: `export "${exportId}"`,
      document: 'checkpoint',
      tooLargeRemedy:
        'Write fewer partitions at a time (maxOpenPartitions) or shorter keys; read fewer projects with one export.',
      lostRemedy:
        'Nothing is lost: this run stopped without touching anything; the other one goes on.',
      details: { exportId },
    },
    onLeaseLost: (observer) => emit(observer, { type: 'lease-loss', exportId }),
  };
}
