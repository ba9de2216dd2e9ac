import { beforeEach, describe, expect, it } from 'vitest';

import type { Hold } from '../../src/interfaces/index.js';
import { deletedIds, exportedWorld, markAndWait, stoppedBy } from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

describe('maxFraction', () => {
  it('lets exactly so much of what exists go', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0.5 } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });

  it('stops the first mark when one row more would go, and says how many', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0.49 } });
    const error = await stoppedBy(policy.run(), 'fraction');
    expect(error.details).toMatchObject({ existing: 30, allowance: 14, wanted: 15 });
    expect(error.message).toContain('15 of 30 rows');
    expect(await policy.status()).toMatchObject({ state: 'idle', mark: null });
    expect(await policy.history()).toMatchObject([{ reason: 'PLAN_NEEDED', deletedRows: 0 }]);
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('is a quarter when none is given', async () => {
    await stoppedBy(world.policy({ brakes: {} }).run(), 'fraction');
    world = await PolicyWorld.start();
    world.writeTraces(2, 40);
    world.writeTraces(6, 10);
    await world.exporter().run();
    const policy = world.policy({ brakes: {} });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 6 } });
  });

  it('does not hold when so much is old, but the rest of it is held', async () => {
    const holds = [{ ids: ['d40-0-s0', 'd40-1-s0', 'd40-2-s0'] }];
    const policy = world.policy({ holds, brakes: { maxFraction: 0.2 } });
    expect(await policy.plan()).toMatchObject({ survey: { candidates: 15 }, brakes: [] });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 6 } });
  });

  it('does not hold when so much is old, but the rest of it is not exported', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(2, 40);
    world.writeTraces(5, 10);
    await world.exporter().run();
    world.writeTraces(3, 39);
    const policy = world.policy({ brakes: { maxFraction: 0.2 } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 6 } });
  });

  it('holds in the sweep when holds that kept the rest are gone since the mark', async () => {
    let holds: readonly Hold[] = [{ ids: ['d40-0-s0', 'd40-1-s0', 'd40-2-s0'] }];
    const limits = { batchMaxRows: 3 };
    const policy = world.policy({ holds: () => holds, limits, brakes: { maxFraction: 0.2 } });
    await markAndWait(world, policy);
    holds = [];
    await stoppedBy(policy.run(), 'fraction');
    expect(deletedIds(world.plane)).toHaveLength(6);
    // What was sent was confirmed before the policy stopped.
    expect(await policy.status()).toMatchObject({
      state: 'sweeping',
      mark: { sweep: { deleted: { units: 2, rows: 6 }, openBatches: 0 } },
    });
    await stoppedBy(policy.run(), 'fraction');
    expect(deletedIds(world.plane)).toHaveLength(6);
  });

  it('counts for each mark anew', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0.5 } });
    await markAndWait(world, policy);
    await policy.run();
    world.writeTraces(5, 0, { prefix: 'new' });
    await world.pass(29 * DAY_MS);
    await world.exporter().run();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });

  it('of 0 lets nothing go without a plan', async () => {
    await stoppedBy(world.policy({ brakes: { maxFraction: 0 } }).run(), 'fraction');
  });
});

describe('maxRowsPerRun', () => {
  it('ends each run at so many rows; the next one goes on', async () => {
    const brakes = { maxFraction: 1, maxRowsPerRun: 6 };
    const policy = world.policy({ brakes });
    await markAndWait(world, policy);
    const deleted: number[] = [];
    const reasons: string[] = [];
    for (let run = 0; run < 3; run += 1) {
      const result = await policy.run();
      deleted.push(result.deleted.rows);
      reasons.push(result.stopReason);
    }
    expect(deleted).toEqual([6, 6, 3]);
    expect(reasons).toEqual(['row-limit', 'row-limit', 'swept']);
    expect(deletedIds(world.plane)).toHaveLength(15);
  });

  it('stands above the maxRows of a run', async () => {
    const policy = world.policy({ brakes: { maxFraction: 1, maxRowsPerRun: 3 } });
    await markAndWait(world, policy);
    expect(await policy.run({ maxRows: 9 })).toMatchObject({ deleted: { rows: 3 } });
  });

  it('gives way to the maxFraction of now, when that fell since the mark', async () => {
    const wide = world.policy({ brakes: { maxFraction: 1 } });
    await markAndWait(world, wide);
    const narrow = world.policy({ brakes: { maxFraction: 0.1 } });
    await expect(narrow.run()).rejects.toMatchObject({ code: 'PLAN_NEEDED' });
    expect(deletedIds(world.plane).length).toBeLessThanOrEqual(3);
  });
});

describe('a cutoff that moved more than a day further than time passed', () => {
  /** A policy that has swept once, and new old data for the next mark. */
  const sweptOnce = async (): Promise<void> => {
    const policy = world.policy();
    await markAndWait(world, policy);
    await policy.run();
    await world.pass(DAY_MS);
  };

  it('asks for a plan: keepDays lowered by more than a day', async () => {
    await sweptOnce();
    world.writeTraces(2, 29);
    const policy = world.policy({ keepDays: 28 });
    const error = await stoppedBy(policy.run(), 'cutoff-jump');
    expect(error.message).toContain('keepDays');
    expect((await policy.status()).mark).toBeNull();
    const plan = await policy.plan();
    expect(plan).toMatchObject({ willRun: false });
  });

  it('asks for none: keepDays lowered by exactly a day', async () => {
    await sweptOnce();
    world.writeTraces(2, 29.5);
    expect(await world.policy({ keepDays: 29 }).run()).toMatchObject({ stopReason: 'marked' });
  });

  it('is taken with a plan, and from then on', async () => {
    await sweptOnce();
    const policy = world.policy({ keepDays: 11 });
    const plan = await policy.plan();
    expect(plan).toMatchObject({ go: { rows: 15 }, brakes: ['cutoff-jump'], willRun: false });
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'marked' });
    await world.pass(24 * HOUR_MS);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    world.writeTraces(1, 11.5);
    expect(await policy.run()).toMatchObject({ stopReason: 'marked' });
  });

  it('may go back: keepDays raised', async () => {
    await sweptOnce();
    world.writeTraces(1, 90);
    expect(await world.policy({ keepDays: 80 }).run()).toMatchObject({ stopReason: 'marked' });
  });

  it('may move as far as time passed when the policy rested for long', async () => {
    await sweptOnce();
    await world.pass(200 * DAY_MS);
    expect(await world.policy().run()).toMatchObject({ stopReason: 'marked' });
  });
});
