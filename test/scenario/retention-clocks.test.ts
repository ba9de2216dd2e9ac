import { beforeEach, describe, expect, it } from 'vitest';

import type { RetentionPolicy } from '../../src/retention/policy.js';
import type { JsonRow } from '../../src/testing/plane/row-shape.js';
import { override } from '../support/override.js';
import {
  deletedIds,
  exportedWorld,
  markAndWait,
  refusedWith,
  stoppedBy,
} from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, PolicyWorld } from '../support/policy-world.js';

const MONTH_MS = 30 * DAY_MS;

/** A world whose plane has a clock of its own: that of the host, and so much ahead. */
async function startApart(): Promise<{ world: PolicyWorld; skew: { ms: number } }> {
  const skew = { ms: 0 };
  const clock = { now: (): Date => new Date(host().getTime() + skew.ms) };
  let host = (): Date => new Date('2026-03-01T12:00:00Z');
  const world = await PolicyWorld.start({ plane: { clock } });
  host = () => world.clock.now();
  world.writeTraces(5, 40);
  world.writeTraces(5, 10);
  await world.exporter().run();
  return { world, skew };
}

describe('when the clock of the service jumps ahead by a month', () => {
  it('the first mark asks for a plan', async () => {
    const { world, skew } = await startApart();
    skew.ms = MONTH_MS;
    const policy = world.policy();
    await stoppedBy(policy.run(), 'cutoff-jump');
    expect(await policy.plan()).toMatchObject({ brakes: ['cutoff-jump'], willRun: false });
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('the first mark needs none when the clocks are a day apart', async () => {
    const { world, skew } = await startApart();
    skew.ms = DAY_MS;
    expect(await world.policy().run()).toMatchObject({ stopReason: 'marked' });
  });

  it('a later mark asks for a plan', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    await markAndWait(world, policy);
    await policy.run();
    await world.pass(DAY_MS);
    skew.ms = MONTH_MS;
    await stoppedBy(policy.run(), 'cutoff-jump');
    expect(deletedIds(world.plane)).toHaveLength(15);
    skew.ms = 0;
    expect(await policy.run()).toMatchObject({ stopReason: 'nothing-due' });
  });

  it('the grace does not end by it: the sweep asks for a plan', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    await policy.run();
    skew.ms = MONTH_MS;
    await stoppedBy(policy.run(), 'cutoff-jump');
    expect(deletedIds(world.plane)).toEqual([]);
    skew.ms = 0;
    expect(await policy.run()).toMatchObject({ stopReason: 'grace' });
  });

  it('a plan for the mark lets the sweep begin, with the cutoff of the mark', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    const { cutoff } = await policy.run();
    skew.ms = MONTH_MS;
    const plan = await policy.plan();
    expect(plan.cutoff).toBe(cutoff?.toISOString());
    expect(await policy.run({ plan })).toMatchObject({
      stopReason: 'swept',
      deleted: { rows: 15 },
    });
    expect(world.liveIds()).toHaveLength(15);
  });

  it('a plan for the mark says that nothing would run without it', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    await policy.run();
    skew.ms = MONTH_MS;
    expect(await policy.plan()).toMatchObject({ willRun: false, brakes: ['cutoff-jump'] });
  });
});

