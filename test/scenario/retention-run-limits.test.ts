import { describe, expect, it } from 'vitest';

import { worldOfUnits } from '../support/scripted-policy.js';

const SECOND_MS = 1_000;

describe('a run with little time', () => {
  it('deletes one batch, however late it is, and no second', async () => {
    const world = worldOfUnits(1, 1, 1);
    world.target.unitsOfPage = 3;
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    for (const rows of [1, 1, 1]) {
      const run = await policy.run({ maxDurationMs: 0 });
      expect(run).toMatchObject({ stopReason: 'time-limit', deleted: { rows } });
    }
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 0 } });
  });

  it('passes over one page of what stays', async () => {
    const world = worldOfUnits();
    world.target.content = ['a', 'b', 'c'].map((id) => world.unit(id, 1, 10));
    world.target.counts = { existing: 3, candidates: 3 };
    const policy = await world.mark();
    expect(await policy.run({ maxDurationMs: 0 })).toMatchObject({ stopReason: 'time-limit' });
    expect((await world.document()).mark?.sweep?.cursor).toBe('a');
    expect(await policy.run({ maxDurationMs: 0 })).toMatchObject({ stopReason: 'time-limit' });
    expect((await world.document()).mark?.sweep?.cursor).toBe('b');
  });

  it.each([
    [5, 'time-limit'],
    [6, 'swept'],
  ])('begins no batch once %i seconds are over', async (...[seconds, stopReason]) => {
    const world = worldOfUnits(1, 1);
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    world.target.hooks.beforeReread = async () => {
      world.target.hooks.beforeReread = () => undefined;
      await world.clock.advance(5 * SECOND_MS);
    };
    const run = await policy.run({ maxDurationMs: seconds * SECOND_MS });
    expect(run).toMatchObject({ stopReason });
  });
});

describe('a batch', () => {
  it('is sent before it is full once 10,000 rows were read for it', async () => {
    const world = worldOfUnits(1, 1, 1, 1, 1, 1, 1, 1, 1);
    world.target.rowsReadOfPage = 2_500;
    const policy = await world.mark();
    const cursors: unknown[] = [];
    world.target.hooks.beforeRemove = async () => {
      cursors.push((await world.document()).mark?.sweep?.cursor);
    };
    await policy.run();
    expect(cursors).toEqual([null, 'u03', 'u07']);
    const sizes = world.calls('remove ').map((call) => call.split(',').length);
    expect(sizes).toEqual([4, 4, 1]);
  });

  it('that was sent before it was full lets the next run go on behind it', async () => {
    const world = worldOfUnits(1, 1, 1, 1, 1);
    world.target.rowsReadOfPage = 5_000;
    const policy = await world.mark();
    expect(await policy.run({ maxRows: 3 })).toMatchObject({
      stopReason: 'row-limit',
      deleted: { rows: 2 },
    });
    expect((await world.document()).mark?.sweep?.cursor).toBe('u01');
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 3 } });
  });

  it('that is left to the next run is not passed over, nor what stays behind it counted', async () => {
    const world = worldOfUnits(2, 1);
    world.target.content.push(world.unit('v', 1, 10));
    const policy = await world.mark({ limits: { batchMaxRows: 2 } });
    expect(await policy.run({ maxRows: 2 })).toMatchObject({ stopReason: 'row-limit', kept: {} });
    const end = { stopReason: 'swept', kept: { 'too-young': { units: 1, rows: 1 } } };
    expect(await policy.run()).toMatchObject(end);
  });
});
