import { describe, expect, it } from 'vitest';

import { readMarkReceipt } from '../../src/retention/receipts/receipt-store.js';
import { override } from '../support/override.js';
import { ScriptedPolicy, worldOfUnits } from '../support/scripted-policy.js';
import { targetObject } from '../support/target-units.js';
import { EXPORT_ID, writeCommit } from '../support/written-commits.js';

const HOUR_MS = 3_600_000;

/** Experiments, so many rows each; a quarter of them may go. */
function worldOfObjects(...sizes: readonly number[]): ScriptedPolicy {
  const world = new ScriptedPolicy(['experiment']);
  world.target.content = sizes.map((size, place) => ({
    ...world.unit(`e${place}`, size),
    object: targetObject(`e${place}`),
  }));
  const { length } = sizes;
  world.target.counts = { of: 'experiments', existing: length, candidates: length };
  return world;
}

describe('a plan', () => {
  it('is refused to a policy that was begun with another unit', async () => {
    const world = worldOfUnits(1);
    await world.mark();
    const refused = expect(world.policy({ unit: 'row' }).plan()).rejects;
    await refused.toMatchObject({ code: 'FINGERPRINT_CHANGED' });
  });

  it('counts objects, not their rows, against what may go', async () => {
    const world = worldOfObjects(9, 9);
    const fits = await world.policy({ brakes: { maxFraction: 1 } }).plan();
    expect(fits).toMatchObject({ brakes: [], go: { units: 2, rows: 18 } });
    const over = await world.policy({ brakes: { maxFraction: 0.5 } }).plan();
    expect(over).toMatchObject({ brakes: ['fraction'], willRun: false });
  });

  it('counts what was decided under the mark against what may go', async () => {
    const world = worldOfUnits(1, 1, 1);
    world.target.counts = { existing: 2, candidates: 2 };
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    await policy.run({ maxRows: 1 });
    const plan = { brakes: ['fraction'], decided: 1, go: { rows: 2 } };
    expect(await policy.plan()).toMatchObject(plan);
    await expect(policy.run()).rejects.toMatchObject({ code: 'PLAN_NEEDED' });
    expect(world.target.rowIds).toHaveLength(1);
  });

  it('has the messages of what is wrong with it', async () => {
    const world = worldOfUnits(1);
    const plan = await world.policy().plan();
    const other = world.policy({ id: 'other', unit: 'row' });
    const refused = async (change: object): Promise<string> =>
      await other.run({ plan: { ...plan, policyId: 'other', ...change } }).then(
        () => 'taken',
        (error: unknown) => String(error),
      );
    expect(await refused({})).toContain('deletes by trace, and the policy by row');
    expect(await refused({ keepDays: 31 })).toContain('keeps 31 days, and the policy 30');
    expect(await refused({ unit: 'row', markId: 'm' })).toContain('is for a mark that is no more');
    expect(await refused({ unit: 'row', expiresAt: '?' })).toContain('has expired');
    expect(await refused({ unit: 'row' })).toContain('was changed');
    await world.policy().run();
    const late = expect(world.policy().run({ plan })).rejects;
    await late.toMatchObject({
      details: { policyId: 'logs' },
      message: expect.stringContaining('before the present mark'),
    });
  });

  it('tells the bytes of rows that would go, on average, and not of those that stay with them', async () => {
    const world = worldOfUnits(2, 2, 1);
    const [gone, half, last] = world.target.content.map(({ rows }) => rows);
    const first = { sequence: 1, previous: null, objects: [gone!, [half![0]!, last![0]!]] };
    const { manifest, manifestKey } = writeCommit(world.sink, first);
    writeCommit(world.sink, {
      sequence: 2,
      previous: manifestKey,
      objects: [world.unit('w', 1).rows],
    });
    const [whole, mixed] = manifest.objects;
    const policy = world.policy({ requireExported: { sink: world.sink, exportId: EXPORT_ID } });
    expect(await policy.plan()).toMatchObject({
      go: { units: 2, rows: 3 },
      kept: { 'not-exported': { units: 1, rows: 2 } },
      archivedBytes: Math.round(whole!.bytes + mixed!.bytes / 2),
    });
  });

  it('says whether nothing is old, or all that is old stays', async () => {
    const world = new ScriptedPolicy();
    const outlook = async (): Promise<string> => (await world.policy().plan()).outlook;
    world.target.content = [world.unit('a', 1, 20)];
    expect(await outlook()).toBe('Nothing would go.');
    world.target.content = [world.unit('a', 1)];
    world.target.change('a-0', { heldBy: [0] });
    expect(await outlook()).toBe(
      'Nothing would go: a run would make a mark under which all stays.',
    );
    await world.policy().run();
    expect(await outlook()).toBe('Nothing would go.');
  });

  it('tells of a clock that jumped from the moment on when the grace is over by it', async () => {
    const world = worldOfUnits(1);
    const policy = world.policy({ graceHours: 48 });
    await policy.run();
    world.target.aheadMs = 48 * HOUR_MS - 1_000;
    expect(await policy.plan()).toMatchObject({ brakes: [], willRun: false });
    expect(await policy.run()).toMatchObject({ stopReason: 'grace' });
    world.target.aheadMs = 48 * HOUR_MS;
    expect(await policy.plan()).toMatchObject({ brakes: ['cutoff-jump'], willRun: false });
    const cutoff = '2026-01-30T12:00:00.000Z';
    const details = { policyId: 'logs', brake: 'cutoff-jump', cutoff, lastCutoff: cutoff };
    await expect(policy.run()).rejects.toMatchObject({ code: 'PLAN_NEEDED', details });
  });
});