describe('when the clock of the host jumps', () => {
  /** A policy that has swept once, on a host whose clock moves by so much afterwards. */
  const policyAfterJump = async (ms: number): Promise<RetentionPolicy> => {
    const world = await exportedWorld();
    const policy = world.policy();
    await markAndWait(world, policy);
    await policy.run();
    await world.pass(DAY_MS);
    world.writeTraces(1, 30.5);
    const now = (): Date => new Date(world.clock.now().getTime() + ms);
    return world.policy({ runtime: override(world.clock, { now }) });
  };

  it('ahead, ages are those of the service', async () => {
    const policy = await policyAfterJump(MONTH_MS);
    const plan = await policy.plan();
    expect(plan.cutoff).toMatch(/^2026-02-01T12:00:/u);
    expect(plan.brakes).toEqual([]);
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('back, nobody can tell how much time passed: a plan is asked for', async () => {
    const policy = await policyAfterJump(-MONTH_MS);
    expect(await policy.plan()).toMatchObject({ brakes: ['cutoff-jump'] });
    await stoppedBy(policy.run(), 'cutoff-jump');
  });

  it('ahead in the grace, the grace stays', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    await policy.run();
    await world.pass(MONTH_MS);
    skew.ms = -MONTH_MS;
    expect(await policy.run()).toMatchObject({ stopReason: 'grace' });
  });
});

describe('when the clock of the service is set back', () => {
  it('the grace lasts longer, and nothing more is old', async () => {
    const { world, skew } = await startApart();
    const policy = world.policy();
    await markAndWait(world, policy);
    skew.ms = -20 * DAY_MS;
    expect(await policy.run()).toMatchObject({ stopReason: 'grace' });
    expect(deletedIds(world.plane)).toEqual([]);
    skew.ms = 0;
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
  });

  it('before a mark, its cutoff is earlier', async () => {
    const { world, skew } = await startApart();
    skew.ms = -20 * HOUR_MS;
    const plan = await world.policy().plan();
    expect(plan.cutoff).toBe('2026-01-29T16:00:00.000Z');
  });
});

/** A world whose rows were all written 40 days ago, with such creation times; the names of the rows are those. */
async function worldOf(times: readonly (string | null)[], now?: Date): Promise<PolicyWorld> {
  const world = await PolicyWorld.start();
  if (now !== undefined) await world.pass(now.getTime() - world.clock.now().getTime());
  const at = new Date(world.clock.now().getTime() - 40 * DAY_MS);
  const rowOf = (created: string | null): JsonRow => ({
    id: created ?? 'none',
    ...(created === null ? {} : { created }),
  });
  world.plane.insert('project_logs', world.projectId, times.map(rowOf), { at });
  await world.exporter().run();
  return world;
}

/** The rows that are left by a policy of single rows. */
async function leftBy(world: PolicyWorld, keepDays: number): Promise<readonly string[]> {
  const policy = world.policy({ unit: 'row', keepDays });
  if ((await policy.run()).stopReason === 'nothing-due') return world.liveIds();
  await world.pass(24 * HOUR_MS);
  expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
  return world.liveIds();
}

describe('a creation time', () => {
  it('equal to the cutoff stays, one a millisecond older goes', async () => {
    const world = await worldOf(['2026-01-30T12:00:00.000Z', '2026-01-30T11:59:59.999Z']);
    expect(await leftBy(world, 30)).toEqual(['2026-01-30T12:00:00.000Z']);
  });

  it('counts with its offset', async () => {
    const older = ['2026-01-30T17:44:59.999+05:45', '2026-01-30T06:59:59-05:00'];
    const stays = ['2026-01-30T17:45:00.000+05:45', '2026-01-30T07:00:00-05:00'];
    expect(await leftBy(await worldOf([...older, ...stays]), 30)).toEqual([...stays].sort());
  });

  it('without a zone is in UTC', async () => {
    const world = await worldOf(['2026-01-30T12:00:00', '2026-01-30T11:59:59']);
    expect(await leftBy(world, 30)).toEqual(['2026-01-30T12:00:00']);
  });

  it('that is no time, or does not exist, keeps the row', async () => {
    const times = ['yesterday', '2026-02-30T00:00:00Z', '1700000000'];
    expect(await leftBy(await worldOf([...times, '2025-01-01T00:00:00Z']), 30)).toEqual(
      [...times].sort(),
    );
  });

  it('that does not exist, yet lies before the cutoff for the service, lets nothing go', async () => {
    const world = await worldOf(['2025-02-29T00:00:00Z', '2025-01-01T00:00:00Z']);
    await refusedWith(world.policy({ unit: 'row' }).run(), 'SOURCE_PROTOCOL');
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('that is missing is that of the writing', async () => {
    expect(await leftBy(await worldOf([null]), 30)).toEqual([]);
    expect(await leftBy(await worldOf([null]), 41)).toEqual(['none']);
  });
});

describe('a day is 24 hours', () => {
  it('also when a clock of New York is set forward or back', async () => {
    // There 8 March 2026 has 23 hours, and 1 November 2026 has 25.
    for (const now of ['2026-03-08T12:00:00Z', '2026-11-01T12:00:00Z']) {
      const cutoff = new Date(Date.parse(now) - 10 * DAY_MS);
      const before = new Date(cutoff.getTime() - 1);
      const world = await worldOf([cutoff.toISOString(), before.toISOString()], new Date(now));
      expect(await leftBy(world, 10)).toEqual([cutoff.toISOString()]);
    }
  });

  it('also over a leap day, and on one', async () => {
    const over = await worldOf(
      ['2028-02-01T12:00:00.000Z', '2028-02-01T11:59:59.999Z'],
      new Date('2028-03-02T12:00:00Z'),
    );
    expect(await leftBy(over, 30)).toEqual(['2028-02-01T12:00:00.000Z']);
    const on = await worldOf(
      ['2028-02-29T12:00:00.000Z', '2028-02-29T11:59:59.999Z'],
      new Date('2028-03-30T12:00:00Z'),
    );
    expect(await leftBy(on, 30)).toEqual(['2028-02-29T12:00:00.000Z']);
  });
});

describe.each(['America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati'])(
  'in a process of %s',
  (zone) => {
    beforeEach(() => {
      const before = process.env['TZ'];
      process.env['TZ'] = zone;
      return () => {
        if (before === undefined) delete process.env['TZ'];
        else process.env['TZ'] = before;
      };
    });

    it('cutoff, days and ages are the same', async () => {
      expect(new Date('2026-01-01T00:00:00Z').getTimezoneOffset()).not.toBe(0);
      const world = await worldOf([
        '2026-01-30T12:00:00.000Z',
        '2026-01-30T11:59:59.999Z',
        '2026-01-30T12:00:00',
        '2026-01-30T11:59:59',
        '2026-01-29T23:30:00Z',
        '2026-01-30',
        '2026-01-31',
      ]);
      const plan = await world.policy({ unit: 'row' }).plan();
      expect(plan).toMatchObject({
        cutoff: '2026-01-30T12:00:00.000Z',
        days: [
          { day: '2026-01-29', count: 1 },
          { day: '2026-01-30', count: 3 },
        ],
      });
      expect(await leftBy(world, 30)).toEqual([
        '2026-01-30T12:00:00',
        '2026-01-30T12:00:00.000Z',
        '2026-01-31',
      ]);
    });
  },
);
