import { afterEach, describe, expect, it } from 'vitest';

import type { ExportEvent } from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { startDataPlane } from '../../src/testing/plane/data-plane.js';
import { quickClient } from '../support/braintrust.js';
import { DELETION, done, PATH, silence } from '../support/deletion-call.js';
import { reply, startScriptedServer } from '../support/scripted-server.js';
import type { Reply, ScriptedServer } from '../support/scripted-server.js';

const servers: ScriptedServer[] = [];

async function serve(...replies: readonly Reply[]): Promise<ScriptedServer> {
  const server = await startScriptedServer(...replies);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const PAGE = '<html>Blocked</html>';
const page = { 'content-type': 'text/html' };

/** Takes the whole request, then breaks the connection. */
const lost: Reply = (response) => void response.destroy();
const cutOff: Reply = (response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"row_ids":', () => response.destroy());
};

describe('a call that changes something', () => {
  it.each([
    [DELETION, { method: 'POST', url: PATH, body: JSON.stringify(DELETION.body) }],
    [
      { method: 'DELETE', path: '/v1/experiment/e' } as const,
      { method: 'DELETE', url: '/v1/experiment/e', body: '' },
    ],
  ])('is sent as it is, once, and reported: %o', async (call, expected) => {
    const server = await serve(done);
    const events: ExportEvent[] = [];
    const answer = await quickClient(server.url).send(call, { observer: (e) => events.push(e) });
    expect(answer).toMatchObject({ value: { row_ids: ['a'] }, bytes: 17 });
    expect(answer.planeNow).toBeInstanceOf(Date);
    expect(server.received).toMatchObject([expected]);
    const operation = call.method.toLowerCase();
    expect(events).toMatchObject([{ type: 'request', operation, outcome: 'ok', bytes: 17 }]);
    const type = server.received[0]?.headers['content-type'];
    expect(type).toBe(expected.body === '' ? undefined : 'application/json');
  });

  it.each<[string, Reply, { code: string; outcome: string; status?: number }]>([
    ['a lost answer', lost, { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown' }],
    ['a cut answer', cutOff, { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown' }],
    [
      '200 and half a JSON text',
      reply(200, '{"row'),
      { code: 'SOURCE_PROTOCOL', outcome: 'unknown' },
    ],
    ['200 and a page', reply(200, PAGE, page), { code: 'SOURCE_PROTOCOL', outcome: 'unknown' }],
    ['500', reply(500), { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown', status: 500 }],
    ['503', reply(503), { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown', status: 503 }],
    ['504', reply(504), { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown', status: 504 }],
    ['408', reply(408), { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown', status: 408 }],
    ['400', reply(400, 'bad'), { code: 'SOURCE_QUERY_INVALID', outcome: 'refused', status: 400 }],
    ['401', reply(401, 'key'), { code: 'SOURCE_UNAUTHORIZED', outcome: 'refused', status: 401 }],
    ['403', reply(403, 'no'), { code: 'SOURCE_FORBIDDEN', outcome: 'refused', status: 403 }],
    [
      '403 of a proxy',
      reply(403, PAGE, page),
      { code: 'SOURCE_UNAVAILABLE', outcome: 'unknown', status: 403 },
    ],
    ['404', reply(404, '{}'), { code: 'SOURCE_FORBIDDEN', outcome: 'refused', status: 404 }],
    [
      '404 of a proxy',
      reply(404, PAGE, page),
      { code: 'SOURCE_PROTOCOL', outcome: 'unknown', status: 404 },
    ],
    ['409', reply(409), { code: 'SOURCE_PROTOCOL', outcome: 'refused', status: 409 }],
    ['413', reply(413, 'big'), { code: 'LIMIT_EXCEEDED', outcome: 'refused', status: 413 }],
    [
      '413 of a proxy',
      reply(413, PAGE, page),
      { code: 'LIMIT_EXCEEDED', outcome: 'refused', status: 413 },
    ],
    ['429', reply(429), { code: 'SOURCE_RATE_LIMITED', outcome: 'refused', status: 429 }],
  ])('is not repeated after %s', async (_, answer, { code, outcome, status }) => {
    const server = await serve(answer, done);
    const events: ExportEvent[] = [];
    const sent = quickClient(server.url).send(DELETION, { observer: (e) => events.push(e) });
    const error = await sent.catch((thrown: unknown) => thrown);
    const details = { outcome, ...(status === undefined ? {} : { status }) };
    expect(error).toMatchObject({ name: 'SourceError', code, details });
    const { message, remedy } = error as { message: string; remedy: string };
    expect(message.split(remedy)).toHaveLength(2);
    expect(server.received).toHaveLength(1);
    expect(events).toMatchObject([{ type: 'request', operation: 'post', outcome: 'error' }]);
  });

  it('is not repeated when nobody listens', async () => {
    const server = await startScriptedServer(done);
    await server.close();
    const sent = quickClient(server.url).send(DELETION);
    await expect(sent).rejects.toMatchObject({ details: { outcome: 'unknown' } });
  });

  it('has the time of one request', async () => {
    const silent = silence();
    const server = await serve(silent.reply, done);
    const runtime = manualClock();
    const sent = quickClient(server.url, { runtime, requestTimeoutMs: 5_000 }).send(DELETION);
    const failed = expect(sent).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { outcome: 'unknown' },
    });
    await silent.arrived;
    await runtime.advance(5_000);
    await failed;
    await silent.closed;
    expect(server.received).toHaveLength(1);
    expect(runtime.sleepers).toBe(0);
  });

  it('goes to the plane like any other, whose limits it is told', async () => {
    const plane = await startDataPlane({ maxRequestBytes: 2_000 });
    const projectId = plane.createProject('first').id;
    plane.insert('project_logs', projectId, [{ id: 'a' }, { id: 'b' }]);
    const client = quickClient(plane.url, { apiKey: plane.apiKey });
    const path = `/v1/project_logs/${projectId}/insert`;
    const events = Array.from({ length: 100 }, (_, at) => ({ id: `${at}`, _object_delete: true }));
    const tooLarge = client.send({ method: 'POST', path, body: { events } });
    await expect(tooLarge).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      details: { status: 413, outcome: 'refused' },
    });
    await client.send({ ...DELETION, path });
    const left = await client.query(`select: id | from: project_logs('${projectId}') | limit: 10`);
    expect(left.rows.objects()).toMatchObject([{ id: 'b' }]);
    await plane.close();
  });
});

describe('a refused key', () => {
  const keys = (): (() => string) => {
    let given = 0;
    return () => `key-${(given += 1)}`;
  };

  it('is renewed once, because nothing was done', async () => {
    const server = await serve(reply(401), done);
    await quickClient(server.url, { apiKey: keys() }).send(DELETION);
    const sent = server.received.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(['Bearer key-1', 'Bearer key-2']);
  });

  it('that is refused again ends the call', async () => {
    const server = await serve(reply(401));
    const sent = quickClient(server.url, { apiKey: keys() }).send(DELETION);
    await expect(sent).rejects.toMatchObject({
      code: 'SOURCE_UNAUTHORIZED',
      details: { outcome: 'refused' },
    });
    expect(server.received).toHaveLength(2);
  });

  it('is not renewed past the time for the call', async () => {
    const server = await serve(reply(401), done);
    const runtime = manualClock({ autoAdvance: true });
    const options = { runtime, requestsPerMinute: 1, apiKey: keys() };
    const notAfter = new Date(runtime.now().getTime() + 10_000);
    const sent = quickClient(server.url, options).send(DELETION, { notAfter });
    await expect(sent).rejects.toMatchObject({ code: 'SEND_TOO_LATE' });
    expect(server.received).toHaveLength(1);
  });

  it('that cannot be fetched means that nothing was done', async () => {
    const server = await serve(done);
    const apiKey = (): Promise<string> => Promise.reject(new Error('vault'));
    await expect(quickClient(server.url, { apiKey }).send(DELETION)).rejects.toMatchObject({
      code: 'SOURCE_UNAUTHORIZED',
      details: { outcome: 'refused' },
    });
    expect(server.received).toHaveLength(0);
  });
});

describe('a redirect of a call that changes something', () => {
  it.each([301, 302, 307, 308])('%i is followed nowhere', async (status) => {
    const target = await serve(done);
    const server = await serve(reply(status, '', { location: `${target.url}/moved` }));
    const near = await serve(reply(status, '', { location: '/moved' }), done);
    for (const { url } of [server, near])
      await expect(quickClient(url).send(DELETION)).rejects.toMatchObject({
        code: 'SOURCE_PROTOCOL',
        message: expect.stringContaining(String(status)) as string,
        details: { outcome: 'unknown' },
      });
    expect(target.received).toHaveLength(0);
    expect(near.received).toHaveLength(1);
  });

  it('303 leads to the answer, which is read without key and at any time', async () => {
    const target = await serve(done);
    const runtime = manualClock();
    const server = await serve((response) => {
      void runtime.advance(20).then(() => {
        response.writeHead(303, { location: `${target.url}/answer` }).end();
      });
    });
    const notAfter = new Date(runtime.now().getTime() + 10);
    const answer = await quickClient(server.url, { runtime }).send(DELETION, { notAfter });
    expect(answer.value).toEqual({ row_ids: ['a'] });
    expect(target.received).toMatchObject([{ method: 'GET', url: '/answer', body: '' }]);
    expect(target.received[0]?.headers).not.toHaveProperty('authorization');
  });

  it('303 to a storage that refuses says nothing about the outcome', async () => {
    const target = await serve(reply(403, 'AccessDenied'));
    const server = await serve(reply(303, '', { location: `${target.url}/answer` }));
    await expect(quickClient(server.url).send(DELETION)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      details: { outcome: 'unknown' },
    });
  });
});
