import type { OptionReader } from '../../options/index.js';

/** What a request says besides its query. */
export interface QueryParameters {
  /**
   * Minutes that local time is behind UTC, for functions of days and hours: 480 is US Pacific Standard.
   * @defaultValue 0, which is UTC
   */
  readonly tzOffset?: number | undefined;
  /** Whether the rows of the audit log are read too. @defaultValue false */
  readonly auditLog?: boolean | undefined;
  /** The transaction as of which experiments and datasets are read. @defaultValue the latest */
  readonly version?: string | undefined;
}

const OFFSET_MAX_MINUTES = 16 * 60;

/** Reads `tzOffset`. */
export function readTzOffset(reader: OptionReader): number {
  return reader.number('tzOffset', 0, { min: -OFFSET_MAX_MINUTES, max: OFFSET_MAX_MINUTES });
}
