import { describe, expect, it } from 'vitest';

import { worldOfUnits } from '../support/scripted-policy.js';

const SECOND_MS = 1_000;

describe('a sweep', () => {
  it('reads, deletes and confirms batch by batch, with a receipt of each', async () => {
    const world = worldOfUnits(2, 1);
    world.target.content.push(world.unit('u09', 1, 10));
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 2, rows: 3 },
      kept: { 'too-young': { units: 1, rows: 1 } },
      remainedRows: 0,
      changedRows: 0,
    });
    expect(world.target.rowIds).toEqual(['u09-0']);
    expect(world.calls('reread', 'rem')).toEqual([
      'reread u00,u01',
      expect.stringMatching(/^remove u0.-.,u0.-.,u0.-.$/),
      expect.stringMatching(/^remaining /),
    ]);
    const [receipt, ...others] = await world.receipts();
    expect(others).toEqual([]);
    expect(receipt).toMatchObject({ intent: { batch: 1 }, outcome: { gone: 3, objectGone: null } });
  });

  it('gives each deletion ten seconds from the read before it, and tells the longest of them', async () => {
    const world = worldOfUnits(1, 1, 1);
    const ages = [3, 7, 5].map((seconds) => seconds * SECOND_MS);
    const readAt: number[] = [];
    world.target.hooks.beforeReread = async () => {
      readAt.push(world.clock.now().getTime());
      await world.clock.advance(ages[readAt.length - 1] ?? 0);
    };
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    await policy.run();
    expect(world.target.windows).toEqual(
      readAt.map((ms) => ({ notBefore: new Date(ms), notAfter: new Date(ms + 10_000) })),
    );
    expect(world.eventsOf('rows-delete').map(({ readAgeMs }) => readAgeMs)).toEqual(ages);
    const text = Buffer.from(
      world.sink.objects.get(
        [...world.sink.objects.keys()].find((key) => key.endsWith('mark.json')) ?? '',
      ) ?? [],
    );
    expect(JSON.parse(text.toString())).toMatchObject({ readAgeMaxMs: 7_000, batches: 3 });
  });

  it('waits before it confirms, and looks at what was decided before it decides on the last part', async () => {
    const world = worldOfUnits(5);
    const policy = await world.mark({ limits: { batchMaxRows: 2, confirmAfterMs: 60_000 } });
    await policy.run();
    expect(world.calls('rem')).toEqual([
      'remove u00-1,u00-2',
      'remove u00-3,u00-4',
      'remaining u00-1,u00-2',
      'remaining u00-3,u00-4',
      'remove u00-0',
      'remaining u00-0',
    ]);
    expect(world.eventsOf('mark-end')).toMatchObject([{ deletedRows: 5, deletedUnits: 1 }]);
  });

  it('writes no receipt of a batch of which nothing may go any more', async () => {
    const world = worldOfUnits(1, 1);
    const policy = await world.mark();
    world.target.hooks.beforeReread = () => world.target.drop(world.target.rowIds);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 0 } });
    expect(await world.receipts()).toEqual([]);
    expect(world.calls('rem')).toEqual([]);
  });

  it('tells of each page what it judged and what stays', async () => {
    const world = worldOfUnits(2, 3);
    const empty = { ...world.unit('u05', 1), rows: [] };
    world.target.content.push(empty, world.unit('u09', 4, 10));
    world.target.unitsOfPage = 4;
    const policy = await world.mark();
    await policy.run();
    const { markId } = world.eventsOf('mark-set')[0]!;
    const judged = { type: 'units-judge', policyId: 'logs', markId };
    expect(world.eventsOf('units-judge')).toEqual([{ ...judged, units: 3, rows: 9, keptRows: 4 }]);
    const batch = { policyId: 'logs', markId, batch: 1 };
    expect(world.eventsOf('rows-confirm')).toEqual([
      { type: 'rows-confirm', ...batch, gone: 5, remained: 0, changed: 0 },
    ]);
    expect(world.eventsOf('rows-delete')).toMatchObject([{ ...batch, rows: 5 }]);
  });

  it('has twenty batches wait at most', async () => {
    const world = worldOfUnits(...Array<number>(23).fill(1));
    const policy = await world.mark({ limits: { batchMaxRows: 1, confirmAfterMs: 600_000 } });
    await policy.run();
    const calls = world.calls('rem').map((call) => call.split(' ')[0]);
    const rounds = [20, 20, 3, 3].map((times, round) =>
      Array<string>(times).fill(round % 2 === 0 ? 'remove' : 'remaining'),
    );
    expect(calls).toEqual(rounds.flat());
  });

  it('lets a unit that has a row more alone, and deletes it whole once it has looked again', async () => {
    const world = worldOfUnits(1, 1);
    world.target.counts = { existing: 10 };
    const policy = await world.mark();
    world.target.hooks.beforeReread = () => {
      world.target.hooks.beforeReread = () => undefined;
      const [first, ...others] = world.target.content;
      const { created, version } = world.unit('u00', 1, 39).rows[0]!;
      const late = { ...first!.rows[0]!, id: 'late', created, version };
      world.target.content = [{ ...first!, rows: [...first!.rows, late] }, ...others];
    };
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 2, rows: 3 },
    });
    expect(world.calls('units')).toHaveLength(2);
    expect(world.calls('remove ')).toEqual(['remove u01-0', 'remove u00-0,late']);
  });

  it('keeps what became young, or is written, between its two reads', async () => {
    const world = worldOfUnits(2, 1, 1);
    const policy = await world.mark();
    world.target.hooks.beforeReread = () => {
      world.target.change('u00-1', { version: world.target.versionAt(world.clock.now()) });
      world.target.change('u01-0', { created: world.clock.now().toISOString() });
    };
    expect(await policy.run()).toMatchObject({
      deleted: { units: 1, rows: 1 },
      kept: { 'written-since': { units: 1, rows: 2 }, 'too-young': { units: 1, rows: 1 } },
    });
    expect(world.target.rowIds).toEqual(['u00-0', 'u00-1', 'u01-0']);
    expect(world.calls('units')).toHaveLength(1);
  });

  it('scans three times at most for what does not go, and sends each batch three times', async () => {
    const world = worldOfUnits(2);
    world.target.hooks.beforeRemove = () => false;
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 0, rows: 0 },
      remainedRows: 2,
    });
    expect(world.calls('units')).toHaveLength(3);
    expect(world.calls('remove ')).toHaveLength(9);
    const receipts = await world.receipts();
    expect(receipts.map(({ outcome }) => outcome?.remained)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  it('sends only what is left again', async () => {
    const world = worldOfUnits(3);
    world.target.hooks.beforeRemove = (ids) => {
      world.target.hooks.beforeRemove = () => true;
      world.target.drop(ids.slice(0, 1));
      return false;
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 3 }, remainedRows: 0 });
    expect(world.calls('remove ')).toEqual(['remove u00-1,u00-2,u00-0', 'remove u00-2,u00-0']);
    expect(world.calls('units')).toHaveLength(1);
  });

  it('counts rows that are there in a later version as changed, and their unit as not gone', async () => {
    const world = worldOfUnits(2, 1);
    world.target.hooks.afterRemove = () => {
      world.target.content = [world.unit('u00', 1, 1)];
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({
      deleted: { units: 1, rows: 2 },
      changedRows: 1,
      remainedRows: 0,
    });
  });
});

