import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { manualClock, startDataPlane, xactIdAt } from 'tracehaul/testing';
import type { DataPlane, ObjectType } from 'tracehaul/testing';

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

async function listed(path: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await getFrom(plane, path);
  expect(status).toBe(200);
  return body['objects'] as Record<string, unknown>[];
}

const listedIds = async (path: string): Promise<unknown> =>
  (await listed(path)).map(({ id }) => id);

async function remove(path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${plane.apiKey}` };
  return fetch(plane.url + path, { method: 'DELETE', headers });
}

describe('a list of objects', () => {
  it.each<['project' | 'experiment' | 'dataset', (name: string) => string]>([
    ['project', (name) => plane.createProject(name).id],
    ['experiment', (name) => plane.createExperiment(projectId, name).id],
    ['dataset', (name) => plane.createDataset(projectId, name).id],
  ])('of the kind %s is newest first, and paged by id in both directions', async (kind, create) => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(create);
    const path = `/v1/${kind}`;
    expect((await listed(path)).slice(0, 4).map(({ id }) => id)).toEqual([d, c, b, a]);
    expect(await listedIds(`${path}?limit=2`)).toEqual([d, c]);
    expect(await listedIds(`${path}?limit=2&starting_after=${c}`)).toEqual([b, a]);
    expect(await listedIds(`${path}?limit=2&ending_before=${a}`)).toEqual([c, b]);
    expect(await listedIds(`${path}?ending_before=${d}`)).toEqual([]);
    expect(await listedIds(`${path}?${kind}_name=b`)).toEqual([b]);
    expect(await listedIds(`${path}?ids=${a}&ids=${d}`)).toEqual([d, a]);
    expect((await getFrom(plane, `${path}/${b}`)).body).toMatchObject({ id: b, name: 'b' });
  });

  it('can be narrowed to a project by id and by name', async () => {
    const other = plane.createProject('other').id;
    const mine = plane.createDataset(projectId, 'd').id;
    const others = plane.createDataset(other, 'd').id;
    expect(await listedIds('/v1/dataset')).toEqual([others, mine]);
    expect(await listedIds(`/v1/dataset?project_id=${projectId}`)).toEqual([mine]);
    expect(await listedIds('/v1/dataset?project_name=other&dataset_name=d')).toEqual([others]);
  });

  it.each([
    ['starting_after=nobody', 400, 'starting_after'],
    ['limit=half', 400, 'limit'],
    ['surprise=1', 501, 'surprise'],
  ])('with %s is refused by name', async (query, status, name) => {
    const answer = await getFrom(plane, `/v1/experiment?${query}`);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(name)]);
  });

  it('takes one direction only', async () => {
    const { id } = plane.createDataset(projectId, 'd');
    const both = await getFrom(plane, `/v1/dataset?starting_after=${id}&ending_before=${id}`);
    expect(both.status).toBe(400);
  });
});

describe('an experiment', () => {
  it('is made over HTTP with all that is said of it, and once by its name', async () => {
    const body = {
      project_id: projectId,
      name: 'run',
      description: 'first',
      metadata: { model: 'm' },
      tags: ['t'],
      dataset_version: '1000197156529394086',
    };
    const made = await postTo(plane, '/v1/experiment', { body });
    expect(made.body).toMatchObject({ ...body, deleted_at: null, created: NOON.toISOString() });
    const again = await postTo(plane, '/v1/experiment', { body: { ...body, description: 'x' } });
    expect(again.body).toEqual(made.body);
    const another = await postTo(plane, '/v1/experiment', { body: { ...body, ensure_new: true } });
    expect(another.body['id']).not.toBe(made.body['id']);
    expect(another.body['name']).not.toBe('run');
    const unknown = await postTo(plane, '/v1/experiment', { body: { ...body, repo_info: {} } });
    expect([unknown.status, unknown.text]).toEqual([501, expect.stringContaining('repo_info')]);
  });

  it('has rows of its own shape', async () => {
    const { id } = plane.createExperiment(projectId, 'run', { metadata: { model: 'm' } });
    plane.insert('experiment', id, [{ id: 'a', input: 1, expected: 2, scores: { s: 1 } }]);
    const { body } = await ask(plane, `select: * | from: experiment('${id}') spans`);
    expect(body.data).toMatchObject([{ id: 'a', experiment_id: id, project_id: projectId }]);
    const keys = Object.keys(body.data[0] ?? {});
    expect(keys).toHaveLength(25);
    expect(keys).not.toEqual(expect.arrayContaining(['org_id']));
    expect(keys).not.toEqual(expect.arrayContaining(['log_id']));
  });
});

describe('a dataset', () => {
  it('is made over HTTP, and has rows without outputs and scores', async () => {
    const body = { project_id: projectId, name: 'golden', metadata: { owner: 'qa' } };
    const made = await postTo(plane, '/v1/dataset', { body });
    expect(made.body).toMatchObject({ ...body, url_slug: 'golden' });
    const id = String(made.body['id']);
    plane.insert('dataset', id, [{ id: 'a', input: 1, expected: 2 }]);
    const { data } = (await ask(plane, `select: * | from: dataset('${id}') spans`)).body;
    expect(data).toMatchObject([{ id: 'a', dataset_id: id, expected: 2 }]);
    for (const absent of ['output', 'scores', 'metrics', 'span_attributes', 'log_id'])
      expect(data[0]).not.toHaveProperty(absent);
  });

  it('can be read together with others', async () => {
    const ids = ['a', 'b'].map((name) => plane.createDataset(projectId, name).id);
    for (const id of ids) plane.insert('dataset', id, [{ id: 'row', input: id }]);
    const query = `select: dataset_id, id | from: dataset('${ids.join("', '")}') | sort: _xact_id, id`;
    expect((await ask(plane, query)).body.data).toEqual(
      ids.map((dataset_id) => ({ dataset_id, id: 'row' })),
    );
  });
});

describe('a read as of a version', () => {
  it.each<ObjectType>(['experiment', 'dataset'])(
    'gives the rows of a %s as they were after that transaction, page by page',
    async (type) => {
      const { id } =
        type === 'dataset'
          ? plane.createDataset(projectId, 'past')
          : plane.createExperiment(projectId, 'past');
      const versions: string[] = [];
      const write = async (...events: Record<string, unknown>[]): Promise<void> => {
        versions.push(plane.insert(type, id, events).xactId);
        await clock.advance(1000);
      };
      await write({ id: 'a', input: 1 }, { id: 'b', input: 1 });
      await write({ id: 'a', input: 2 });
      await write({ id: 'b', _object_delete: true }, { id: 'c', input: 1 });
      const read = async (version: string): Promise<unknown> => {
        const from = `select: id, input | from: ${type}('${id}') | sort: id | limit: 2`;
        return (await ask(plane, from, { version })).body.data;
      };
      const [first = '', second = '', third = ''] = versions;
      const row = (rowId: string, input: number): object => ({ id: rowId, input });
      expect(await read(xactIdAt(new Date(0)))).toEqual([]);
      expect(await read(first)).toEqual([row('a', 1), row('b', 1)]);
      expect(await read(second)).toEqual([row('a', 2), row('b', 1)]);
      expect(await read(third)).toEqual([row('a', 2), row('c', 1)]);
      expect(await read(first)).toEqual([row('a', 1), row('b', 1)]);
      const later = xactIdAt(new Date(NOON.getTime() + 60_000));
      expect(await read(later)).toEqual([row('a', 2), row('c', 1)]);
      await write({ id: 'a', input: 3 });
      expect(await read(later)).toEqual([row('a', 3), row('c', 1)]);
    },
  );

  it('works neither on project logs nor with something else than a transaction', async () => {
    const { id } = plane.createDataset(projectId, 'd');
    const version = xactIdAt(NOON);
    const logs = await ask(plane, `from: project_logs('${projectId}')`, { version });
    expect([logs.status, logs.text]).toEqual([400, expect.stringContaining('version')]);
    expect((await ask(plane, `from: dataset('${id}')`, { version: 'x' })).status).toBe(400);
    expect((await ask(plane, `from: dataset('${id}')`, { version: 7 })).status).toBe(400);
  });
});

describe('a deleted object', () => {
  it('is answered once more with its time, and then looks as if it had never been', async () => {
    const { id } = plane.createExperiment(projectId, 'run');
    plane.insert('experiment', id, [{ id: 'a' }]);
    const answer = await remove(`/v1/experiment/${id}`);
    expect(await answer.json()).toMatchObject({ id, deleted_at: NOON.toISOString() });
    expect(await listedIds('/v1/experiment')).toEqual([]);
    for (const reply of [
      await ask(plane, `from: experiment('${id}')`),
      await getFrom(plane, `/v1/experiment/${id}`),
      await postTo(plane, `/v1/experiment/${id}/insert`, { body: { events: [] } }),
    ]) {
      expect(reply.status).toBe(400);
      expect(reply.text).toMatch(
        /^Missing read access to experiment id \S+, or the experiment does not exist \[user_email=/u,
      );
    }
    expect((await remove(`/v1/experiment/${id}`)).status).toBe(400);
  });

  it('still marks a place in the list, so that a list can be read while it is emptied', async () => {
    const ids = ['a', 'b', 'c'].map((name) => plane.createDataset(projectId, name).id);
    await remove(`/v1/dataset/${ids[1]}`);
    expect(await listedIds(`/v1/dataset?starting_after=${ids[1]}`)).toEqual([ids[0]]);
    expect(await listedIds('/v1/dataset')).toEqual([ids[2], ids[0]]);
  });

  it('frees its name, and a project takes what is in it along', async () => {
    const { id } = plane.createDataset(projectId, 'd');
    plane.deleteObject('dataset', id);
    const body = { project_id: projectId, name: 'd' };
    const made = await postTo(plane, '/v1/dataset', { body });
    expect(made.body['id']).not.toBe(id);
    await remove(`/v1/project/${projectId}`);
    expect(await listedIds('/v1/dataset')).toEqual([]);
    expect((await ask(plane, `from: project_logs('${projectId}')`)).status).toBe(400);
  });
});

it('what nobody has heard of is refused with 501 and its path', async () => {
  const { status, text } = await getFrom(plane, '/v1/prompt');
  expect([status, text]).toEqual([501, expect.stringContaining('GET /v1/prompt')]);
});
