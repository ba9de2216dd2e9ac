import { setImmediate as turn } from 'node:timers/promises';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RequestBudget } from '../../src/braintrust/client/request-budget.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';

const MINUTE_MS = 60_000;

/** One thing that callers of a budget do, or that happens to them. */
type Step =
  | { readonly kind: 'take' | 'take-reserved' | 'abort' }
  | { readonly kind: 'reserve'; readonly requests: number }
  | { readonly kind: 'close' | 'pass'; readonly ms: number };

const ms = fc.oneof(fc.nat(90_000), fc.constantFrom(1, 14_999, 15_000, 59_999, 60_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('take' as const, 'take-reserved' as const, 'abort' as const) }),
  fc.record({ kind: fc.constant('reserve' as const), requests: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constantFrom('close' as const, 'pass' as const), ms }),
);

interface Waiter {
  readonly controller: AbortController;
  settled: boolean;
}

class BudgetRun {
  readonly #clock = manualClock();
  readonly #budget: RequestBudget;
  readonly #perMinute: number;
  readonly #waiters: Waiter[] = [];
  readonly #sentAt: number[] = [];
  readonly #inOrder: number[] = [];
  #asked = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#budget = new RequestBudget(this.#clock, perMinute);
  }

  async do(one: Step): Promise<void> {
    if (one.kind === 'take') this.#wait((signal) => this.#budget.take(signal), true);
    if (one.kind === 'take-reserved') this.#wait((signal) => this.#budget.takeReserved(signal));
    if (one.kind === 'reserve') {
      const requests = Math.min(one.requests, this.#perMinute);
      const asked = (this.#asked += 1);
      const waiter = this.#track((signal) => this.#budget.reserve(requests, signal));
      void waiter.then((served) => served && this.#inOrder.push(asked));
    }
    if (one.kind === 'abort') this.#waiters.find(({ settled }) => !settled)?.controller.abort();
    if (one.kind === 'close') this.#budget.closeFor(one.ms);
    if (one.kind === 'pass') await this.#clock.advance(one.ms);
    await turn();
  }

  /** Lets everything end, and checks what was sent. */
  async end(): Promise<void> {
    const longest = (this.#waiters.length + 2) * 2 * MINUTE_MS;
    await this.#clock.advance(longest);
    await turn();
    expect(this.#waiters.filter(({ settled }) => !settled)).toHaveLength(0);
    expect(this.#clock.sleepers).toBe(0);
    expect(this.#inOrder).toEqual(this.#inOrder.toSorted((left, right) => left - right));
    for (const end of this.#sentAt) {
      const window = this.#sentAt.filter((at) => at > end - MINUTE_MS && at <= end);
      expect(window.length).toBeLessThanOrEqual(this.#perMinute);
    }
  }

  #wait(ask: (signal: AbortSignal) => Promise<void>, ordered = false): void {
    const asked = (this.#asked += 1);
    void this.#track(ask).then((served) => {
      if (!served) return;
      this.#sentAt.push(this.#clock.now().getTime());
      if (ordered) this.#inOrder.push(asked);
    });
  }

  async #track(ask: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const waiter: Waiter = { controller: new AbortController(), settled: false };
    this.#waiters.push(waiter);
    return await ask(waiter.controller.signal).then(
      () => (waiter.settled = true),
      () => !(waiter.settled = true),
    );
  }
}

describe('any sequence of requests, reservations, aborts and closures', () => {
  it('sends no more than the limit in any 60 seconds, in the order of asking, and ends', async () => {
    const seed = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
    const steps = fc.array(step, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), steps, async (perMinute, sequence) => {
        const run = new BudgetRun(perMinute);
        for (const one of sequence) await run.do(one);
        await run.end();
      }),
      { seed, numRuns: 400 },
    );
  });
});
