import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import {
  idsOf,
  objectOf,
  onlyUnit,
  pathOf,
  rowIdsOf,
  startExperimentsWorld,
} from '../support/retained-experiments.js';
import type { ExperimentsWorld } from '../support/retained-experiments.js';
import { unitsOf, wholeUnits, windowNow } from '../support/retention-world.js';

let world: ExperimentsWorld;
let plane: DataPlane;

beforeEach(async () => {
  world = await startExperimentsWorld();
  ({ plane } = world);
});

afterEach(async () => {
  await plane.close();
});

describe('a second reading', () => {
  it('gives units as they are now, and reserves the request that follows', async () => {
    const id = await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    await world.passDays(1);
    plane.insert('experiment', id, [{ id: 'late' }, { id: 'a-000000', input: 'other' }]);
    const before = world.clock.now();
    const { units, readAt } = await reader.reread(wholeUnits(unit), {});
    expect(units.map(rowIdsOf)).toEqual([['a-000001', 'a-000000', 'late']]);
    expect(units[0]?.rows[1]?.version).not.toBe(unit.rows[0]?.version);
    expect(readAt).toEqual(before);
  });

  it('gives a unit without rows while the experiment is there', async () => {
    const id = await world.experiment('a', 1);
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    plane.insert('experiment', id, [{ id: 'a-000000', _object_delete: true }]);
    const { units } = await reader.reread(wholeUnits(unit), {});
    expect(units).toEqual([{ ...unit, rows: [] }]);
  });

  it('gives nothing of an experiment that is gone, and the others all the same', async () => {
    const [first, second] = [await world.experiment('a'), await world.experiment('b')];
    const reader = await world.open();
    const units = await unitsOf(reader);
    plane.deleteObject('experiment', first);
    const reread = await reader.reread(wholeUnits(...units), {});
    expect(idsOf(reread.units)).toEqual([second]);
    plane.deleteObject('experiment', second);
    const nothing = await reader.reread(wholeUnits(...units), {});
    expect(nothing).toEqual({ units: [], readAt: new Date(0) });
  });

  it('fails when the right to read was lost: that is not the same as gone', async () => {
    await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    plane.control.setRights(plane.apiKey, { projects: [] });
    await expect(reader.reread(wholeUnits(unit), {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
    await expect(reader.objectRemains?.(objectOf(unit), {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
    await expect(reader.remaining(unit.rows, {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
  });

  it('sees a hold that came meanwhile', async () => {
    const id = await world.experiment('a', 1);
    const reader = await world.open([{ tags: ['keep'] }]);
    const unit = await onlyUnit(reader);
    plane.insert('experiment', id, [{ id: 'a-000000', tags: ['keep'] }]);
    const { units } = await reader.reread(wholeUnits(unit), {});
    expect(units[0]?.rows[0]?.heldBy).toEqual([0]);
  });

  it('of a part gives its own rows that are there, and those that are too new', async () => {
    const id = await world.experiment('a', 6);
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    await world.passDays(1);
    plane.insert('experiment', id, [
      { id: 'late' },
      { id: 'a-000005', _is_merge: true, input: 'merged' },
      { id: 'a-000001', _object_delete: true },
    ]);
    const part = { ...unit, rows: unit.rows.slice(0, 3) };
    const { units } = await reader.reread({ units: [part], isPart: true }, {});
    expect(units.map(rowIdsOf)).toEqual([['a-000000', 'a-000002', 'a-000005', 'late']]);
  });
});

describe('deleting', () => {
  it('takes rows and then the experiment, and nothing else', async () => {
    const [first, second] = [await world.experiment('a'), await world.experiment('b')];
    const reader = await world.open();
    const [unit] = await unitsOf(reader);
    if (unit === undefined) throw new Error('There is no unit.');
    await reader.reread(wholeUnits(unit), {});
    await reader.remove(unit.rows, windowNow(world));
    expect(await reader.remaining(unit.rows, {})).toEqual([]);
    expect(await reader.objectRemains?.(objectOf(unit), {})).toBe(true);
    await reader.removeObject?.(objectOf(unit), windowNow(world));
    expect(await reader.objectRemains?.(objectOf(unit), {})).toBe(false);
    expect(await reader.remaining(unit.rows, {})).toEqual([]);
    expect(idsOf(await unitsOf(reader))).toEqual([second]);
    expect(plane.liveRows('experiment', second)).toHaveLength(2);
    expect(world.sentTo(`${pathOf(first)}/insert`, 'POST')).toBe(1);
    expect(world.sentTo(pathOf(first), 'DELETE')).toBe(1);
  });

  it('shows rows that an agreed deletion has left, and rows that were written anew', async () => {
    const id = await world.experiment('a', 3);
    const reader = await world.open();
    const { rows } = await onlyUnit(reader);
    plane.control.loseDeletes({ of: (rowId) => rowId === 'a-000001' });
    await reader.remove(rows, windowNow(world));
    expect((await reader.remaining(rows, {})).map((row) => row.id)).toEqual(['a-000001']);
    plane.insert('experiment', id, [{ id: 'a-000000', input: 'again' }]);
    const [anew] = await reader.remaining(rows.slice(0, 1), {});
    expect(anew?.version).not.toBe(rows[0]?.version);
  });

  it('sends each request once, though its answer is lost', async () => {
    const id = await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    for (const path of [`${pathOf(id)}/insert`, pathOf(id)])
      plane.control.fail({ kind: 'lost-answer' }, { path });
    const unknown = { code: 'SOURCE_UNAVAILABLE', details: { outcome: 'unknown' } };
    await expect(reader.remove(unit.rows, windowNow(world))).rejects.toMatchObject(unknown);
    await expect(reader.removeObject?.(objectOf(unit), windowNow(world))).rejects.toMatchObject(
      unknown,
    );
    expect(world.sentTo(`${pathOf(id)}/insert`, 'POST')).toBe(1);
    expect(world.sentTo(pathOf(id), 'DELETE')).toBe(1);
    expect(await reader.objectRemains?.(objectOf(unit), {})).toBe(false);
  });

  it('sends nothing when it is too late, or the clock was set back', async () => {
    const id = await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    const now = world.clock.now().getTime();
    const windows = [
      { notBefore: new Date(now - 9), notAfter: new Date(now - 1) },
      { notBefore: new Date(now + 1), notAfter: new Date(now + 9) },
    ];
    const late = { code: 'SEND_TOO_LATE', retryable: true };
    for (const window of windows) {
      await expect(reader.remove(unit.rows, window)).rejects.toMatchObject(late);
      await expect(reader.removeObject?.(objectOf(unit), window)).rejects.toMatchObject(late);
    }
    expect(world.sentTo(`${pathOf(id)}/insert`, 'POST') + world.sentTo(pathOf(id), 'DELETE')).toBe(
      0,
    );
  });

  it('does not believe an answer that says nothing of a deletion', async () => {
    const id = await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    const rewrite = (body: Buffer): Buffer =>
      Buffer.from(body.toString().replace(/"deleted_at":"[^"]*"/u, '"deleted_at":null'));
    plane.control.fail({ kind: 'rewrite', rewrite }, { path: pathOf(id) });
    await expect(reader.removeObject?.(objectOf(unit), windowNow(world))).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
      details: { outcome: 'unknown' },
    });
  });

  it('is refused to a key that may only read', async () => {
    await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    plane.control.setRights(plane.apiKey, { readOnly: true });
    const refused = { code: 'SOURCE_FORBIDDEN', details: { outcome: 'refused' } };
    await expect(reader.remove(unit.rows, windowNow(world))).rejects.toMatchObject(refused);
    await expect(reader.removeObject?.(objectOf(unit), windowNow(world))).rejects.toMatchObject(
      refused,
    );
  });

  it('does not take one refused answer for the absence of an experiment', async () => {
    const id = await world.experiment('a');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    plane.control.fail({ kind: 'status', status: 404 }, { path: pathOf(id) });
    await expect(reader.objectRemains?.(objectOf(unit), {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
  });
});
