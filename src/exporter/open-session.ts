import type { OperationOptions } from '../interfaces/index.js';
import { type Fingerprint, checkFingerprint } from './checkpoint.js';
import {
  CheckpointSession,
  type LoadedCheckpoint,
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
  const loaded = await loadCheckpoint(settings.store, settings.exportId, options);
  if (loaded === null && (await highestGeneration(settings, options)) > 0)
    throw checkpointMissing(settings);
  if (loaded !== null) {
    checkFingerprint(loaded.checkpoint.fingerprint, settings.fingerprint, settings.exportId);
    if (isLocked(loaded.checkpoint, session)) return null;
  }
  const from: LoadedCheckpoint | Fingerprint = loaded ?? settings.fingerprint;
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
