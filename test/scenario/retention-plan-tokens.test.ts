import { beforeEach, describe, expect, it } from 'vitest';

import type { RetentionPolicyOptions } from '../../src/create-retention-policy.js';
import type { Hold } from '../../src/interfaces/index.js';
import type { RetentionPlan } from '../../src/retention/plan.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import {
  deletedIds,
  exportedWorld,
  markAndWait,
  refusedWith,
  stoppedBy,
} from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, type PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

/** Requires that a plan is refused, that no mark comes of it, and that nothing is deleted. */
async function planRefused(policy: RetentionPolicy, plan: RetentionPlan): Promise<string> {
  const { mark } = await policy.status();
  const { message } = await refusedWith(policy.run({ plan }), 'PLAN_INVALID');
  expect((await policy.status()).mark).toEqual(mark);
  expect(deletedIds(world.plane)).toEqual([]);
  return message;
}

describe('a plan that is given to a run', () => {
  it('lifts the brake for what it says, also when it was kept as JSON', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0 } });
    await stoppedBy(policy.run(), 'fraction');
    const plan = JSON.parse(JSON.stringify(await policy.plan())) as RetentionPlan;
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'marked' });
    expect((await policy.status()).mark).toMatchObject({ allowance: 15, isConfirmed: true });
    await world.pass(24 * HOUR_MS);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
  });

  it('has its members in any order, as a database may give them back', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0 } });
    const members = Object.entries(await policy.plan()).reverse();
    const plan = Object.fromEntries(members) as unknown as RetentionPlan;
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'marked' });
  });

  it('is taken by another instance of the same policy', async () => {
    const plan = await world.policy({ brakes: { maxFraction: 0 } }).plan();
    const other = world.policy({ brakes: { maxFraction: 0 } });
    expect(await other.run({ plan })).toMatchObject({ stopReason: 'marked' });
  });

  it('fixes cutoff and bound of the mark that it makes', async () => {
    const policy = world.policy();
    const plan = await policy.plan();
    await world.pass(10 * HOUR_MS);
    const marked = await policy.run({ plan });
    expect(marked.cutoff?.toISOString()).toBe(plan.cutoff);
    const { mark } = await policy.status();
    expect(mark?.writtenBefore.toISOString()).toBe(plan.before);
    // The grace begins with the mark, not with the plan.
    expect(mark?.dueAt.getTime()).toBe(world.clock.now().getTime() + 24 * HOUR_MS);
  });

  it('lifts the brake up to what it says and no further', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0 }, holds: [{ ids: ['d40-0-s0'] }] });
    const plan = await policy.plan();
    expect(plan.go).toEqual({ units: 4, rows: 12 });
    await policy.run({ plan });
    const free = world.policy({ brakes: { maxFraction: 0 } });
    await world.pass(24 * HOUR_MS);
    await stoppedBy(free.run(), 'fraction');
    expect(world.liveIds().length).toBeGreaterThanOrEqual(30 - 12);
  });

  it('of the present mark raises what the mark may delete', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0 }, holds: () => holds });
    let holds: readonly Hold[] = [{ ids: ['d40-0-s0'] }];
    await policy.run({ plan: await policy.plan() });
    await world.pass(24 * HOUR_MS);
    holds = [];
    await stoppedBy(policy.run(), 'fraction');
    const plan = await policy.plan();
    expect(plan).toMatchObject({ willRun: false, brakes: ['fraction'] });
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'swept' });
    expect(deletedIds(world.plane)).toHaveLength(15);
  });

  it('of the present mark adds to what it has deleted already', async () => {
    const policy = world.policy({ brakes: { maxFraction: 0 }, limits: { batchMaxRows: 6 } });
    await policy.run({ plan: await policy.plan() });
    await world.pass(24 * HOUR_MS);
    expect(await policy.run({ maxRows: 6 })).toMatchObject({ stopReason: 'row-limit' });
    const plan = await policy.plan();
    expect(plan.go).toEqual({ units: 3, rows: 9 });
    await policy.run({ plan, maxRows: 6 });
    expect((await policy.status()).mark?.allowance).toBe(15);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
    expect(deletedIds(world.plane)).toHaveLength(15);
  });
});

