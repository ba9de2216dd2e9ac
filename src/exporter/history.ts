import { isExportError } from '../errors/index.js';
import type { CursorStore, Json, OperationOptions } from '../interfaces/index.js';
import type { RunRecord } from './results.js';

/** So many runs are kept. */
const RUNS_KEPT = 50;
const SAVE_ATTEMPTS = 3;
const ERROR_MAX_CHARACTERS = 500;

interface Stored {
  readonly version: 1;
  readonly runs: readonly RunRecord[];
}

function historyKey(exportId: string): string {
  return `runs/${exportId}`;
}

/** The recent runs, newest first. A history that cannot be read is empty: nothing rests on it. */
export async function loadHistory(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<readonly RunRecord[]> {
  const stored = await loadStored(store, exportId, options);
  return stored.runs;
}

/** Adds a run at the front. Two writers at once are no conflict: the later one merges. */
export async function appendHistory(
  store: CursorStore,
  entry: { readonly exportId: string; readonly run: RunRecord },
  options: OperationOptions,
): Promise<void> {
  const error = entry.run.error?.slice(0, ERROR_MAX_CHARACTERS) ?? null;
  await change(store, entry.exportId, options, (runs) => [{ ...entry.run, error }, ...runs]);
}

/** Empties the history. */
export async function clearHistory(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<void> {
  await change(store, exportId, options, () => []);
}

async function change(
  ...[store, exportId, options, edit]: [
    CursorStore,
    string,
    OperationOptions,
    (runs: readonly RunRecord[]) => readonly RunRecord[],
  ]
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const stored = await loadStored(store, exportId, options);
    const document: Stored = { version: 1, runs: edit(stored.runs).slice(0, RUNS_KEPT) };
    try {
      const save = { ...options, ifRevision: stored.revision };
      await store.save(historyKey(exportId), document as unknown as Json, save);
      return;
    } catch (error) {
      if (attempt >= SAVE_ATTEMPTS || !isExportError(error, 'CHECKPOINT_CONFLICT')) throw error;
    }
  }
}

async function loadStored(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<{ readonly runs: readonly RunRecord[]; readonly revision: string | null }> {
  const stored = await store.load(historyKey(exportId), options);
  if (stored === null) return { runs: [], revision: null };
  const document = stored.document as unknown as Partial<Stored> | null;
  const runs = Array.isArray(document?.runs) ? document.runs : [];
  return { runs, revision: stored.revision };
}
