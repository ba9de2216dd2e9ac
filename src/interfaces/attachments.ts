import type { OperationOptions, Row } from './common.js';

/** A file that a row names instead of holding it. */
export interface AttachmentReference {
  /** Tells the file from all others of its fetcher. */
  readonly id: string;
  /** Media type, when the reference says it. */
  readonly contentType: string | null;
  /** True when the id stands for the same bytes for ever: what was copied once is not fetched again. */
  readonly isImmutable: boolean;
}

/**
 * Why a file could not be copied. `missing`: there is none; `not-uploaded`: the one who wrote the row has not finished
 * sending it; `too-large`; `unavailable`: it could not be read now.
 */
export type AttachmentProblem = 'missing' | 'not-uploaded' | 'too-large' | 'unavailable';

export type AttachmentAnswer =
  { readonly content: Uint8Array } | { readonly problem: AttachmentProblem };

export interface AttachmentFetchOptions extends OperationOptions {
  /** Largest file that is wanted, in bytes. A larger one is `too-large`, and not read to its end. */
  readonly maxBytes: number;
}

/** Knows references to files, and reads the files. */
export interface AttachmentFetcher {
  /** Stable name in kebab case. */
  readonly name: string;
  /** Values of a member `type` that only references have. Other objects are not shown to `read`. */
  readonly types: readonly string[];
  /** The reference that an object inside a row is, or `null` when it is none, or one that is not to be copied. */
  read(value: Row): AttachmentReference | null;
  /**
   * Reads one file whole, with retries of its own.
   * @throws ExportError: a retryable one counts as `unavailable`, another ends the run. An abort rejects with
   *   `signal.reason`.
   */
  fetch(reference: AttachmentReference, options: AttachmentFetchOptions): Promise<AttachmentAnswer>;
}
