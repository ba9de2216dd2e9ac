import { describe, expect, it } from 'vitest';

import { RequestBudget } from '../../../src/braintrust/client/request-budget.js';
import { manualClock } from '../../../src/testing/adapters/manual-clock.js';

describe('the request budget', () => {
  it('lets no more than its number through in any 60 seconds, in the order of asking', async () => {
    const clock = manualClock();
    const start = clock.now().getTime();
    const budget = new RequestBudget(clock, 3);
    const passed: [number, number][] = [];
    const takes = Array.from({ length: 8 }, async (_, index) => {
      await budget.take();
      passed.push([index, clock.now().getTime() - start]);
    });
    await clock.advance(0);
    await clock.advance(180_000);
    await Promise.all(takes);
    expect(passed.map(([index]) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(passed.map(([, at]) => at)).toEqual([0, 0, 0, 60e3, 60e3, 60e3, 120e3, 120e3]);
  });

  it('is free again after a minute of rest', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 2);
    for (let round = 0; round < 100; round += 1) {
      await budget.take();
      await budget.take();
      await clock.advance(60_000);
    }
    expect(clock.sleepers).toBe(0);
  });

  it('gives back the moment of a waiter that was aborted', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 1);
    await budget.take();
    const controller = new AbortController();
    const aborted = budget.take(controller.signal);
    controller.abort('stop');
    await expect(aborted).rejects.toBe('stop');
    const next = budget.take();
    await clock.advance(60_000);
    await next;
    expect(clock.sleepers).toBe(0);
  });

  it('waits for nothing without a limit, except when closed', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, Infinity);
    for (let count = 0; count < 1000; count += 1) await budget.take();
    budget.closeFor(500);
    let open = false;
    const waiting = budget.take().then(() => (open = true));
    await clock.advance(499);
    expect(open).toBe(false);
    await clock.advance(1);
    await waiting;
  });
});
