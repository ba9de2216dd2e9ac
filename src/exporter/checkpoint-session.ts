import { CheckpointError, RunError, assert, isExportError } from '../errors/index.js';
import type { CursorStore, Json, OperationOptions, Runtime } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import {
  CHECKPOINT_MAX_BYTES,
  type Checkpoint,
  checkpointKey,
  parseCheckpoint,
} from './checkpoint.js';

/** Saves of unknown outcome are repeated so often, then the session stops and touches nothing. */
const SAVE_ATTEMPTS = 4;
const SAVE_DELAY_MS = 250;
/** A lease that ends later than any honest clock could say is a broken clock's, and does not hold. */
const CLOCK_SKEW_MAX_MS = 15 * 60_000;

export interface SessionSettings {
  readonly exportId: string;
  readonly store: CursorStore;
  readonly runtime: Runtime;
  readonly holder: string;
  readonly leaseMs: number;
  readonly renewMs: number;
}

export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly revision: string;
}

/** The first checkpoint of an export, not saved yet. */
export interface NewCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly revision: null;
}

/** Reads and checks an export's checkpoint; `null` when it never ran. */
export async function loadCheckpoint(
  store: CursorStore,
  exportId: string,
  options: OperationOptions,
): Promise<LoadedCheckpoint | null> {
  const stored = await store.load(checkpointKey(exportId), options);
  if (stored === null) return null;
  return { checkpoint: parseCheckpoint(stored.document, exportId), revision: stored.revision };
}

/** True while another worker may be running. */
export function isLocked(checkpoint: Checkpoint, settings: SessionSettings): boolean {
  const { lease } = checkpoint;
  if (lease === null || lease.holder === settings.holder) return false;
  const left = Date.parse(lease.expiresAt) - settings.runtime.now().getTime();
  return left > 0 && left <= settings.leaseMs + CLOCK_SKEW_MAX_MS;
}

/**
 * The right of one run to change one checkpoint. All saves of the run go through here, one at a time.
 *
 * A save whose outcome stays unknown, or that another worker's save has overtaken, ends the session: every
 * later call rejects with the same error and nothing is written any more.
 */
export class CheckpointSession {
  readonly #settings: SessionSettings;
  #checkpoint: Checkpoint;
  #revision: string | null;
  #queue: Promise<unknown> = Promise.resolve();
  #ended: Error | null = null;

  private constructor(settings: SessionSettings, checkpoint: Checkpoint, revision: string | null) {
    this.#settings = settings;
    this.#checkpoint = checkpoint;
    this.#revision = revision;
  }

  /**
   * Takes the lease by compare-and-swap, with the next fencing token.
   * @returns `null` when another worker was faster.
   */
  static async acquire(
    settings: SessionSettings,
    from: LoadedCheckpoint | NewCheckpoint,
    options: OperationOptions,
  ): Promise<CheckpointSession | null> {
    const session = new CheckpointSession(settings, from.checkpoint, from.revision);
    try {
      await session.save(
        (current) => ({ ...current, fencingToken: current.fencingToken + 1 }),
        options,
      );
    } catch (error) {
      if (isExportError(error, 'LEASE_LOST')) return null;
      throw error;
    }
    return session;
  }

  /** The checkpoint as it was saved here last. */
  get current(): Checkpoint {
    return this.#checkpoint;
  }

