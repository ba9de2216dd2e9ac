import { afterEach, expect, it } from 'vitest';

import { manualClock, startDataPlane } from 'tracehaul/testing';
import type { DataPlane, DataPlaneOptions } from 'tracehaul/testing';

import { ask, getFrom, postTo } from '../support/plane-client.js';

const clock = manualClock({ now: new Date('2026-03-01T12:00:00Z') });
let plane: DataPlane;
let projectId: string;
let insertPath: string;

async function start(options: DataPlaneOptions = {}): Promise<void> {
  plane = await startDataPlane({ clock, ...options });
  projectId = plane.createProject('checkout').id;
  insertPath = `/v1/project_logs/${projectId}/insert`;
}
afterEach(() => plane.close());

const insert = (id = 'a', key = plane.apiKey): ReturnType<typeof postTo> =>
  postTo(plane, insertPath, { key, body: { events: [{ id }] } });
const query = (): ReturnType<typeof ask> => ask(plane, `from: project_logs('${projectId}') spans`);

async function sendDelete(path: string, key = plane.apiKey): Promise<Response> {
  return fetch(plane.url + path, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${key}` },
  });
}

it('a request bigger than the limit is refused with 413 and changes nothing', async () => {
  await start({ maxRequestBytes: 1000 });
  const body = (bytes: number): string => JSON.stringify({ events: [{ id: 'x' }] }).padEnd(bytes);
  expect((await postTo(plane, insertPath, { body: body(1_000_000) })).status).toBe(413);
  expect((await postTo(plane, insertPath, { body: body(1001) })).status).toBe(413);
  expect(plane.history).toEqual([]);
  expect((await postTo(plane, insertPath, { body: body(1000) })).status).toBe(200);
  const { body: version } = await getFrom(plane, '/version');
  expect(version['logs3_payload_max_bytes']).toBe(1000);
});

it('more writes than are allowed in a minute are 429 and change nothing; queries go on', async () => {
  await start({ writesPerMinute: 2 });
  const { id } = plane.createExperiment(projectId, 'e');
  expect((await insert('a')).status).toBe(200);
  await clock.advance(10_000);
  expect((await sendDelete(`/v1/experiment/${id}`)).status).toBe(200);
  const refused = await insert('b');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
  expect((await sendDelete(`/v1/project/${projectId}`)).status).toBe(429);
  expect((await query()).body.data).toHaveLength(1);
  await clock.advance(50_000);
  expect((await insert('b')).status).toBe(200);
  expect((await insert('c')).status).toBe(429);
});

it('writes can count among the requests of a minute', async () => {
  await start({ requestsPerMinute: 2, countWrites: true });
  expect((await query()).status).toBe(200);
  expect((await insert()).status).toBe(200);
  expect((await query()).status).toBe(429);
  expect((await insert()).status).toBe(429);
  expect((await getFrom(plane, '/v1/project')).status).toBe(200);
  await clock.advance(60_000);
  expect((await query()).status).toBe(200);
});

const readOnly = { key: 'sk-reader', email: 'reader@example.com', readOnly: true };

it('a key that may only read is refused every write, and nothing is written', async () => {
  await start({ apiKeys: [{ key: 'sk-writer' }, readOnly] });
  const experiment = plane.createExperiment(projectId, 'e');
  const { key } = readOnly;
  const writes: readonly [string, object][] = [
    [insertPath, { events: [{ id: 'a' }] }],
    [`/v1/experiment/${experiment.id}/insert`, { events: [{ id: 'a' }] }],
    [`/v1/project_logs/${projectId}/feedback`, { feedback: [{ id: 'a', tags: ['x'] }] }],
    ['/logs3', { rows: [{ id: 'a', project_id: projectId, log_id: 'g' }], api_version: 2 }],
    ['/v1/project', { name: 'new' }],
    ['/v1/experiment', { project_id: projectId, name: 'new' }],
    ['/v1/dataset', { project_id: projectId, name: 'new' }],
    ['/api/project/register', { project_name: 'new' }],
    ['/api/experiment/register', { project_id: projectId, experiment_name: 'new' }],
    ['/api/dataset/register', { project_id: projectId, dataset_name: 'new' }],
  ];
  for (const [path, body] of writes)
    expect([path, (await postTo(plane, path, { key, body })).status]).toEqual([path, 403]);
  const refused = await sendDelete(`/v1/experiment/${experiment.id}`, key);
  expect(refused.status).toBe(403);
  expect(await refused.text()).toMatch(/^Missing delete access to experiment id .*reader@example/u);
  expect(plane.history).toEqual([]);
  for (const kind of ['project', 'experiment', 'dataset'])
    expect((await getFrom(plane, `/v1/${kind}`, key)).text).not.toContain('"name":"new"');
  expect((await getFrom(plane, `/v1/experiment/${experiment.id}`, key)).status).toBe(200);
  const opened = await postTo(plane, '/v1/project', { key, body: { name: 'checkout' } });
  expect(opened.body).toMatchObject({ id: projectId });
});

it('the rights of a key can change between two requests', async () => {
  await start();
  expect((await insert()).status).toBe(200);
  plane.control.setRights(plane.apiKey, { readOnly: true });
  const refused = await insert('b');
  expect(refused.status).toBe(403);
  expect(refused.text).toContain(`Missing update access to project id ${projectId}`);
  expect((await query()).body.data).toHaveLength(1);
  plane.control.setRights(plane.apiKey, { projects: [] });
  expect((await query()).status).toBe(403);
  plane.control.setRights(plane.apiKey, { readOnly: false, projects: ['checkout'] });
  expect((await insert('b')).status).toBe(200);
  expect(() => plane.control.setRights('sk-nobody', {})).toThrow(/no such API key/u);
});
