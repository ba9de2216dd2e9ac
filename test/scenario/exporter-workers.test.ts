import { describe, expect, it } from 'vitest';

import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { clockAt, filled, world } from '../support/table-world.js';

describe('two workers of one export', () => {
  it('one works, the other answers locked and touches nothing', async () => {
    const table = filled(10);
    const parts = world();
    const plan = faultPlan({ at: 2, mode: 'hold', effect: 'source.read' });
    const first = tableExporter({ source: faulty(table.source(), plan), ...parts });
    const running = first.run();
    await plan.reached;
    const second = tableExporter({ source: table.source(), ...parts });
    expect(await second.status()).toMatchObject({ state: 'running' });
    expect(await second.run()).toMatchObject({ stopReason: 'locked', behind: 'locked', rows: 0 });
    await expect(second.reset()).rejects.toMatchObject({ code: 'EXPORTER_BUSY', retryable: true });
    await plan.release();
    expect(await running).toMatchObject({ stopReason: 'caught-up', rows: 10 });
    await assertExactlyOnce(parts.sink, table);
  });

  it.each([-10, 10])(
    'a holder that sleeps past its lease changes nothing when it wakes (clock off by %d min)',
    async (skew) => {
      const table = filled(10);
      const parts = world();
      const plan = faultPlan({ at: 2, mode: 'hold', effect: 'source.read' });
      const sleeper = tableExporter(
        { source: faulty(table.source(), plan), ...parts },
        { runtime: clockAt(skew, 1) },
      );
      const running = sleeper.run();
      await plan.reached;
      const other = tableExporter(
        { source: table.source(), ...parts },
        { runtime: clockAt(skew + 20, 2) },
      );
      expect(await other.run()).toMatchObject({ stopReason: 'caught-up', rows: 10 });
      const before = new Map(parts.sink.objects);
      await plan.release();
      await expect(running).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(new Map(parts.sink.objects)).toEqual(before);
      // What the sleeper had prepared is a stray now; the next run removes it.
      await tableExporter(
        { source: table.source(), ...parts },
        { runtime: clockAt(skew + 40, 3) },
      ).run();
      await assertExactlyOnce(parts.sink, table);
    },
  );

  it('a holder that sleeps after its decision finds the commit carried out by the other', async () => {
    const table = filled(10);
    const parts = world();
    const plan = faultPlan({ at: 1, mode: 'hold', effect: 'sink.commit' });
    const sleeper = tableExporter(
      { source: table.source(), sink: faulty(parts.sink, plan), cursorStore: parts.cursorStore },
      { runtime: clockAt(0, 1) },
    );
    const running = sleeper.run();
    await plan.reached;
    const other = tableExporter({ source: table.source(), ...parts }, { runtime: clockAt(20, 2) });
    expect(await other.run()).toMatchObject({ stopReason: 'caught-up', recovered: true });
    await plan.release();
    await expect(running).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await assertExactlyOnce(parts.sink, table);
  });

  it('a lease far in the future is the work of a broken clock and holds nobody up', async () => {
    const table = filled(10);
    const parts = world();
    const plan = faultPlan({ at: 2, mode: 'crash-before', effect: 'source.read' });
    const source = faulty(table.source(), plan);
    const sink = faulty(parts.sink, plan);
    const cursorStore = faulty(parts.cursorStore, plan);
    const dying = tableExporter(
      { source, sink, cursorStore },
      { runtime: clockAt(60 * 24 * 365, 1) },
    );
    await expect(dying.run()).rejects.toThrow();
    const next = tableExporter({ source: table.source(), ...parts }, { runtime: clockAt(0, 2) });
    expect(await next.run()).toMatchObject({ stopReason: 'caught-up', rows: 10 });
  });

  it('a long run keeps its lease while it waits', async () => {
    const table = filled(10);
    const parts = world();
    const clock = manualClock({ seed: 1 });
    const plan = faultPlan({ at: 1, mode: 'hold', effect: 'source.read' });
    const first = tableExporter(
      { source: faulty(table.source(), plan), ...parts },
      { runtime: clock },
    );
    const running = first.run();
    await plan.reached;
    for (let minute = 0; minute < 10; minute += 1) await clock.advance(60_000);
    const other = manualClock({ seed: 2, now: clock.now() });
    const second = tableExporter({ source: table.source(), ...parts }, { runtime: other });
    expect(await second.run()).toMatchObject({ stopReason: 'locked' });
    await plan.release();
    await running;
  });
});

describe('pause and resume', () => {
  it('is durable: no run begins, in any process, until resumed', async () => {
    const table = filled(10);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).pause();
    const other = tableExporter({ source: table.source(), ...parts });
    expect(await other.run()).toMatchObject({ stopReason: 'paused', rows: 0 });
    expect(await other.status()).toMatchObject({ state: 'paused' });
    await other.resume();
    await other.resume();
    expect(await other.run()).toMatchObject({ stopReason: 'caught-up', rows: 10 });
  });

  it('ends a running run after its next commit', async () => {
    const table = filled(20);
    const parts = world();
    const plan = faultPlan({ at: 1, mode: 'hold', effect: 'sink.commit' });
    const first = tableExporter({
      source: table.source(),
      sink: faulty(parts.sink, plan),
      cursorStore: parts.cursorStore,
    });
    const running = first.run();
    await plan.reached;
    await first.pause();
    await plan.release();
    expect(await running).toMatchObject({ stopReason: 'paused', behind: 'paused', commits: 1 });
    await first.resume();
    await first.run();
    await assertExactlyOnce(parts.sink, table);
  });
});
