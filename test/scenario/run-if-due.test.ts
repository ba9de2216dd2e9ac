import { describe, expect, it } from 'vitest';

import { INTERVALS_MS, runIfDue } from '../../src/run-if-due.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';

function schedule(): Parameters<typeof runIfDue>[0] & { runtime: ReturnType<typeof manualClock> } {
  return {
    cursorStore: memoryCursorStore(),
    id: 'nightly',
    intervalMs: INTERVALS_MS.hourly,
    runtime: manualClock(),
  };
}

describe('runIfDue', () => {
  it('works once an interval, however often it is called', async () => {
    const options = schedule();
    const start = options.runtime.now().getTime();
    let runs = 0;
    for (let minute = 0; minute < 180; minute += 10) {
      await runIfDue(options, () => (runs += 1));
      await options.runtime.advance(10 * 60_000);
    }
    expect(runs).toBe(3);
    const late = await runIfDue(options, () => 'value');
    expect(late).toEqual({ ran: true, value: 'value', nextDueAt: new Date(start + 4 * 3_600_000) });
    const early = await runIfDue(options, () => 'value');
    expect(early).toEqual({ ran: false, nextDueAt: new Date(start + 4 * 3_600_000) });
  });

  it('lets one of many callers at once do the work', async () => {
    const options = schedule();
    let runs = 0;
    const results = await Promise.all(
      Array.from({ length: 8 }, () => runIfDue(options, () => (runs += 1))),
    );
    expect(runs).toBe(1);
    expect(results.filter(({ ran }) => ran)).toHaveLength(1);
  });

  it('is due again at once after work that threw', async () => {
    const options = schedule();
    const failure = new Error('no');
    await expect(runIfDue(options, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await runIfDue(options, () => 'ok')).toMatchObject({ ran: true });
  });

  it('does no work when the beginning cannot be recorded', async () => {
    const options = schedule();
    const cursorStore = faulty(
      options.cursorStore,
      faultPlan({ at: 1, times: 9, effect: 'store.save' }),
    );
    let runs = 0;
    const due = runIfDue({ ...options, cursorStore }, () => (runs += 1));
    await expect(due).rejects.toMatchObject({ code: 'CHECKPOINT_UNAVAILABLE' });
    expect(runs).toBe(0);
  });

  it('does the work once when the answer to its record was lost', async () => {
    const options = schedule();
    const plan = faultPlan({ at: 1, mode: 'after', effect: 'store.save' });
    const cursorStore = faulty(options.cursorStore, plan);
    let runs = 0;
    await runIfDue({ ...options, cursorStore }, () => (runs += 1));
    await runIfDue(options, () => (runs += 1));
    expect(runs).toBe(1);
  });

  it('is not kept back by a record that a broken clock dated years ahead', async () => {
    const options = schedule();
    const ahead = manualClock({ now: new Date('2099-01-01T00:00:00Z') });
    await runIfDue({ ...options, runtime: ahead }, () => 1);
    expect(await runIfDue(options, () => 1)).toMatchObject({ ran: true });
    expect(await runIfDue(options, () => 1)).toMatchObject({ ran: false });
  });

  it.each([0, Infinity])('refuses an interval of %s', async (intervalMs) => {
    const due = runIfDue({ ...schedule(), intervalMs }, () => 1);
    await expect(due).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('keeps schedules of different names apart', async () => {
    const options = schedule();
    expect(await runIfDue(options, () => 1)).toMatchObject({ ran: true });
    expect(await runIfDue({ ...options, id: 'other' }, () => 1)).toMatchObject({ ran: true });
  });
});
