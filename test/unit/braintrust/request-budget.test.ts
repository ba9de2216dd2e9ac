import { describe, expect, it } from 'vitest';

import { RequestBudget } from '../../../src/braintrust/client/request-budget.js';
import type { Runtime } from '../../../src/interfaces/index.js';
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

  it('lets nobody through early because another gave up', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 2);
    await budget.take();
    await budget.take();
    const controller = new AbortController();
    const aborted = budget.take(controller.signal);
    const behind = budget.take(controller.signal);
    controller.abort('stop');
    await expect(aborted).rejects.toBe('stop');
    await expect(behind).rejects.toBe('stop');
    let passed = false;
    const next = budget.take().then(() => (passed = true));
    await clock.advance(59_999);
    expect(passed).toBe(false);
    await clock.advance(1);
    await next;
  });

  it('places a reservation where all of it fits, and what follows behind it', async () => {
    const clock = manualClock();
    const start = clock.now().getTime();
    const budget = new RequestBudget(clock, 3);
    await budget.take();
    await clock.advance(10_000);
    await budget.take();
    const times: number[] = [];
    const note = (): number => times.push(clock.now().getTime() - start);
    const reserved = budget.reserve(3).then(note);
    const taken = budget.take().then(note);
    await clock.advance(75_000);
    await Promise.all([reserved, taken]);
    // The second of the first two leaves the minute at 70 s; the reservation, unused, lapses 15 s later.
    expect(times).toEqual([70_000, 85_000]);
  });

  it('keeps the order when one in the middle gives up', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 2);
    await budget.take();
    await clock.advance(10_000);
    await budget.take();
    const served: string[] = [];
    const first = budget.reserve(2).then(() => served.push('reservation'));
    const controller = new AbortController();
    const second = budget.take(controller.signal);
    const third = budget.take().then(() => served.push('take'));
    controller.abort('stop');
    await expect(second).rejects.toBe('stop');
    // At 60 s there is room for one request, but not yet for the two that come first.
    await clock.advance(90_000);
    await Promise.all([first, third]);
    expect(served).toEqual(['reservation', 'take']);
  });

  it('keeps reserved places free for 15 seconds, and not longer', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 2);
    await budget.reserve(2);
    await clock.advance(14_999);
    await budget.takeReserved();
    await clock.advance(1);
    await budget.takeReserved();
    let passed = false;
    const third = budget.takeReserved().then(() => (passed = true));
    await clock.advance(59_998);
    expect(passed).toBe(false);
    await clock.advance(1);
    await third;
  });

  it('obeys a closure with a reservation too', async () => {
    const clock = manualClock();
    const budget = new RequestBudget(clock, 2);
    await budget.reserve(1);
    budget.closeFor(5_000);
    let passed = false;
    const reserved = budget.takeReserved().then(() => (passed = true));
    await clock.advance(4_999);
    expect(passed).toBe(false);
    await clock.advance(1);
    await reserved;
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to reserve %d requests', async (requests) => {
    const reserved = new RequestBudget(manualClock(), Infinity).reserve(requests);
    await expect(reserved).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('never waits longer than a minute for a clock that was set back', async () => {
    const clock = manualClock();
    let backMs = 0;
    const now = (): Date => new Date(clock.now().getTime() - backMs);
    const budget = new RequestBudget({ ...clockOf(clock), now }, 2);
    await budget.take();
    await budget.reserve(1);
    budget.closeFor(30_000);
    backMs = 3_600_000;
    const next = budget.take();
    await clock.advance(60_000);
    await next;
  });
});

function clockOf(clock: Runtime): Runtime {
  return {
    now: () => clock.now(),
    sleep: (ms, signal, options) => clock.sleep(ms, signal, options),
    random: () => clock.random(),
    id: () => clock.id(),
  };
}
