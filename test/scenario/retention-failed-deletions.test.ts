import { describe, expect, it } from 'vitest';

import { SourceError } from '../../src/errors/index.js';
import { worldOfUnits } from '../support/scripted-policy.js';

const SECOND_MS = 1_000;

function failure(
  change: { readonly retryAfterMs?: number; readonly retryable?: boolean } = {},
): SourceError {
  return new SourceError('SOURCE_UNAVAILABLE', 'The service is away.', {
    remedy: 'Wait.',
    retryable: true,
    ...change,
  });
}

function tooLate(): SourceError {
  const details = { remedy: 'Read again.', retryable: true };
  return new SourceError('SEND_TOO_LATE', 'The window is over.', details);
}

function tooLarge(): SourceError {
  const details = { remedy: 'Send less.', details: { status: 413 } };
  return new SourceError('LIMIT_EXCEEDED', 'The request is too large.', details);
}

describe('a deletion that fails', () => {
  it('is sent six times at most, each after a read of its own, with growing waits', async () => {
    const world = worldOfUnits(1);
    const times: number[] = [];
    world.target.hooks.beforeRemove = () => {
      times.push(world.clock.now().getTime());
      throw failure();
    };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    const waits = times.slice(1).map((ms, place) => ms - (times[place] ?? 0));
    expect(waits).toEqual([1, 2, 4, 8, 16].map((seconds) => seconds * SECOND_MS));
    expect(world.calls('reread', 'remove ')).toEqual(
      Array.from({ length: 6 }, () => ['reread u00', 'remove u00-0']).flat(),
    );
    expect((await world.document()).mark?.sweep?.open).toMatchObject([{ number: 1, rows: 1 }]);
  });

  it('waits as long as it is told to', async () => {
    const world = worldOfUnits(1);
    const times: number[] = [];
    world.target.hooks.beforeRemove = () => {
      times.push(world.clock.now().getTime());
      if (times.length === 1) throw failure({ retryAfterMs: 90_000 });
    };
    const policy = await world.mark();
    await policy.run();
    expect(times[1]! - times[0]!).toBe(90_000);
  });

  it.each([
    [300_000, 2],
    [300_001, 1],
  ])(
    'is left to the next run when it must wait longer than five minutes: %i ms',
    async (...[wait, sends]) => {
      const world = worldOfUnits(1);
      world.target.hooks.beforeRemove = () => {
        world.target.hooks.beforeRemove = () => true;
        throw failure({ retryAfterMs: wait });
      };
      const policy = await world.mark();
      await policy.run().catch(() => undefined);
      expect(world.calls('remove ')).toHaveLength(sends);
    },
  );

  it('takes half of the rows once it was too late twice in a row, and reads no more units than these', async () => {
    const world = worldOfUnits(1, 1, 1, 1);
    world.target.hooks.beforeRemove = (ids) => {
      if (ids.length > 2) throw tooLate();
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({ deleted: { units: 4, rows: 4 } });
    expect(world.calls('reread')).toEqual([
      'reread u00,u01,u02,u03',
      'reread u00,u01,u02,u03',
      'reread u00,u01',
      'reread u02,u03',
    ]);
  });

  it('of one row that is always too late ends after six reads', async () => {
    const world = worldOfUnits(1);
    world.target.hooks.beforeRemove = () => {
      throw tooLate();
    };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toMatchObject({ code: 'SEND_TOO_LATE' });
    expect(world.calls('reread')).toHaveLength(6);
  });

  it('of a limit that is none of size is no reason to send less', async () => {
    const world = worldOfUnits(1, 1);
    const details = { remedy: 'Stop.', details: { status: 400 } };
    const error = new SourceError('LIMIT_EXCEEDED', 'There is too much of something.', details);
    world.target.hooks.beforeRemove = () => {
      throw error;
    };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toBe(error);
    expect(world.calls('remove ')).toHaveLength(1);
  });

  it('before it was sent leaves no unit out of the next run', async () => {
    const world = worldOfUnits(1, 1, 1);
    world.target.hooks.beforeReread = () => {
      world.target.hooks.beforeReread = () => undefined;
      throw new Error('died');
    };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toThrow('died');
    expect((await world.document()).mark?.sweep).toMatchObject({ cursor: null, open: [] });
    expect(await policy.run()).toMatchObject({ deleted: { units: 3, rows: 3 } });
    expect(world.calls('units')).toEqual(['units', 'units']);
  });

  it('to confirm leaves the batch open, and those before it closed', async () => {
    const world = worldOfUnits(1, 1, 1);
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    world.target.hooks.beforeRemaining = (ids) => {
      if (ids.includes('u01-0')) throw new Error('died');
    };
    await expect(policy.run()).rejects.toThrow('died');
    const sweep = (await world.document()).mark?.sweep;
    expect(sweep?.open.map(({ number }) => number)).toEqual([2, 3]);
    expect(sweep?.deleted).toEqual({ units: 1, rows: 1 });
  });

  it('does not wait when it was only too late', async () => {
    const world = worldOfUnits(1);
    const times: number[] = [];
    world.target.hooks.beforeRemove = () => {
      times.push(world.clock.now().getTime());
      if (times.length < 3) throw tooLate();
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({ deleted: { rows: 1 } });
    expect(new Set(times).size).toBe(1);
    expect(world.calls('reread')).toHaveLength(3);
  });

  it.each([
    ['another error', new Error('broken')],
    ['one that is no use to try again', failure({ retryable: false })],
    ['one row that is too large', tooLarge()],
  ])('ends the run at once: %s', async (_case, error) => {
    const world = worldOfUnits(1);
    world.target.hooks.beforeRemove = () => {
      throw error;
    };
    const policy = await world.mark();
    await expect(policy.run()).rejects.toBe(error);
    expect(world.calls('remove ')).toHaveLength(1);
  });

  it('deletes nothing that was written since it was sent', async () => {
    const world = worldOfUnits(2, 1);
    world.target.hooks.beforeRemove = () => {
      world.target.hooks.beforeRemove = () => true;
      world.target.change('u00-1', { version: world.target.versionAt(world.clock.now()) });
      throw failure();
    };
    const policy = await world.mark();
    await policy.run();
    expect(world.target.rowIds).toEqual(['u00-0', 'u00-1']);
  });

  it('is not sent again when nothing of it may go any more', async () => {
    const world = worldOfUnits(1);
    world.target.hooks.beforeRemove = () => {
      world.target.change('u00-0', { version: world.target.versionAt(world.clock.now()) });
      throw failure();
    };
    const policy = await world.mark();
    expect(await policy.run()).toMatchObject({ deleted: { rows: 0 }, changedRows: 1 });
    expect(world.calls('remove ')).toHaveLength(1);
    const [receipt] = await world.receipts();
    expect(receipt?.intentKey).toMatch(/\/000000001\.[^./]{16}\.intent\.json$/);
  });

  it('is halved when it is too large, each half after a read of its own, and stays so small', async () => {
    const world = worldOfUnits(5, 5);
    world.target.hooks.beforeRemove = (ids) => {
      if (ids.length > 2) throw tooLarge();
    };
    const policy = await world.mark({ limits: { batchMaxRows: 5 } });
    expect(await policy.run()).toMatchObject({ deleted: { units: 2, rows: 10 } });
    const sizes = world.calls('remove ').map((call) => call.split(',').length);
    expect(sizes).toEqual([5, 3, 2, 2, 1, 2, 2, 1]);
    expect(world.calls('reread')).toHaveLength(8);
  });

  it('ends by abort, and sends nothing any more', async () => {
    const world = worldOfUnits(1);
    const stop = new AbortController();
    const reason = new Error('enough');
    world.target.hooks.beforeRemove = () => {
      stop.abort(reason);
      throw failure();
    };
    const policy = await world.mark();
    await expect(policy.run({ signal: stop.signal })).rejects.toBe(reason);
    expect(world.calls('remove ')).toHaveLength(1);
  });

  it('stops when the mark was taken back before it was sent again', async () => {
    const world = worldOfUnits(1, 1);
    const policy = await world.mark({ limits: { batchMaxRows: 1 } });
    const { mark } = await world.document();
    world.target.hooks.beforeRemove = async () => {
      world.target.hooks.beforeRemove = () => true;
      await world.policy({ id: 'logs' }).cancel(mark?.id ?? '');
      throw failure();
    };
    await expect(policy.run()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(world.calls('remove ')).toHaveLength(1);
    expect(world.target.rowIds).toEqual(['u00-0', 'u01-0']);
  });
});
