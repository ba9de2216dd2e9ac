import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, JsonRow, ObjectType } from 'tracehaul/testing';

import { ask, getFrom, postTo } from '../support/plane-client.js';

const NOON = new Date('2026-03-01T12:00:00Z');
let clock = manualClock({ now: NOON });
let plane: DataPlane;
let projectId: string;

beforeEach(async () => {
  clock = manualClock({ now: NOON });
  plane = await startDataPlane({ clock });
  projectId = plane.createProject('checkout').id;
});
afterEach(() => plane.close());

const insert = (...rows: JsonRow[]): string => plane.insert('project_logs', projectId, rows).xactId;
const insertPath = (): string => `/v1/project_logs/${projectId}/insert`;
const deletesOf = (ids: readonly string[]): object => ({
  events: ids.map((id) => ({ id, _object_delete: true })),
});
const remove = (...ids: string[]): ReturnType<typeof postTo> =>
  postTo(plane, insertPath(), { body: deletesOf(ids) });

async function shown(): Promise<readonly unknown[]> {
  const { body } = await ask(
    plane,
    `select: * | from: project_logs('${projectId}') | sort: id asc`,
  );
  expect(plane.liveRows('project_logs', projectId)).toHaveLength(body.data.length);
  return body.data.map((row) => row['id']);
}

async function deleteRequest(path: string): Promise<number> {
  const headers = { authorization: `Bearer ${plane.apiKey}` };
  return (await fetch(plane.url + path, { method: 'DELETE', headers })).status;
}

describe('a delete of rows', () => {
  it.each<ObjectType>(['project_logs', 'experiment', 'dataset'])(
    'of %s names every id that was sent, known or not, in their order',
    async (type) => {
      const objectId = {
        project_logs: projectId,
        experiment: plane.createExperiment(projectId, 'e').id,
        dataset: plane.createDataset(projectId, 'd').id,
      }[type];
      plane.insert(type, objectId, [{ id: 'a' }, { id: 'b' }]);
      const reply = await postTo(plane, `/v1/${type}/${objectId}/insert`, {
        body: deletesOf(['nobody', 'b']),
      });
      expect([reply.status, reply.body]).toEqual([200, { row_ids: ['nobody', 'b'] }]);
      expect(plane.liveRows(type, objectId).map((row) => row['id'])).toEqual(['a']);
    },
  );

  it('goes by the id of the row, never by that of the span or the trace', async () => {
    insert({ id: 'row', span_id: 'span', root_span_id: 'trace' });
    await remove('span', 'trace');
    expect(await shown()).toEqual(['row']);
  });

  it('happens although its answer is lost', async () => {
    insert({ id: 'a' }, { id: 'b' });
    plane.control.fail({ kind: 'lost-answer' }, { path: insertPath() });
    await expect(remove('a')).rejects.toThrow();
    expect(await shown()).toEqual(['b']);
  });

  it('of an experiment happens although its answer is lost', async () => {
    const path = `/v1/experiment/${plane.createExperiment(projectId, 'e').id}`;
    plane.control.fail({ kind: 'lost-answer' }, { path });
    await expect(deleteRequest(path)).rejects.toThrow();
    expect((await getFrom(plane, path)).status).toBe(400);
  });

  it('does not happen when the connection breaks first', async () => {
    insert({ id: 'a' });
    plane.control.fail({ kind: 'reset' }, { path: insertPath() });
    await expect(remove('a')).rejects.toThrow();
    expect(await shown()).toEqual(['a']);
  });
});