describe('a run', () => {
  it('that comes after one that died settles what that left open before it does anything else', async () => {
    const world = worldOfUnits(1, 1);
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    world.target.hooks.afterRemove = () => {
      world.target.hooks.afterRemove = () => undefined;
      throw new Error('died');
    };
    await expect(policy.run()).rejects.toThrow('died');
    const before = world.target.calls.length;
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 2, rows: 2 },
    });
    expect(world.target.calls.slice(before).slice(0, 2)).toEqual(['remaining u00-0', 'units']);
    expect(world.calls('remove ')).toEqual(['remove u00-0', 'remove u01-0']);
  });

  it('deletes just as many rows as it may', async () => {
    const world = worldOfUnits(2, 2, 2);
    const policy = await world.mark({ limits: { batchMaxRows: 2 } });
    expect(await policy.run({ maxRows: 4 })).toMatchObject({
      stopReason: 'row-limit',
      deleted: { rows: 4 },
    });
    expect(await policy.run({ maxRows: 2 })).toMatchObject({
      stopReason: 'swept',
      deleted: { rows: 2 },
    });
  });

  it('tells where the sweep stands between runs: what stays is counted once', async () => {
    const world = worldOfUnits(1, 1, 1);
    world.target.content = [
      world.unit('t00', 3, 5),
      ...world.target.content,
      world.unit('v', 4, 5),
    ];
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    expect(await policy.run({ maxRows: 1 })).toMatchObject({ stopReason: 'row-limit' });
    const sweep = (await world.document()).mark?.sweep;
    const kept = { 'too-young': { units: 1, rows: 3 } };
    expect(sweep).toMatchObject({ kept, pass: 1, begun: [] });
    expect(sweep?.lowestKept).toBe(world.target.content[0]?.rows[0]?.version);
    expect(await policy.run()).toMatchObject({ kept: { 'too-young': { units: 2, rows: 7 } } });
    expect(world.eventsOf('mark-end')).toMatchObject([{ keptRows: 7 }]);
  });

  it('counts what is gone for the policy, mark by mark, numbered from 1', async () => {
    const world = worldOfUnits(2);
    const policy = await world.mark();
    await policy.run();
    world.target.content = [world.unit('w', 3)];
    await world.mark();
    const { mark } = await world.document();
    expect(mark?.id).toMatch(/^000002-.{8}$/);
    await policy.run();
    const document = await world.document();
    expect(document.totals).toEqual({ units: 2, rows: 5, marks: 2 });
    expect(document).toMatchObject({ mark: null, nextMark: 3, proofFloor: null });
    expect(document.baseline).toEqual({
      cutoff: mark?.cutoff,
      planeNow: mark?.planeNow,
      hostNow: mark?.hostNow,
    });
  });

  it('may delete what a later look frees: rows that changed count for nothing', async () => {
    const world = worldOfUnits(1, 1);
    world.target.counts = { existing: 1, candidates: 1 };
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    world.target.hooks.afterRemove = () => {
      world.target.hooks.afterRemove = () => undefined;
      const again = world.unit('u00', 1, 1);
      world.target.content = [again, ...world.target.content.filter(({ id }) => id !== 'u00')];
    };
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { rows: 1 },
      changedRows: 1,
    });
  });

  it('counts rows, not units, against what its mark may delete', async () => {
    const world = worldOfUnits(2, 2);
    world.target.counts = { existing: 3, candidates: 3 };
    const policy = await world.mark({ limits: { batchMaxRows: 2 } });
    await expect(policy.run()).rejects.toMatchObject({ details: { allowance: 3, wanted: 4 } });
    expect(world.target.rowIds).toEqual(['u01-0', 'u01-1']);
  });

  it('notes the lowest version of what stays, whatever the order', async () => {
    for (const ages of [
      [5, 9, 7],
      [9, 7, 5],
      [5, 7, 9],
    ]) {
      const world = worldOfUnits(1);
      const young = ages.map((days, place) => world.unit(`a${place}`, 1, days));
      world.target.content = [...young, ...world.target.content, world.unit('v', 1)];
      const policy = await world.mark({ limits: { batchMaxRows: 1 } });
      await policy.run({ maxRows: 1 });
      const sweep = (await world.document()).mark?.sweep;
      const lowest = young.map(({ rows }) => rows[0]!.version).sort()[0];
      expect(sweep?.lowestKept).toBe(lowest);
    }
  });

  it('stops before it deletes more than its mark may, with the numbers', async () => {
    const world = worldOfUnits(1, 1);
    world.target.counts = { existing: 1, candidates: 1 };
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    await expect(policy.run()).rejects.toMatchObject({
      code: 'PLAN_NEEDED',
      details: { brake: 'fraction', existing: 1, counted: 'rows', allowance: 1, wanted: 2 },
    });
    expect(world.target.rowIds).toEqual(['u01-0']);
    expect((await world.document()).mark?.sweep).toMatchObject({ open: [], deleted: { rows: 1 } });
  });
});
