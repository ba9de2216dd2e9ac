import { SourceError } from '../../errors/index.js';
import type { ClientSettings } from './client-options.js';
import type { SendOptions } from './call-options.js';
import type { Fetch } from './follow-redirects.js';

/** Lets a call out only while it is in time, and knows whether it went out. For one attempt. */
export class SendGate {
  readonly #settings: Readonly<ClientSettings>;
  readonly #notBeforeMs: number;
  readonly #notAfterMs: number;
  #isSent = false;

  constructor(settings: Readonly<ClientSettings>, { notBefore, notAfter }: SendOptions) {
    this.#settings = settings;
    this.#notBeforeMs = notBefore?.getTime() ?? -Infinity;
    this.#notAfterMs = notAfter?.getTime() ?? Infinity;
  }

  /** Whether the call may have reached anybody. */
  get isSent(): boolean {
    return this.#isSent;
  }

  /**
   * The `fetch` of the settings behind a look at the clock, with nothing between the two. Only the call itself is
   * looked at, not the reading of an answer that lies elsewhere.
   * @throws SourceError `SEND_TOO_LATE`; nothing was sent then.
   */
  readonly fetch: Fetch = (url, init) => {
    if (init.method !== 'GET') this.#pass();
    return this.#settings.fetch(url, init);
  };

  #pass(): void {
    const now = this.#settings.runtime.now().getTime();
    // An invalid date compares as false with everything, and so lets nothing out.
    if (!(now >= this.#notBeforeMs && now <= this.#notAfterMs)) throw lateError();
    this.#isSent = true;
  }
}

function lateError(): SourceError {
  return new SourceError('SEND_TOO_LATE', 'Nothing was sent: the time for it was over.', {
    remedy: 'Read again what it rests on, and decide anew.',
    retryable: true,
  });
}
