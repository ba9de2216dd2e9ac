import type { OperationOptions } from '../interfaces/index.js';
import { LeaseSession } from '../leases/lease-session.js';
import { isLocked } from '../leases/leased-document.js';
import { checkFingerprint, newCheckpoint } from './checkpoint.js';
import { type CheckpointSession, loadCheckpoint, sessionSettings } from './checkpoint-session.js';
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
    checkFingerprint(loaded.document.fingerprint, fingerprint, exportId);
    if (isLocked(loaded.document, session)) return null;
  }
  const from = loaded ?? { document: newCheckpoint(exportId, fingerprint), revision: null };
  return await LeaseSession.acquire(session, from, options);
}
