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
