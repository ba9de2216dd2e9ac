import type { OperationOptions } from '../interfaces/index.js';
import { checkFingerprint, newCheckpoint } from './checkpoint.js';
import {
  CheckpointSession,
  type SessionSettings,
  isLocked,
  loadCheckpoint,
} from './checkpoint-session.js';
import { checkpointMissing, highestGeneration } from './recover.js';
import type { ExporterSettings } from './settings.js';

/** Takes the lease, or finds that it cannot. Refuses changed settings and a lost checkpoint. */
export async function openSession(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<CheckpointSession | null> {
  const session = sessionSettings(settings);
  const { store, exportId, fingerprint } = settings;
  let loaded = await loadCheckpoint(store, exportId, options);
  if (loaded === null && (await highestGeneration(settings, options)) > 0) {
    // Another worker's first commit may have come between the two looks.
    loaded = await loadCheckpoint(store, exportId, options);
    if (loaded === null) throw checkpointMissing(settings);
  }
  if (loaded !== null) {
    checkFingerprint(loaded.checkpoint.fingerprint, fingerprint, exportId);
    if (isLocked(loaded.checkpoint, session)) return null;
  }
  const from = loaded ?? { checkpoint: newCheckpoint(exportId, fingerprint), revision: null };
  return await CheckpointSession.acquire(session, from, options);
}

/** The part of the settings that a session needs. */
export function sessionSettings(settings: ExporterSettings): SessionSettings {
  const { exportId, store, runtime, holder, limits } = settings;
  return {
    exportId,
    store,
    runtime,
    holder,
    leaseMs: limits.leaseMs,
    renewMs: limits.leaseRenewMs,
  };
}
