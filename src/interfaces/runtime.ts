/**
 * The only way the library reaches time, waiting and randomness.
 *
 * Hosts normally leave it alone; tests hand in `manualClock()` of `tracehaul/testing`.
 */
export interface Runtime {
  /** The host's clock. Never used for safety: only for leases, key dates and durations. */
  now(): Date;
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` on abort. Leaves no timer behind. */
  sleep(ms: number, signal?: AbortSignal, options?: SleepOptions): Promise<void>;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** A new unguessable identifier of at least 16 lower-case hexadecimal digits (64 bits). */
  id(): string;
}

export interface SleepOptions {
  /**
   * Nobody waits for this sleep: work goes on beside it, as with the renewal of a lease. A manual clock that
   * advances by itself does not advance for it.
   * @defaultValue false
   */
  readonly background?: boolean | undefined;
}
