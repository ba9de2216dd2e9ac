import { CheckpointError, RunError, assert, isExportError } from '../errors/index.js';
import type { Json, Observer, OperationOptions } from '../interfaces/index.js';
import { closeInTime } from '../util/close-in-time.js';
import {
  type DocumentPlace,
  type LeaseLimits,
  type LeasedDocument,
  type LeaseViewer,
  type LoadedDocument,
  type NewDocument,
  loadLeased,
} from './leased-document.js';

/** Saves of unknown outcome are repeated so often, then the session stops and touches nothing. */
const SAVE_ATTEMPTS = 4;
const SAVE_DELAY_MS = 250;

/** How errors speak of a document and of whose it is. */
export interface LeaseTexts {
  /** Such as `export "prod"`. */
  readonly owner: string;
  /** What the owner calls its document, such as `checkpoint`. */
  readonly document: string;
  /** One sentence: what keeps the document small. */
  readonly tooLargeRemedy: string;
  /** One sentence: what it means that another worker has taken over. */
  readonly lostRemedy: string;
  /** The owner's name for programs, such as `{ exportId }`. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Everything a session needs: the document's place, the worker, and the owner's words. */
export interface LeaseSettings<D extends LeasedDocument> extends DocumentPlace<D>, LeaseViewer {
  readonly limits: LeaseLimits;
  /** Largest document that is ever saved: below the 256 KiB that every store takes. */
  readonly maxBytes: number;
  readonly texts: LeaseTexts;
  /** Told once when a save finds that another worker has taken over, with the observer of that save. */
  readonly onLeaseLost?: ((observer: Observer | undefined) => void) | undefined;
}

/**
 * The right of one worker to change one document. All its saves go through here, one at a time.
 *
 * A save whose outcome stays unknown, or that another worker's save has overtaken, ends the session: every
 * later call rejects with the same error and nothing is written any more.
 */
export class LeaseSession<D extends LeasedDocument> {
  readonly #settings: LeaseSettings<D>;
  #document: D;
  #revision: string | null;
  /** Token of the newest save that was sent, whether it arrived or not. */
  #sentToken: number;
  #queue: Promise<unknown> = Promise.resolve();
  #ended: Error | null = null;

  private constructor(settings: LeaseSettings<D>, document: D, revision: string | null) {
    this.#settings = settings;
    this.#document = document;
    this.#revision = revision;
    this.#sentToken = document.fencingToken;
  }