  /** Throws what ended the session, if anything did. */
  check(): void {
    if (this.#ended !== null) throw this.#ended;
  }

  /**
   * Saves a changed checkpoint and renews the lease. The change sees the checkpoint of the moment of saving.
   * @throws `LEASE_LOST` when another worker saved, `CHECKPOINT_UNAVAILABLE` when the outcome stays unknown.
   */
  save(change: (current: Checkpoint) => Checkpoint, options: OperationOptions): Promise<void> {
    const turn = this.#queue.then(() => this.#saveNow(change, options));
    this.#queue = turn.catch(() => undefined); // each caller sees its own failure; the queue goes on
    return turn;
  }

  /** True while the stored checkpoint is the one that was saved here last. */
  async isCurrent(options: OperationOptions): Promise<boolean> {
    await this.#queue;
    this.check();
    const loaded = await loadCheckpoint(this.#settings.store, this.#settings.exportId, options);
    return loaded !== null && loaded.revision === this.#revision;
  }

  /** Renews the lease every `renewMs` until the signal aborts or the session ends. Never rejects. */
  async keepAlive(signal: AbortSignal, onLoss: (error: Error) => void): Promise<void> {
    const { runtime, renewMs } = this.#settings;
    try {
      while (this.#ended === null) {
        await runtime.sleep(renewMs, signal, { background: true });
        await this.save((current) => current, { signal });
      }
    } catch (error) {
      if (!signal.aborted && error instanceof Error) onLoss(error);
    }
  }

  /**
   * Gives the lease back, also when an abort or a failure in the middle of a save has ended the session. Best
   * effort: without it the lease runs out by itself.
   */
  async release(options: OperationOptions): Promise<void> {
    try {
      await this.#queue;
      if (this.#ended === null)
        await this.save((current) => ({ ...current, lease: null }), options);
      else await this.#releaseStored(options);
    } catch {
      // The run's work is saved already; the next run waits until the lease has run out.
    }
  }

  /**
   * What is stored is unknown here, but not whose it is: as long as the lease and its number are ours nobody else
   * has saved, and a save of ours that may still arrive is refused once this one was taken.
   */
  async #releaseStored(options: OperationOptions): Promise<void> {
    const { store, exportId, holder, runtime } = this.#settings;
    const loaded = await loadCheckpoint(store, exportId, options);
    const stored = loaded?.checkpoint;
    const isOurs =
      stored?.lease?.holder === holder && stored.fencingToken === this.#checkpoint.fencingToken;
    if (loaded === null || stored === undefined || !isOurs) return;
    const document = { ...stored, writeId: runtime.id(), lease: null } as unknown as Json;
    await store.save(checkpointKey(exportId), document, {
      ...options,
      ifRevision: loaded.revision,
    });
  }

  async #saveNow(
    change: (current: Checkpoint) => Checkpoint,
    options: OperationOptions,
  ): Promise<void> {
    this.check();
    options.signal?.throwIfAborted();
    const next = this.#stamp(change(this.#checkpoint));
    try {
      this.#revision = await this.#swap(next, options);
      this.#checkpoint = next;
    } catch (error) {
      this.#ended = error instanceof Error ? error : new Error(String(error));
      if (isExportError(error, 'LEASE_LOST'))
        emit(options.observer, { type: 'lease-loss', exportId: this.#settings.exportId });
      throw error;
    }
  }

  #stamp(changed: Checkpoint): Checkpoint {
    const { runtime, holder, leaseMs } = this.#settings;
    // A change that sets the lease to null gives it back; every other one renews it.
    const released = changed.lease === null && this.#checkpoint.lease !== null;
    const expiresAt = new Date(runtime.now().getTime() + leaseMs).toISOString();
    const lease = released ? null : { holder, expiresAt };
    const next = { ...changed, writeId: runtime.id(), lease };
    const bytes = Buffer.byteLength(JSON.stringify(next));
    if (bytes <= CHECKPOINT_MAX_BYTES) return next;
    throw new CheckpointError(
      'CHECKPOINT_TOO_LARGE',
      `The checkpoint of export "${next.exportId}" would take ${bytes} bytes; ${CHECKPOINT_MAX_BYTES} is the limit.`,
      {
        remedy:
          'Write fewer partitions at a time (maxOpenPartitions) or shorter keys; read fewer projects with one export.',
      },
    );
  }

  /** Saves until the outcome is known: success, or another worker's success, or too many failures. */
  async #swap(next: Checkpoint, options: OperationOptions): Promise<string> {
    const { store, exportId, runtime } = this.#settings;
    const document = next as unknown as Json;
    let failure: unknown;
    for (let attempt = 1; attempt <= SAVE_ATTEMPTS; attempt += 1) {
      options.signal?.throwIfAborted();
      if (attempt > 1) await runtime.sleep(SAVE_DELAY_MS * 2 ** (attempt - 2), options.signal);
      try {
        const saveOptions = { ...options, ifRevision: this.#revision };
        return (await store.save(checkpointKey(exportId), document, saveOptions)).revision;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (isExportError(error, 'CHECKPOINT_CONFLICT')) return this.#whoseSave(next, options);
        // The store itself says that no attempt can succeed: the cause must not hide behind the number of them.
        if (isExportError(error, 'CAPABILITY_MISSING')) throw error;
        failure = error;
      }
    }
    throw new CheckpointError(
      'CHECKPOINT_UNAVAILABLE',
      `Whether the checkpoint of export "${exportId}" was saved could not be learned in ${SAVE_ATTEMPTS} attempts.`,
      {
        remedy: 'Nothing was undone; run again once the cursor store answers.',
        retryable: true,
        cause: failure,
      },
    );
  }

  async #whoseSave(next: Checkpoint, options: OperationOptions): Promise<string> {
    const loaded = await loadCheckpoint(this.#settings.store, this.#settings.exportId, options);
    if (loaded?.checkpoint.writeId === next.writeId) return loaded.revision;
    assert(
      loaded === null || loaded.revision !== this.#revision,
      'a conflict means that another revision is current',
    );
    throw new RunError('LEASE_LOST', `Another worker has taken over export "${next.exportId}".`, {
      remedy: 'Nothing is lost: this run stopped without touching anything; the other one goes on.',
      details: { exportId: next.exportId },
    });
  }
}
