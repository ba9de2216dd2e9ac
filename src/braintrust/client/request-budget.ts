import { ConfigurationError } from '../../errors/index.js';
import type { Runtime } from '../../interfaces/index.js';
import { abortable } from '../../util/abortable.js';

const MINUTE_MS = 60_000;
/** How long a reservation that nobody uses keeps its place. */
const RESERVATION_MS = 15_000;

/**
 * At most `perMinute` requests in any 60 seconds, in the order in which they were asked for: who asked first is
 * served first, so no caller can starve another. What was sent in the last 60 seconds and what is reserved together
 * are never more than `perMinute`; so a reserved request may be sent at any moment.
 */
export class RequestBudget {
  readonly #runtime: Runtime;
  readonly #perMinute: number;
  /** When requests of the last 60 seconds were sent, ascending. */
  #sent: number[] = [];
  /** When reservations that are not used yet lapse, ascending. */
  #lapses: number[] = [];
  #closedUntil = 0;
  #closureMs = 0;
  /** How many wait, and what settles when all of them have been served or have given up. */
  #waiting = 0;
  #served: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime, perMinute: number) {
    this.#runtime = runtime;
    this.#perMinute = perMinute;
  }

  /** Resolves when the next request may be sent, which counts as sent then. An abort leaves no trace. */
  take(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(1, signal, (now) => this.#sent.push(now));
  }

  /**
   * Resolves when `requests` may be sent at once, and keeps their places for 15 seconds. An abort leaves no trace.
   * @throws ConfigurationError `CAPABILITY_MISSING` for more than there are in a minute; `OPTION_INVALID`.
   */
  async reserve(requests: number, signal?: AbortSignal): Promise<void> {
    this.#assertReservable(requests);
    await this.#inTurn(requests, signal, (now) => {
      for (let place = 0; place < requests; place += 1) this.#lapses.push(now + RESERVATION_MS);
    });
  }

  /**
   * As `take`, but uses the oldest reservation, without a turn; waits only while the budget is closed. Without a
   * reservation that still holds it is `take`.
   */
  async takeReserved(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    for (let waitMs = this.#closedMs(); waitMs > 0; waitMs = this.#closedMs())
      await this.#runtime.sleep(waitMs, signal);
    this.#forgetOld();
    if (this.#lapses.shift() === undefined) await this.take(signal);
    else this.#sent.push(this.#nowMs());
  }

  /** Nothing is sent for `ms` milliseconds: the service said so. */
  closeFor(ms: number): void {
    this.#closureMs = Math.max(this.#closedMs(), ms);
    this.#closedUntil = this.#nowMs() + this.#closureMs;
  }

  #assertReservable(requests: number): void {
    if (!Number.isInteger(requests) || requests < 1)
      throw new ConfigurationError('OPTION_INVALID', 'Requests to reserve must be 1 or more.');
    if (requests <= this.#perMinute) return;
    const message = `${requests} requests must be sent at once, but \`requestsPerMinute\` is ${this.#perMinute}.`;
    throw new ConfigurationError('CAPABILITY_MISSING', message, {
      remedy: `Raise \`requestsPerMinute\` of the client to at least ${requests}.`,
      details: { requests, requestsPerMinute: this.#perMinute },
    });
  }

  /** Waits for the turn of this caller and for room for `requests`, and takes it with `occupy`. */
  async #inTurn(
    requests: number,
    signal: AbortSignal | undefined,
    occupy: (now: number) => void,
  ): Promise<void> {
    signal?.throwIfAborted();
    const before = this.#waiting === 0 ? undefined : this.#served;
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    // Who gives up in the queue must not let the next one pass those who asked before.
    this.#served = before === undefined ? left : before.then(() => left);
    this.#waiting += 1;
    try {
      if (before !== undefined) await (signal === undefined ? before : abortable(before, signal));
      for (let waitMs = this.#waitMs(requests); waitMs > 0; waitMs = this.#waitMs(requests))
        await this.#runtime.sleep(waitMs, signal);
      if (this.#perMinute !== Infinity) occupy(this.#nowMs());
    } finally {
      this.#waiting -= 1;
      leave();
    }
  }

  /** How long until there may be room for `requests`; 0 when there is. */
  #waitMs(requests: number): number {
    const closedMs = this.#closedMs();
    if (this.#perMinute === Infinity) return closedMs;
    this.#forgetOld();
    const missing = this.#sent.length + this.#lapses.length + requests - this.#perMinute;
    if (missing <= 0) return closedMs;
    const frees = this.#sent.slice(0, missing).map((sentAt) => sentAt + MINUTE_MS);
    const soonest = [...frees, ...this.#lapses].sort((left, right) => left - right);
    return Math.max(closedMs, (soonest[missing - 1] ?? Infinity) - this.#nowMs());
  }

  /** How long the budget stays closed. A clock that was set back does not make that longer. */
  #closedMs(): number {
    const now = this.#nowMs();
    this.#closedUntil = Math.min(this.#closedUntil, now + this.#closureMs);
    return this.#closedUntil - now;
  }

  #forgetOld(): void {
    const now = this.#nowMs();
    // A clock that was set back must not make anybody wait for the time that it shows for the second time.
    if ((this.#sent.at(-1) ?? 0) > now)
      this.#sent = this.#sent.map((sentAt) => Math.min(sentAt, now));
    this.#lapses = this.#lapses
      .filter((lapse) => lapse > now)
      .map((lapse) => Math.min(lapse, now + RESERVATION_MS));
    while ((this.#sent[0] ?? now) <= now - MINUTE_MS) this.#sent.shift();
  }

  #nowMs(): number {
    return this.#runtime.now().getTime();
  }
}
