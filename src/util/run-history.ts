import { isExportError } from '../errors/index.js';
import type { CursorStore, Json, OperationOptions } from '../interfaces/index.js';

/** So many runs are kept. */
const RUNS_KEPT = 50;
const SAVE_ATTEMPTS = 3;
const ERROR_MAX_CHARACTERS = 500;

/** What every record of a run has. A record is JSON and of bounded size: {@link RunHistory} keeps 50. */
export interface HistoryRecord {
  /** Why the run failed, `null` when it did not. Cut to 500 characters when it is added. */
  readonly error: string | null;
}

interface Stored<R> {
  readonly version: 1;
  readonly runs: readonly R[];
}

/**
 * The records of recent runs in one document of a cursor store. Nothing may rest on it: it is written outside any
 * lease, and one that cannot be read is empty.
 */
export class RunHistory<R extends HistoryRecord> {
  readonly #store: CursorStore;
  readonly #key: string;

  constructor(store: CursorStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** The recent runs, newest first. */
  async load(options: OperationOptions): Promise<readonly R[]> {
    const stored = await this.#loadStored(options);
    return stored.runs;
  }

  /** Adds a run at the front. Two writers at once are no conflict: the later one merges. */
  async append(run: R, options: OperationOptions): Promise<void> {
    const error = run.error?.slice(0, ERROR_MAX_CHARACTERS) ?? null;
    await this.#change((runs) => [{ ...run, error }, ...runs], options);
  }

  /** Empties the history. */
  async clear(options: OperationOptions): Promise<void> {
    await this.#change(() => [], options);
  }

  async #change(
    edit: (runs: readonly R[]) => readonly R[],
    options: OperationOptions,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const stored = await this.#loadStored(options);
      const document: Stored<R> = { version: 1, runs: edit(stored.runs).slice(0, RUNS_KEPT) };
      try {
        const save = { ...options, ifRevision: stored.revision };
        await this.#store.save(this.#key, document as unknown as Json, save);
        return;
      } catch (error) {
        if (attempt >= SAVE_ATTEMPTS || !isExportError(error, 'CHECKPOINT_CONFLICT')) throw error;
      }
    }
  }

  async #loadStored(
    options: OperationOptions,
  ): Promise<{ readonly runs: readonly R[]; readonly revision: string | null }> {
    const stored = await this.#store.load(this.#key, options);
    if (stored === null) return { runs: [], revision: null };
    const document = stored.document as unknown as Partial<Stored<R>> | null;
    const runs = Array.isArray(document?.runs) ? document.runs : [];
    return { runs, revision: stored.revision };
  }
}
