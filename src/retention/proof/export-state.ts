import { RetentionError } from '../../errors/index.js';
import { loadCheckpoint } from '../../exporter/checkpoint-session.js';
import type { CursorStore, OperationOptions, Sink } from '../../interfaces/index.js';

/** What the checkpoint of an export says of its commits, beyond the manifests. */
export interface ExportState {
  /** Keys of objects and manifests of commits that were given up, or may still be: they prove nothing. */
  readonly unsettled: ReadonlySet<string>;
  /** The newest manifest of the present generation: it must be there. */
  readonly lastManifestKey: string | null;
}

/**
 * Reads what a checkpoint says of the commits of an export; `null` when this store has no checkpoint of it.
 * @throws `PROOF_UNFIT` when the export writes to another sink, and what reading a checkpoint throws.
 */
export async function readExportState(
  from: { readonly store: CursorStore; readonly sink: Sink; readonly exportId: string },
  options: OperationOptions,
): Promise<ExportState | null> {
  const { store, sink, exportId } = from;
  const loaded = await loadCheckpoint(store, exportId, options);
  if (loaded === null) return null;
  const { fingerprint, pending, supersedes, lastManifestKey } = loaded.document;
  if (fingerprint.sink !== sink.location) {
    throw new RetentionError(
      'PROOF_UNFIT',
      `Export "${exportId}" writes to ${fingerprint.sink}, and the proof was to be in ${sink.location}.`,
      { remedy: 'Name the sink of the export, or the id of another one.', details: { exportId } },
    );
  }
  // A decided commit may still be given up by `resolve('export-again')`, whatever of it is visible.
  const decided =
    pending === null ? [] : [pending.manifestKey, ...pending.objects.map(({ key }) => key)];
  return { unsettled: new Set([...supersedes, ...decided]), lastManifestKey };
}
