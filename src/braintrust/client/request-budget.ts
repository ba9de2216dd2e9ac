import type { Runtime } from '../../interfaces/index.js';

const MINUTE_MS = 60_000;

/**
 * At most `perMinute` requests in any 60 seconds, in the order in which they were asked for. Each `take`
 * reserves the next free moment at once and waits for it, so no caller can starve another.
 */
export class RequestBudget {
  readonly #runtime: Runtime;
  readonly #perMinute: number;
  /** Reserved moments, ascending; never more than `perMinute` behind the newest. */
  #reserved: number[] = [];
  #closedUntil = 0;

  constructor(runtime: Runtime, perMinute: number) {
    this.#runtime = runtime;
    this.#perMinute = perMinute;
  }

  /** Resolves when the next request may be sent. An abort gives the reserved moment back. */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const moment = this.#reserve();
    try {
      for (;;) {
        const waitMs = Math.max(moment, this.#closedUntil) - this.#nowMs();
        if (waitMs <= 0) return;
        await this.#runtime.sleep(waitMs, signal);
      }
    } catch (error) {
      const index = this.#reserved.indexOf(moment);
      if (index !== -1) this.#reserved.splice(index, 1);
      throw error;
    }
  }

  /** Nothing is sent for `ms` milliseconds: the service said so. */
  closeFor(ms: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#nowMs() + ms);
  }

  #reserve(): number {
    const now = this.#nowMs();
    if (this.#perMinute === Infinity) return now;
    const previous = this.#reserved.at(-this.#perMinute);
    const latest = this.#reserved.at(-1) ?? 0;
    const moment = Math.max(now, latest, previous === undefined ? 0 : previous + MINUTE_MS);
    const oldest = this.#reserved.length - this.#perMinute + 1;
    if (oldest > 0) this.#reserved = this.#reserved.slice(oldest);
    this.#reserved.push(moment);
    return moment;
  }

  #nowMs(): number {
    return this.#runtime.now().getTime();
  }
}