  /**
   * Takes the lease by compare-and-swap, with the next fencing token. Whether it may be taken, `isLocked` tells
   * the caller. When the save fails or is aborted half-way, a lease that it took all the same is given back,
   * best effort and within `closeTimeoutMs`.
   * @returns `null` when another worker was faster.
   */
  static async acquire<D extends LeasedDocument>(
    settings: LeaseSettings<D>,
    from: LoadedDocument<D> | NewDocument<D>,
    options: OperationOptions,
  ): Promise<LeaseSession<D> | null> {
    const session = new LeaseSession(settings, from.document, from.revision);
    try {
      await session.save(
        (current) => ({ ...current, fencingToken: current.fencingToken + 1 }),
        options,
      );
    } catch (error) {
      if (isExportError(error, 'LEASE_LOST')) return null;
      // A session that has not ended sent nothing, and holds nothing that it could give back.
      if (session.#ended !== null)
        await closeInTime(settings, (signal) => session.release({ signal }));
      throw error;
    }
    return session;
  }

  /** The document as it was saved here last. */
  get current(): D {
    return this.#document;
  }

  /** Throws what ended the session, if anything did. */
  check(): void {
    if (this.#ended !== null) throw this.#ended;
  }

  /**
   * Saves a changed document and renews the lease. The change sees the document of the moment of saving.
   * @throws `LEASE_LOST` when another worker saved, `CHECKPOINT_UNAVAILABLE` when the outcome stays unknown,
   * `CHECKPOINT_TOO_LARGE` before anything was sent: the session goes on.
   */
  save(change: (current: D) => D, options: OperationOptions): Promise<void> {
    const turn = this.#queue.then(() => this.#saveNow(change, options));
    this.#queue = turn.catch(() => undefined); // each caller sees its own failure; the queue goes on
    return turn;
  }

  /** True while the stored document is the one that was saved here last. */
  async isCurrent(options: OperationOptions): Promise<boolean> {
    await this.#queue;
    this.check();
    const loaded = await loadLeased(this.#settings, options);
    return loaded !== null && loaded.revision === this.#revision;
  }

  /** Renews the lease every `leaseRenewMs` until the signal aborts or the session ends. Never rejects. */
  async keepAlive(signal: AbortSignal, onLoss: (error: Error) => void): Promise<void> {
    const { runtime, limits } = this.#settings;
    try {
      while (this.#ended === null) {
        await runtime.sleep(limits.leaseRenewMs, signal, { background: true });
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
      // What the session saved is saved already; the next worker waits until the lease has run out.
    }
  }

  /**
   * What is stored is unknown here, but not whose it is: as long as the lease and its number are ours nobody else
   * has saved, and a save of ours that may still arrive is refused once this one was taken.
   */
  async #releaseStored(options: OperationOptions): Promise<void> {
    const { store, key, holder, runtime } = this.#settings;
    const loaded = await loadLeased(this.#settings, options);
    if (loaded === null) return;
    const { lease, fencingToken } = loaded.document;
    if (lease?.holder !== holder || fencingToken !== this.#sentToken) return;
    const document = { ...loaded.document, writeId: runtime.id(), lease: null } as unknown as Json;
    await store.save(key, document, { ...options, ifRevision: loaded.revision });
  }

  async #saveNow(change: (current: D) => D, options: OperationOptions): Promise<void> {
    this.check();
    options.signal?.throwIfAborted();
    const next = this.#stamp(change(this.#document));
    this.#sentToken = next.fencingToken;
    try {
      this.#revision = await this.#swap(next, options);
      this.#document = next;
    } catch (error) {
      this.#ended = error instanceof Error ? error : new Error(String(error));
      if (isExportError(error, 'LEASE_LOST')) this.#settings.onLeaseLost?.(options.observer);
      throw error;
    }
  }

  #stamp(changed: D): D {
    const { runtime, holder, limits, maxBytes, texts } = this.#settings;
    // A change that sets the lease to null gives it back; every other one renews it.
    const released = changed.lease === null && this.#document.lease !== null;
    const expiresAt = new Date(runtime.now().getTime() + limits.leaseMs).toISOString();
    const lease = released ? null : { holder, expiresAt };
    const next = { ...changed, writeId: runtime.id(), lease };
    const bytes = Buffer.byteLength(JSON.stringify(next));
    if (bytes <= maxBytes) return next;
    throw new CheckpointError(
      'CHECKPOINT_TOO_LARGE',
      `The ${texts.document} of ${texts.owner} would take ${bytes} bytes; ${maxBytes} is the limit.`,
      { remedy: texts.tooLargeRemedy },
    );
  }

  /** Saves until the outcome is known: success, or another worker's success, or too many failures. */
  async #swap(next: D, options: OperationOptions): Promise<string> {
    const { store, key, runtime, texts } = this.#settings;
    const document = next as unknown as Json;
    let failure: unknown;
    for (let attempt = 1; attempt <= SAVE_ATTEMPTS; attempt += 1) {
      options.signal?.throwIfAborted();
      if (attempt > 1) await runtime.sleep(SAVE_DELAY_MS * 2 ** (attempt - 2), options.signal);
      try {
        const saveOptions = { ...options, ifRevision: this.#revision };
        return (await store.save(key, document, saveOptions)).revision;
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
      `Whether the ${texts.document} of ${texts.owner} was saved could not be learned in ${SAVE_ATTEMPTS} attempts.`,
      {
        remedy: 'Nothing was undone; run again once the cursor store answers.',
        retryable: true,
        cause: failure,
      },
    );
  }

  async #whoseSave(next: D, options: OperationOptions): Promise<string> {
    const loaded = await loadLeased(this.#settings, options);
    if (loaded?.document.writeId === next.writeId) return loaded.revision;
    assert(
      loaded === null || loaded.revision !== this.#revision,
      'a conflict means that another revision is current',
    );
    const { owner, lostRemedy, details } = this.#settings.texts;
    throw new RunError('LEASE_LOST', `Another worker has taken over ${owner}.`, {
      remedy: lostRemedy,
      details,
    });
  }
}