describe('delayed deletes', () => {
  it('leave rows to be seen until their time is over, and no longer', async () => {
    insert({ id: 'a' }, { id: 'b' });
    plane.control.delayDeletes({ afterMs: 1000 });
    await remove('a');
    expect(plane.history.at(-1)).toMatchObject({ id: 'a', deleted: true, shown: true });
    await clock.advance(999);
    expect(await shown()).toEqual(['a', 'b']);
    await clock.advance(1);
    expect(await shown()).toEqual(['b']);
    await clock.advance(60_000);
    expect(await shown()).toEqual(['b']);
  });

  it('let rows come back in their old version, for a while', async () => {
    const xactId = insert({ id: 'a', root_span_id: 't', input: 1 });
    plane.control.delayDeletes({ reappearAfterMs: 5000, reappearForMs: 2000 });
    await remove('a');
    const query = `select: id, _xact_id, input | from: project_logs('${projectId}') spans`;
    const seen: unknown[] = [];
    for (const ms of [0, 4999, 1, 1999, 1, 60_000]) {
      await clock.advance(ms);
      const filters = ["id in ['a']", "root_span_id = 't'", `_xact_id <= '${xactId}'`];
      const replies = await Promise.all(
        filters.map((filter) => ask(plane, `${query} | filter: ${filter}`)),
      );
      const [first, ...others] = replies.map(({ body }) => body.data);
      for (const other of others) expect(other).toEqual(first);
      seen.push(first);
    }
    const back = [{ id: 'a', _xact_id: xactId, input: 1 }];
    expect(seen).toEqual([[], [], back, back, [], []]);
  });

  it('end for a row that is written anew', async () => {
    insert({ id: 'a', input: 'old', output: 'old' });
    plane.control.delayDeletes({ afterMs: 1000, reappearAfterMs: 2000 });
    await remove('a');
    expect(await shown()).toEqual(['a']);
    // The row is gone for writes, so a merge has nothing to merge into.
    const newer = insert({ id: 'a', _is_merge: true, input: 'new' });
    for (const ms of [0, 1000, 1000, 60_000]) {
      await clock.advance(ms);
      expect(plane.liveRows('project_logs', projectId)).toMatchObject([
        { id: 'a', _xact_id: newer, input: 'new', output: null },
      ]);
    }
  });

  it('keep their time when the row is deleted again', async () => {
    insert({ id: 'a' });
    plane.control.delayDeletes({ afterMs: 1000 });
    await remove('a');
    await clock.advance(500);
    await remove('a');
    expect(await shown()).toEqual(['a']);
    await clock.advance(500);
    expect(await shown()).toEqual([]);
  });

  it('end for later deletes, and do not touch the versions of an experiment', async () => {
    const { id } = plane.createExperiment(projectId, 'e');
    plane.insert('experiment', id, [{ id: 'a' }, { id: 'b' }]);
    plane.control.delayDeletes({ afterMs: 1000 });
    const { xactId } = plane.insert('experiment', id, [{ id: 'a', _object_delete: true }]);
    plane.control.delayDeletes(null);
    plane.insert('experiment', id, [{ id: 'b', _object_delete: true }]);
    const query = `select: id | from: experiment('${id}') spans`;
    expect((await ask(plane, query)).body.data).toEqual([{ id: 'a' }]);
    expect((await ask(plane, query, { version: xactId })).body.data).toEqual([{ id: 'b' }]);
  });
});

describe('lost deletes', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

  it.each([
    [{}, ids],
    [{ times: 2 }, ['a', 'b']],
    [{ every: 3 }, ['c', 'f', 'i']],
    [{ every: 3, times: 2 }, ['c', 'f']],
    [{ of: (id: string) => id > 'd', every: 2 }, ['f', 'h', 'j']],
  ])('as %j are acknowledged and did not happen', async (lost, left) => {
    insert(...ids.map((id) => ({ id })));
    plane.control.loseDeletes(lost);
    const reply = await remove(...ids);
    expect([reply.status, reply.body]).toEqual([200, { row_ids: ids }]);
    expect(await shown()).toEqual(left);
    const deleted = plane.history.filter((version) => version.deleted).map(({ id }) => id);
    expect(deleted).toEqual(ids.filter((id) => !left.includes(id)));
    plane.control.loseDeletes(null);
    await remove(...ids);
    expect(await shown()).toEqual([]);
  });

  it('and delays end with clear()', async () => {
    insert({ id: 'a' });
    plane.control.loseDeletes({});
    plane.control.delayDeletes({ afterMs: 1000 });
    plane.control.clear();
    await remove('a');
    expect(await shown()).toEqual([]);
  });
});
