import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import { SmallerPageNeeded } from '../../src/braintrust/client/client.js';
import type { ExportEvent } from '../../src/interfaces/index.js';
import { API_KEY, quickClient } from '../support/braintrust.js';
import { reply, rowsReply, startScriptedServer } from '../support/scripted-server.js';
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

const ANSWER = JSON.stringify({
  data: [{ id: 'a' }],
  cursor: 'next',
  realtime_state: { type: 'on' },
});
const JSON_TYPE = { 'content-type': 'application/json' };
const ok = rowsReply([{ id: 'a' }]);

/** Sends half of an answer whose length was announced, then breaks the connection. */
const cutOff: Reply = (response) => {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': String(ANSWER.length) });
  response.write(ANSWER.slice(0, 20), () => response.destroy());
};

describe('a query', () => {
  it('posts the query with key and organization, and tells what the answer says', async () => {
    const xactId = '1000197156531632880';
    const state = { type: 'on', actual_xact_id: xactId, minimum_xact_id: xactId, read_bytes: 0 };
    const freshness = { last_processed_xact_id: xactId, last_considered_xact_id: xactId };
    const rest = {
      cursor: 'next',
      realtime_state: state,
      freshness_state: freshness,
      warnings: [1],
    };
    const server = await serve(rowsReply([{ id: 'a' }], rest));
    const client = quickClient(`${server.url}/data/plane/`, { organization: 'acme' });

    const answer = await client.query({ limit: 1 });

    expect(client.apiUrl).toBe(`${server.url}/data/plane`);
    expect(answer.rows.objects()).toEqual([{ id: 'a' }]);
    expect(answer).toMatchObject({
      cursor: 'next',
      realtimeState: { type: 'on', actualXactId: xactId },
      freshnessState: { lastProcessedXactId: xactId, lastConsideredXactId: xactId },
      warnings: [1],
    });
    expect(answer.planeNow).toBeInstanceOf(Date);
    const [request] = server.received;
    expect(request).toMatchObject({ method: 'POST', url: '/data/plane/btql' });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'x-bt-org-name': 'acme',
    });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ query: { limit: 1 }, fmt: 'json' });
  });

  it.each([
    ['announced by a header', { 'content-encoding': 'gzip' }],
    ['not announced', {}],
  ])('reads a gzip answer that is %s', async (_, headers) => {
    const server = await serve(reply(200, gzipSync(ANSWER), { ...JSON_TYPE, ...headers }));
    expect((await quickClient(server.url).query({})).rows.length).toBe(1);
  });

  it('asks a key function once, and again after a 401, once for a query', async () => {
    const server = await serve(ok, reply(401, 'no'), ok, reply(401, 'Invalid key sk-abc_1'));
    const keys: string[] = [];
    const apiKey = (): string => {
      keys.push(`key-${keys.length}`);
      return keys.at(-1) ?? '';
    };
    const client = quickClient(server.url, { apiKey });
    await client.query({});
    await client.query({});
    expect(keys).toEqual(['key-0', 'key-1']);
    expect(server.received.map((r) => r.headers.authorization)).toEqual([
      'Bearer key-0',
      'Bearer key-0',
      'Bearer key-1',
    ]);
    await expect(client.query({})).rejects.toMatchObject({
      code: 'SOURCE_UNAUTHORIZED',
      message: expect.stringContaining('Invalid key [key]') as string,
    });
    expect(keys).toHaveLength(3);
  });

  it('says so when the key function fails or gives nonsense', async () => {
    const server = await serve(ok);
    const failing = quickClient(server.url, { apiKey: () => Promise.reject(new Error('vault')) });
    await expect(failing.query({})).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' });
    const nonsense = quickClient(server.url, { apiKey: () => 'a\nb' });
    await expect(nonsense.query({})).rejects.toMatchObject({ code: 'SOURCE_UNAUTHORIZED' });
    expect(server.received).toHaveLength(0);
  });

  it('reports each request and each retry to both observers', async () => {
    const server = await serve(reply(503, ''), ok);
    const ofClient: ExportEvent[] = [];
    const ofQuery: ExportEvent[] = [];
    const client = quickClient(server.url, { observer: (event) => ofClient.push(event) });
    await client.query({}, { observer: (event) => ofQuery.push(event) });
    expect(ofQuery).toMatchObject([
      { type: 'request', target: 'source', operation: 'query', outcome: 'error' },
      { type: 'retry', target: 'source', operation: 'query', attempt: 1, reason: 'HTTP 503' },
      { type: 'request', target: 'source', operation: 'query', outcome: 'ok' },
    ]);
    expect(ofClient).toEqual(ofQuery);
  });
});