describe('a run', () => {
  it('that finds nothing old enough is a measure for the next cutoff', async () => {
    const world = new ScriptedPolicy();
    world.target.content = [world.unit('a', 1, 20)];
    expect(await world.policy().run()).toMatchObject({ stopReason: 'nothing-due' });
    const now = '2026-03-01T12:00:00.000Z';
    const baseline = { cutoff: '2026-01-30T12:00:00.000Z', planeNow: now, hostNow: now };
    expect((await world.document()).baseline).toEqual(baseline);
    const jump = world.policy({ keepDays: 10 }).run();
    await expect(jump).rejects.toMatchObject({
      code: 'PLAN_NEEDED',
      details: {
        brake: 'cutoff-jump',
        cutoff: '2026-02-19T12:00:00.000Z',
        lastCutoff: baseline.cutoff,
      },
    });
  });

  it('whose receipt of the mark could not be put leaves that alone to the next one', async () => {
    const world = worldOfUnits(1);
    let isRefused = true;
    const receipts = override(world.sink, {
      put: async (...[key, body, options]) => {
        if (isRefused && key.endsWith('mark.json')) throw new Error('full');
        return await world.sink.put(key, body, options);
      },
    });
    const policy = await world.mark({ receipts });
    const { mark } = await world.document();
    await expect(policy.run()).rejects.toThrow('full');
    const calls = world.target.calls.length;
    const endedAt = world.clock.now().toISOString();
    isRefused = false;
    await world.clock.advance(HOUR_MS);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 0 } });
    expect(world.target.calls).toHaveLength(calls);
    const place = { policyId: 'logs', markId: mark?.id ?? '' };
    expect(await readMarkReceipt(world.sink, place)).toMatchObject({
      endedAt,
      cancelledAt: null,
      deleted: { units: 1, rows: 1 },
      batches: 1,
    });
  });

  it.each([
    ['all goes', []],
    ['some stays', [0]],
  ])('leaves the manifests out that no later row can need: %s', async (...[, heldBy]) => {
    const world = worldOfUnits(1);
    const [gone] = world.target.content;
    const [row] = world.unit('v', 1, 35).rows;
    world.target.content.push({ ...gone!, id: 'v', rows: [{ ...row!, heldBy }] });
    const [first, second] = [gone!.rows, [row!], world.unit('w', 1, 1).rows].reduce<string[]>(
      (keys, rows) => {
        const commit = {
          sequence: keys.length + 1,
          previous: keys.at(-1) ?? null,
          objects: [rows],
        };
        return [...keys, writeCommit(world.sink, commit).manifestKey];
      },
      [],
    );
    const policy = await world.mark({
      requireExported: { sink: world.sink, exportId: EXPORT_ID },
      holds: [{ ids: ['v-0'] }],
    });
    const bytes = [...world.sink.objects]
      .filter(([key]) => key.startsWith('rows/'))
      .map(([, body]) => body.length);
    const archivedBytes = bytes[0]! + (heldBy.length === 0 ? bytes[1]! : 0);
    expect(await policy.plan()).toMatchObject({ archivedBytes });
    const { mark } = await world.document();
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
    const bound = world.target.versionAt(new Date(mark!.cutoff));
    const floor =
      heldBy.length === 0
        ? { manifestKey: second, version: bound }
        : { manifestKey: first, version: row!.version };
    expect((await world.document()).proofFloor).toEqual(floor);
  });
});
