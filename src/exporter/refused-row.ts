import type { ExportError } from '../errors/index.js';
import type { DigestText } from './row-index.js';

/**
 * An encoder refused a row when rows behind it may have been written already. What is open cannot be committed: it
 * is thrown away, and the rows since the last commit are read once more, with this one known as bad.
 */
export class RefusedRow extends Error {
  override readonly name = 'RefusedRow';
  readonly digest: DigestText;
  readonly reason: ExportError;

  constructor(digest: DigestText, reason: ExportError) {
    super(reason.message, { cause: reason });
    this.digest = digest;
    this.reason = reason;
  }
}

/** Rows that encoders refused in this run, and why. */
export type RefusedRows = ReadonlyMap<DigestText, ExportError>;
