import { Refusal } from '../refusal.js';

interface LateEffect {
  readonly effect: () => unknown;
  /** Requests that will not see it yet. */
  requestsLeft: number;
}

/** Effects of requests that were answered, or reset, before they happened. */
export class LateEffects {
  #waiting: LateEffect[] = [];

  /** @param requestsLeft - after so many more requests it happens by itself. */
  add(effect: () => unknown, requestsLeft: number = Infinity): void {
    this.#waiting.push({ effect, requestsLeft });
  }

  /** A request arrives: what is due happens before it. */
  tick(): void {
    const due = this.#waiting.filter((late) => late.requestsLeft === 0);
    this.#waiting = this.#waiting.filter((late) => late.requestsLeft > 0);
    for (const late of this.#waiting) late.requestsLeft -= 1;
    due.forEach(happen);
  }

  /** Everything happens now, in the order of the requests. */
  settle(): void {
    const due = this.#waiting;
    this.#waiting = [];
    due.forEach(happen);
  }
}

function happen(late: LateEffect): void {
  try {
    late.effect();
  } catch (error) {
    // Nobody waits for the answer any more: a refusal of S3's has no one to be told.
    if (!(error instanceof Refusal)) throw error;
  }
}
