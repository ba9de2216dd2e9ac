const WINDOW_MS = 60_000;

/** Allows so many requests in any 60 seconds of the plane's clock. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #now: () => Date;
  #allowed: number[] = [];

  constructor(perMinute: number, now: () => Date) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Takes one request. Gives the whole seconds to wait when there is none left, else 0. */
  take(): number {
    const now = this.#now().getTime();
    this.#allowed = this.#allowed.filter((time) => time > now - WINDOW_MS);
    if (this.#allowed.length < this.#perMinute) {
      if (this.#perMinute !== Infinity) this.#allowed.push(now);
      return 0;
    }
    const oldest = this.#allowed[0] ?? now;
    return Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000));
  }
}