describe('a plan is refused, and nothing is deleted,', () => {
  it('when it has expired: 24 hours after it was made', async () => {
    const policy = world.policy();
    const plan = await policy.plan();
    await world.pass(DAY_MS);
    expect(await planRefused(policy, plan)).toContain('expired');
  });

  it('not a second before', async () => {
    const policy = world.policy();
    const plan = await policy.plan();
    await world.pass(DAY_MS - 1_000);
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'marked' });
  });

  it('when it belongs to another policy', async () => {
    const plan = await world.policy({ id: 'other' }).plan();
    expect(await planRefused(world.policy(), plan)).toContain('"other"');
  });

  it('when another project was looked at', async () => {
    const other = await exportedWorld();
    const plan = await other.policy().plan();
    await planRefused(world.policy(), plan);
  });

  it.each<readonly [string, (plan: RetentionPlan) => Partial<RetentionPlan>]>([
    ['cutoff', () => ({ cutoff: '2026-02-28T12:00:00.000Z' })],
    ['before', () => ({ before: '2026-03-02T12:00:00.000Z' })],
    ['expiresAt', () => ({ expiresAt: '2027-03-02T12:00:00.000Z' })],
    ['createdAt', () => ({ createdAt: '2026-03-01T12:00:01.000Z' })],
    ['go', ({ go }) => ({ go: { ...go, rows: 1_000 } })],
    ['survey', ({ survey }) => ({ survey: { ...survey, existing: 1_000 } })],
    ['kept', () => ({ kept: { 'too-young': { units: 1, rows: 1 } } })],
    ['samples', () => ({ samples: [] })],
    ['willRun', () => ({ willRun: false })],
    ['token', ({ token }) => ({ token: `0${token.slice(1)}`.replace(/^00/u, '10') })],
  ])('when its %s was changed', async (_member, change) => {
    const policy = world.policy();
    const plan = await policy.plan();
    await planRefused(policy, { ...plan, ...change(plan) });
  });

  it('when something was added to it', async () => {
    const policy = world.policy();
    const plan = { ...(await policy.plan()), note: 'seen' };
    await planRefused(policy, plan);
  });

  it('when the holds are others by now, more or fewer', async () => {
    let holds: readonly Hold[] = [{ ids: ['d40-0-s0'] }];
    const policy = world.policy({ holds: () => holds });
    const plan = await policy.plan();
    holds = [{ ids: ['d40-0-s0', 'd40-1-s0'] }];
    expect(await planRefused(policy, plan)).toContain('holds');
    holds = [];
    await planRefused(policy, plan);
    holds = [{ ids: ['d40-0-s0'] }];
    expect(await policy.run({ plan })).toMatchObject({ stopReason: 'marked' });
  });

  it.each<Partial<RetentionPolicyOptions>>([
    { keepDays: 31 },
    { keepDays: 29 },
    { graceHours: 23 },
    { brakes: { maxFraction: 0.9 } },
    { unit: 'row' },
    { requireExported: false, receipts: memorySink() },
  ])('when the policy has other settings by now: %o', async (options) => {
    const plan = await world.policy().plan();
    await planRefused(world.policy(options), plan);
  });

  it('when it was made before the present mark', async () => {
    const policy = world.policy();
    const plan = await policy.plan();
    await markAndWait(world, policy);
    await planRefused(policy, { ...plan });
    const early = await policy.plan();
    await policy.run();
    expect(deletedIds(world.plane)).toHaveLength(15);
    await refusedWith(policy.run({ plan: early }), 'PLAN_INVALID');
  });

  it('when its mark was taken back', async () => {
    const policy = world.policy();
    const { markId } = await policy.run();
    const plan = await policy.plan();
    await policy.cancel(markId ?? '');
    expect(await planRefused(policy, plan)).toContain('no more');
  });

  it('when it is no plan at all', async () => {
    const policy = world.policy();
    const plan = { policyId: 'logs' } as unknown as RetentionPlan;
    await refusedWith(policy.run({ plan }), 'OPTION_INVALID');
    const text = 'plan' as unknown as RetentionPlan;
    await refusedWith(policy.run({ plan: text }), 'OPTION_INVALID');
    expect(deletedIds(world.plane)).toEqual([]);
  });
});
