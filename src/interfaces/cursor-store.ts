import type { Json, OperationOptions, ProbeStep } from './common.js';

/** A document and the revision that a later save must name. */
export interface StoredDocument {
  readonly document: Json;
  /** Opaque; differs for every save of a key. */
  readonly revision: string;
}

export interface SaveOptions extends OperationOptions {
  /** The revision that must be current, or `null` when the document must not exist. */
  readonly ifRevision: string | null;
}

/**
 * Compare-and-swap of small JSON documents by key: the one primitive that all safety rests on.
 *
 * Contract:
 * - Of any number of saves naming the same revision, in any processes, at most one succeeds; the others
 *   reject with `CheckpointError` `CHECKPOINT_CONFLICT` and change nothing.
 * - After a save resolved, every load in any process sees it or a later one, also after power loss.
 * - A rejection other than `CHECKPOINT_CONFLICT` says nothing: the save may have happened, or may happen later.
 *   A store never retries by itself a save whose outcome it does not know.
 * - A revision is never used twice for a key, also not after `delete`.
 * - A document that cannot be read as JSON is `CHECKPOINT_CORRUPT`, never `null`.
 * - Documents of up to 256 KiB round-trip exactly, any Unicode included.
 *
 * Keys are segments of `[A-Za-z0-9_-]` divided by `/`, 200 characters at most.
 */
export interface CursorStore {
  /** Stable name in kebab case. A store without compare-and-swap must begin it with `unsafe-`. */
  readonly name: string;
  load(key: string, options?: OperationOptions): Promise<StoredDocument | null>;
  save(key: string, document: Json, options: SaveOptions): Promise<{ readonly revision: string }>;
  /** Keys that begin with `prefix`, in ascending order. */
  list(prefix: string, options?: OperationOptions): AsyncIterable<string>;
  /** Removes the document if its revision is current, else `CHECKPOINT_CONFLICT`. */
  delete(key: string, options: SaveOptions & { readonly ifRevision: string }): Promise<void>;
  /** Further steps of `test()`; the exporter tries compare-and-swap itself. */
  probe?(options?: OperationOptions): AsyncIterable<ProbeStep>;
}
