import type { OperationOptions } from '../interfaces/index.js';
import { isLocked } from '../leases/leased-document.js';
import { NO_TOTALS } from './checkpoint.js';
import { loadCheckpoint } from './checkpoint-session.js';
import { exportHistory } from './history.js';
import { exportPause } from './pause.js';
import type { ExportStatus } from './results.js';
import { isAtRisk } from './risk.js';
import type { ExporterSettings } from './settings.js';

/** Reads where an export stands; changes nothing. */
export async function exportStatus(
  settings: ExporterSettings,
  options: OperationOptions,
): Promise<ExportStatus> {
  const { store, exportId, runtime, source } = settings;
  const loaded = await loadCheckpoint(store, exportId, options);
  const runs = await exportHistory(store, exportId).load(options);
  const paused = await exportPause(store, exportId).isSet(options);
  const checkpoint = loaded?.document ?? null;
  const watermark = checkpoint?.watermark == null ? null : new Date(checkpoint.watermark);
  const now = runtime.now();
  const failed = runs.find((run) => run.error !== null);
  const { retentionMs } = source;
  const known = watermark !== null && retentionMs !== undefined;
  return {
    exportId,
    state: paused ? 'paused' : stateOf(),
    generation: checkpoint?.generation ?? 0,
    commits: checkpoint?.totals.commits ?? 0,
    totals: checkpoint?.totals ?? NO_TOTALS,
    watermark,
    lagMs: watermark === null ? null : Math.max(0, now.getTime() - watermark.getTime()),
    atRisk: known && isAtRisk({ runs, watermark, now, retentionMs }),
    lastRun: runs[0] ?? null,
    lastError:
      failed === undefined
        ? null
        : { code: failed.reason, message: failed.error ?? '', at: new Date(failed.endedAt) },
    recentRuns: runs,
  };

  function stateOf(): ExportStatus['state'] {
    if (checkpoint === null) return 'new';
    // Asked as a stranger, so that this exporter's own run counts as running too.
    if (isLocked(checkpoint, { ...settings, holder: '' })) return 'running';
    return checkpoint.pending === null ? 'idle' : 'pending';
  }
}
