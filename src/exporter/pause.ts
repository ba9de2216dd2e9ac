import { isExportError } from '../errors/index.js';
import type { CursorStore, OperationOptions } from '../interfaces/index.js';

const SAVE_ATTEMPTS = 5;

function pauseKey(exportId: string): string {
  return `pauses/${exportId}`;
}

/** True after `pause()`, until `resume()`, in any process. */
export async function isPaused(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<boolean> {
  const stored = await store.load(pauseKey(exportId), options);
  return (stored?.document as { paused?: boolean } | undefined)?.paused === true;
}

/** Sets or clears the pause. Idempotent. A running run sees it after its next commit. */
export async function setPaused(
  store: CursorStore,
  mark: { readonly exportId: string; readonly paused: boolean; readonly at: Date },
  options: OperationOptions,
): Promise<void> {
  const key = pauseKey(mark.exportId);
  for (let attempt = 1; ; attempt += 1) {
    const stored = await store.load(key, options);
    const before = (stored?.document as { paused?: boolean } | undefined)?.paused === true;
    if (before === mark.paused) return;
    const document = { version: 1, paused: mark.paused, at: mark.at.toISOString() };
    try {
      await store.save(key, document, { ...options, ifRevision: stored?.revision ?? null });
      return;
    } catch (error) {
      if (attempt >= SAVE_ATTEMPTS || !isExportError(error, 'CHECKPOINT_CONFLICT')) throw error;
    }
  }
}
