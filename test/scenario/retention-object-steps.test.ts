import { describe, expect, it } from 'vitest';

import { SourceError } from '../../src/errors/index.js';
import { ScriptedPolicy } from '../support/scripted-policy.js';
import { targetObject } from '../support/target-units.js';

describe('a sweep of objects', () => {
  const objectWorld = (rows = 2): ScriptedPolicy => {
    const world = new ScriptedPolicy(['experiment']);
    const unit = world.unit('e', rows);
    world.target.content = [{ ...unit, object: targetObject('e') }];
    world.target.counts = { of: 'experiments', existing: 1, candidates: 1 };
    return world;
  };

  it('deletes and confirms the rows first, then the object, and counts one unit', async () => {
    const world = objectWorld();
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 1, rows: 2 },
      remainedRows: 0,
    });
    expect(world.target.content).toEqual([]);
    const removals = world.calls('remove ');
    expect(removals.at(0)).toBe('remove e-1,e-0');
    expect(world.calls('remaining')).toEqual(['remaining e-1,e-0']);
    expect(removals.at(-1)).toBe('remove e');
    const outcomes = (await world.receipts()).map(({ outcome }) => outcome?.objectGone);
    expect(outcomes.at(-1)).toBe(true);
  });

  it('notes which objects were begun until they are gone', async () => {
    const world = objectWorld();
    world.target.content.push({ ...world.unit('f', 1), object: targetObject('f') });
    world.target.counts = { of: 'experiments', existing: 2, candidates: 2 };
    const policy = await world.mark();
    world.target.hooks.beforeRemove = (ids) => {
      if (ids.includes('f')) throw new Error('died');
    };
    await expect(policy.run()).rejects.toThrow('died');
    const sweep = (await world.document()).mark?.sweep;
    expect(sweep?.begun).toContain('f');
    world.target.hooks.beforeRemove = () => true;
    expect(await policy.run()).toMatchObject({ stopReason: 'swept' });
    expect((await world.document()).totals).toEqual({ units: 2, rows: 3, marks: 1 });
  });

  it('counts an object that was begun against what may go, also when it stays after all', async () => {
    const world = objectWorld(1);
    for (const id of ['f', 'g'])
      world.target.content.push({ ...world.unit(id, 1), object: targetObject(id) });
    world.target.counts = { of: 'experiments', existing: 2, candidates: 2 };
    const policy = await world.mark();
    world.target.hooks.afterRemove = (ids) => {
      if (!ids.includes('e-0')) return;
      const [first, ...others] = world.target.content;
      const created = world.clock.now().toISOString();
      world.target.content = [{ ...first!, object: targetObject('e', { created }) }, ...others];
    };
    await expect(policy.run()).rejects.toMatchObject({ details: { allowance: 2, wanted: 3 } });
    expect(world.target.content.map(({ id }) => id)).toEqual(['e', 'g']);
    expect(world.target.rowIds).toEqual(['g-0']);
    const sweep = (await world.document()).mark?.sweep;
    expect(sweep).toMatchObject({ begun: ['e'], deleted: { units: 1, rows: 2 } });
  });

  it('sends nothing when the object is gone before it is sent again', async () => {
    const world = objectWorld(0);
    world.target.hooks.beforeRemove = () => {
      world.target.hooks.beforeReread = () => {
        world.target.content = [];
      };
      throw new SourceError('SOURCE_UNAVAILABLE', 'Away.', { remedy: 'Wait.', retryable: true });
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { units: 1 } });
    expect(world.calls('remove ')).toEqual(['remove e']);
  });

  it('goes no further than it may, by objects, whatever their rows', async () => {
    const world = objectWorld(9);
    world.target.content.push({ ...world.unit('f', 1), object: targetObject('f') });
    world.target.counts = { of: 'experiments', existing: 1, candidates: 1 };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toMatchObject({
      code: 'PLAN_NEEDED',
      details: { allowance: 1, wanted: 2, counted: 'experiments' },
    });
    expect(world.target.rowIds).toEqual(['f-0']);
    const sweep = (await world.document()).mark?.sweep;
    expect(sweep).toMatchObject({ begun: [], deleted: { units: 1, rows: 9 } });
  });

  it('says of an object that stays that it stays', async () => {
    const world = objectWorld(0);
    world.target.hooks.beforeRemove = () => false;
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 0, rows: 0 },
    });
    const outcomes = (await world.receipts()).map(({ outcome }) => outcome?.objectGone);
    expect(outcomes).toEqual([false, false, false]);
    expect(world.calls('remove ')).toHaveLength(9);
  });
});