describe('a refusal', () => {
  it.each([
    [401, 'Invalid API key.', { code: 'SOURCE_UNAUTHORIZED', said: 'Invalid API key.' }],
    [403, '{"Message":"no right"}', { code: 'SOURCE_FORBIDDEN', said: 'no right' }],
    [404, '{"error":"not found"}', { code: 'SOURCE_FORBIDDEN', said: 'not found' }],
    [404, '<html></html>', { code: 'SOURCE_PROTOCOL', said: 'no Braintrust API' }],
    [
      400,
      'Unknown column scoress at 8',
      { code: 'SOURCE_QUERY_INVALID', said: 'Unknown column scoress at 8' },
    ],
    [
      400,
      '[{"message":"Expected string","path":["filter","left"]}]',
      { code: 'SOURCE_QUERY_INVALID', said: 'Expected string at filter.left' },
    ],
    [501, 'the clause pivot', { code: 'SOURCE_QUERY_INVALID', said: 'the clause pivot' }],
    [418, 'teapot', { code: 'SOURCE_PROTOCOL', said: 'teapot' }],
  ])('with %i %s is not repeated: %o', async (status, body, { code, said }) => {
    const server = await serve(reply(status, body));
    const failed = quickClient(server.url).query({});
    await expect(failed).rejects.toMatchObject({
      code,
      retryable: false,
      message: expect.stringContaining(said) as string,
      remedy: expect.any(String) as string,
      details: { status },
    });
    expect(server.received).toHaveLength(1);
  });

  it('names the project that may not be read, and hides who asked', async () => {
    const text =
      'Missing read access to project id p-1, or the project does not exist ' +
      '[user_email=jane@example.com] [user_org=acme] [timestamp=1.5] [request_id=r] for jane@example.com';
    const server = await serve(reply(400, text));
    const failed = quickClient(server.url).query({});
    await expect(failed).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      details: { projectId: 'p-1' },
    });
    const message = await failed.catch((error: Error) => error.message);
    expect(message).not.toMatch(/example\.com|acme|request_id/);
  });

  it('by a proxy, 403 with a web page, is no refusal by the service', async () => {
    const page = reply(403, '<!doctype html><title>Blocked</title>', {
      'content-type': 'text/html',
    });
    const passing = await serve(page, ok);
    expect((await quickClient(passing.url).query({})).rows.length).toBe(1);
    const staying = await serve(page);
    await expect(quickClient(staying.url, { maxAttempts: 2 }).query({})).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
    });
  });

  it('with a web page and 200 is SOURCE_PROTOCOL', async () => {
    const server = await serve(reply(200, '<html>log in</html>', { 'content-type': 'text/html' }));
    await expect(quickClient(server.url).query({})).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
  });

  it.each([
    ['no data', '{"rows":[]}'],
    ['data that is no array', '{"data":{}}'],
    ['a row that is no object', '{"data":[1]}'],
    ['a realtime state of another form', '{"data":[],"realtime_state":{"type":1}}'],
    ['an id of another form', '{"data":[],"realtime_state":{"type":"on","actual_xact_id":"12"}}'],
    ['a cursor of another form', '{"data":[],"cursor":7}'],
    ['something after its end', '{"data":[]}{}'],
  ])('of the wrong shape (%s) is SOURCE_PROTOCOL at once', async (_, body) => {
    const server = await serve(reply(200, body, JSON_TYPE));
    await expect(quickClient(server.url).query({})).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
    expect(server.received).toHaveLength(1);
  });

  it('with invalid UTF-8 is SOURCE_PROTOCOL', async () => {
    const body = Buffer.concat([
      Buffer.from('{"data":[{"id":"'),
      Buffer.from([0xff]),
      Buffer.from('"}]}'),
    ]);
    const server = await serve(reply(200, body, JSON_TYPE));
    await expect(quickClient(server.url).query({})).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
  });
});

describe('what may pass is tried again:', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('HTTP %i', async (status) => {
    const server = await serve(reply(status, '{"Code":"InternalServerError"}'), ok);
    expect((await quickClient(server.url).query({})).rows.length).toBe(1);
    expect(server.received).toHaveLength(2);
  });

  it.each<[string, Reply]>([
    ['a broken connection', (response) => response.destroy()],
    ['an answer that breaks off', cutOff],
    ['an answer that ends in mid-JSON', reply(200, ANSWER.slice(0, 20), JSON_TYPE)],
    ['an empty answer', reply(200, '', JSON_TYPE)],
    ['gzip that breaks off', reply(200, gzipSync(ANSWER).subarray(0, 30), JSON_TYPE)],
  ])('%s', async (_, broken) => {
    const server = await serve(broken, ok);
    expect((await quickClient(server.url).query({})).rows.length).toBe(1);
    const staying = await serve(broken);
    const failed = quickClient(staying.url, { maxAttempts: 3 }).query({});
    await expect(failed).rejects.toMatchObject({
      code: expect.stringMatching(/^SOURCE_(UNAVAILABLE|PROTOCOL)$/) as string,
    });
    expect(staying.received).toHaveLength(3);
  });

  it('nobody listening, named by its code', async () => {
    const server = await serve(ok);
    await server.close();
    await expect(quickClient(server.url, { maxAttempts: 2 }).query({})).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
      retryable: true,
    });
  });

  it.each([408, 500, 504])('unless the caller can ask for less (HTTP %i)', async (status) => {
    const server = await serve(reply(status, ''));
    const failed = quickClient(server.url).query({}, { canAskForLess: true });
    await expect(failed).rejects.toBeInstanceOf(SmallerPageNeeded);
    expect(server.received).toHaveLength(1);
  });
});
