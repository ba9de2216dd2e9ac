import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startDataPlane } from 'tracehaul/testing';
import type { DataPlane, PlaneFault } from 'tracehaul/testing';

import { ask, postTo } from '../support/plane-client.js';

let plane: DataPlane;
let projectId: string;
let query: string;

beforeEach(async () => {
  plane = await startDataPlane();
  projectId = plane.createProject('checkout').id;
  plane.insert('project_logs', projectId, [{ id: 'a', input: 'x'.repeat(2000) }, { id: 'b' }]);
  query = `from: project_logs('${projectId}') | sort: _xact_id, id`;
});
afterEach(() => plane.close());

const uncompressed = { 'accept-encoding': 'identity' };
const askPlain = (): ReturnType<typeof postTo> =>
  postTo(plane, '/btql', { body: { query }, headers: uncompressed });

describe('a planned fault', () => {
  it.each<[PlaneFault, number, string]>([
    [{ kind: 'status', status: 500 }, 500, 'InternalServerError'],
    [{ kind: 'status', status: 503 }, 503, 'Service Unavailable'],
    [{ kind: 'status', status: 504 }, 504, 'timed out'],
    [{ kind: 'html-403' }, 403, '<html>'],
    [{ kind: 'wrong-shape' }, 200, '{"rows":7}'],
  ])('%j comes as often as asked, then the plane works again', async (fault, status, text) => {
    plane.control.fail(fault, { times: 2 });
    for (let i = 0; i < 2; i += 1) {
      const reply = await askPlain();
      expect(reply.status).toBe(status);
      expect(reply.text).toContain(text);
    }
    expect((await askPlain()).body.data).toHaveLength(2);
  });

  it('may say how long to wait', async () => {
    plane.control.fail({ kind: 'status', status: 429, retryAfterSeconds: 7 });
    expect((await askPlain()).headers.get('retry-after')).toBe('7');
  });

  it('resets the connection', async () => {
    plane.control.fail({ kind: 'reset' });
    await expect(askPlain()).rejects.toThrow();
    expect(plane.requests.list.at(-1)).toMatchObject({ path: '/btql', status: 0 });
  });

  it('loses the answer of a write that was done', async () => {
    const path = `/v1/project_logs/${projectId}/insert`;
    plane.control.fail({ kind: 'lost-answer' }, { path });
    await expect(postTo(plane, path, { body: { events: [{ id: 'c' }] } })).rejects.toThrow();
    expect(plane.liveRows('project_logs', projectId)).toHaveLength(3);
  });

  it('cuts the body off and breaks the announced length', async () => {
    plane.control.fail({ kind: 'cut', declared: 'full' });
    await expect(askPlain()).rejects.toThrow();
  });

  it('cuts the JSON off and announces the shorter length', async () => {
    plane.control.fail({ kind: 'cut', declared: 'half' });
    const response = await fetch(`${plane.url}/btql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${plane.apiKey}`, ...uncompressed },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    expect(text).toMatch(/^\{"data":\[/u);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('compresses without saying so', async () => {
    plane.control.fail({ kind: 'gzip-without-header' });
    const response = await fetch(`${plane.url}/btql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${plane.apiKey}` },
      body: JSON.stringify({ query }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(JSON.parse(gunzipSync(bytes).toString())).toHaveProperty('data');
  });

  it('damages the bytes of the real answer', async () => {
    plane.control.fail({
      kind: 'rewrite',
      rewrite: (body) => Buffer.from(body.toString().replaceAll('"_xact_id"', '"_version"')),
    });
    const { body } = await askPlain();
    expect(body.data[0]).toHaveProperty('_version');
    expect(body.data[0]).not.toHaveProperty('_xact_id');
  });

  it('holds an answer until it is released', async () => {
    const held = plane.control.hold();
    let answered = false;
    const answer = askPlain().then((reply) => {
      answered = true;
      return reply;
    });
    await held.arrived;
    plane.insert('project_logs', projectId, [{ id: 'c' }]);
    expect(answered).toBe(false);
    held.release();
    expect((await answer).body.data).toHaveLength(3);
  });

  it('does not keep the plane from closing', async () => {
    const held = plane.control.hold();
    const answer = askPlain().catch(() => 'broken');
    await held.arrived;
    await plane.close();
    expect(await answer).toBe('broken');
  });
});

describe('an unusual plane', () => {
  it('times out above a page size', async () => {
    plane.control.timeOutAbove(50);
    expect((await ask(plane, `${query} | limit: 51`)).status).toBe(504);
    expect((await ask(plane, `${query} | limit: 50`)).status).toBe(200);
  });

  it('refuses a second sort key', async () => {
    plane.control.refuseSecondSortKey(true);
    expect((await ask(plane, query)).status).toBe(400);
    const single = `from: project_logs('${projectId}') | sort: _xact_id`;
    expect((await ask(plane, single)).status).toBe(200);
  });

  it('repeats a page and its cursor', async () => {
    const first = await ask(plane, `from: project_logs('${projectId}') | limit: 1`);
    plane.control.repeatPage(true);
    const next = `from: project_logs('${projectId}') | limit: 1 | cursor: '${first.body.cursor}'`;
    expect((await ask(plane, next)).text).toBe(first.text);
    plane.control.clear();
    expect((await ask(plane, next)).text).not.toBe(first.text);
  });

  it('says how far it has read, and leaves out what it has not', async () => {
    const rows = plane.liveRows('project_logs', projectId);
    const before = String(rows[0]?.['_xact_id']);
    const { xactId } = plane.insert('project_logs', projectId, [{ id: 'c' }]);
    const fresh = await ask(plane, query);
    expect(fresh.body).toMatchObject({
      realtime_state: { type: 'on', actual_xact_id: xactId, read_bytes: 0 },
      freshness_state: { last_processed_xact_id: xactId, last_considered_xact_id: xactId },
    });
    plane.control.setFreshness(projectId, {
      processedXactId: before,
      realtime: 'exhausted_timeout',
      actualXactId: before,
      hiddenAbove: before,
      readBytes: 5355,
    });
    const behind = await ask(plane, query);
    expect(behind.body.data).toHaveLength(2);
    expect(behind.body).toMatchObject({
      realtime_state: { type: 'exhausted_timeout', actual_xact_id: before, read_bytes: 5355 },
      freshness_state: { last_processed_xact_id: before, last_considered_xact_id: xactId },
    });
    plane.control.setFreshness(projectId, null);
    expect((await ask(plane, query)).body).toEqual(fresh.body);
  });

  it('takes the least fresh of several objects', async () => {
    const other = plane.createProject('other').id;
    plane.insert('project_logs', other, [{ id: 'c' }]);
    plane.control.setFreshness(other, { realtime: 'exhausted_timeout', processedXactId: '1' });
    const { body } = await ask(plane, `from: project_logs('${projectId}', '${other}')`);
    expect(body).toMatchObject({
      realtime_state: { type: 'exhausted_timeout' },
      freshness_state: { last_processed_xact_id: '1' },
    });
  });
});
