import { isExportError } from '../errors/index.js';
import type { CursorStore, OperationOptions, StoredDocument } from '../interfaces/index.js';

const SAVE_ATTEMPTS = 5;

/** A mark in the cursor store that keeps runs of every process from working. */
export class PauseMark {
  readonly #store: CursorStore;
  readonly #key: string;

  constructor(store: CursorStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** True from the time it was set until it is cleared, in any process. */
  async isSet(options: OperationOptions): Promise<boolean> {
    return isPaused(await this.#store.load(this.#key, options));
  }

  /** Sets or clears the mark. Idempotent. */
  async change(
    mark: { readonly paused: boolean; readonly at: Date },
    options: OperationOptions,
  ): Promise<void> {
    const document = { version: 1, paused: mark.paused, at: mark.at.toISOString() };
    for (let attempt = 1; ; attempt += 1) {
      const stored = await this.#store.load(this.#key, options);
      if (isPaused(stored) === mark.paused) return;
      try {
        const save = { ...options, ifRevision: stored?.revision ?? null };
        await this.#store.save(this.#key, document, save);
        return;
      } catch (error) {
        if (attempt >= SAVE_ATTEMPTS || !isExportError(error, 'CHECKPOINT_CONFLICT')) throw error;
      }
    }
  }
}

function isPaused(stored: StoredDocument | null): boolean {
  return (stored?.document as { paused?: boolean } | undefined)?.paused === true;
}
