import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import { SmallerPageNeeded } from '../../src/braintrust/client/client.js';
import type { ExportEvent } from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { quickClient } from '../support/braintrust.js';
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

const ok = rowsReply([{ id: 'a' }]);
const redirect = (status: number, location: string): Reply => reply(status, '', { location });

/** Resolves with the reply's request once it has arrived; never answers. */
function neverAnswers(): {
  readonly reply: Reply;
  readonly arrived: Promise<void>;
  readonly closed: Promise<void>;
} {
  let arrive = (): void => undefined;
  let close = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const closed = new Promise<void>((resolve) => (close = resolve));
  const silent: Reply = (response) => {
    response.on('close', close);
    arrive();
  };
  return { reply: silent, arrived, closed };
}

describe('a redirect', () => {
  it.each([
    [301, 'GET'],
    [302, 'GET'],
    [303, 'GET'],
    [307, 'POST'],
    [308, 'POST'],
  ])('%i goes on as %s, to another origin without key and organization', async (status, method) => {
    const target = await serve(reply(200, gzipSync('{"data":[{"id":"far"}]}')));
    const server = await serve(redirect(status, `${target.url}/responses/x?signature=s`));
    const answer = await quickClient(server.url, { organization: 'acme' }).query({ limit: 5 });
    expect(answer.rows.objects()).toEqual([{ id: 'far' }]);
    const [request] = target.received;
    expect(request).toMatchObject({ method, url: '/responses/x?signature=s' });
    expect(request?.body === '').toBe(method === 'GET');
    expect(request?.headers).not.toHaveProperty('authorization');
    expect(request?.headers).not.toHaveProperty('x-bt-org-name');
  });

  it('within the origin keeps the key; once it has left, it never gets it back', async () => {
    const server = await serve(redirect(307, '/moved/btql'), ok);
    await quickClient(server.url).query({});
    expect(server.received[1]).toMatchObject({
      url: '/moved/btql',
      headers: { authorization: 'Bearer sk-test-key' },
    });
    const other = await serve(redirect(307, `${server.url}/back`));
    server.script(redirect(307, other.url), ok);
    await quickClient(server.url).query({});
    expect(server.received.at(-1)?.headers).not.toHaveProperty('authorization');
  });

  it('is followed five times, not more', async () => {
    const server = await serve(redirect(303, '/again'));
    await expect(quickClient(server.url).query({})).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
    });
    expect(server.received).toHaveLength(6);
  });

  it.each(['ftp://storage/x', 'http://user:secret@127.0.0.1/x', 'http://[', 'file:///etc/passwd'])(
    'to %s is refused without showing it',
    async (location) => {
      const server = await serve(redirect(303, location));
      const failed = quickClient(server.url).query({});
      await expect(failed).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
      expect(await failed.catch((error: Error) => error.message)).not.toContain('secret');
    },
  );

  it('from https to http is refused, except to this machine', async () => {
    const seen: string[] = [];
    const hops = (location: string) => (url: string) => {
      seen.push(url);
      const answer = url.startsWith('https:')
        ? new Response(null, { status: 303, headers: { location } })
        : new Response('{"data":[]}');
      return Promise.resolve(answer);
    };
    const away = quickClient('https://plane.test', { fetch: hops('http://storage.test/x') });
    await expect(away.query({})).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    expect(seen).toHaveLength(1);
    const home = quickClient('https://plane.test', { fetch: hops('http://127.0.0.1/x') });
    expect((await home.query({})).rows.length).toBe(0);
  });

  it('to a storage that refuses gets a fresh link by asking again', async () => {
    const target = await serve(reply(403, '<Error><Code>AccessDenied</Code></Error>'), ok);
    const server = await serve(
      redirect(303, `${target.url}/old`),
      redirect(303, `${target.url}/new`),
    );
    expect((await quickClient(server.url).query({})).rows.length).toBe(1);
    expect(target.received.map((request) => request.url)).toEqual(['/old', '/new']);
  });
});

describe('limits:', () => {
  it.each<[string, Reply]>([
    ['announced', reply(200, Buffer.alloc(4096, 0x20))],
    ['unannounced', (response) => response.writeHead(200).end(Buffer.alloc(4096, 0x20))],
    [
      'unpacked, with header',
      reply(200, gzipSync(Buffer.alloc(1 << 20)), { 'content-encoding': 'gzip' }),
    ],
    ['unpacked, without header', reply(200, gzipSync(Buffer.alloc(1 << 20)))],
  ])('an answer over the byte limit (%s) is LIMIT_EXCEEDED', async (_, large) => {
    const server = await serve(large);
    const client = quickClient(server.url, { maxAnswerBytes: 2048 });
    await expect(client.query({})).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(client.query({}, { canAskForLess: true })).rejects.toBeInstanceOf(
      SmallerPageNeeded,
    );
  });

  it('a request out of time is tried again', async () => {
    const silent = neverAnswers();
    const server = await serve(silent.reply, ok);
    const runtime = manualClock();
    const options = { runtime, requestTimeoutMs: 3_600_000, totalTimeoutMs: 86_400_000 };
    const asked = quickClient(server.url, options).query({});
    await silent.arrived;
    await runtime.advance(3_600_000);
    await silent.closed;
    // A turn and a millisecond at a time: the second request must not run out of its hour on its way.
    while (server.received.length < 2) {
      await nextTurn();
      await runtime.advance(1);
    }
    expect((await asked).rows.length).toBe(1);
  });

  it('the total time ends a query whose server never answers', async () => {
    const silent = neverAnswers();
    const server = await serve(silent.reply);
    const runtime = manualClock();
    const options = { runtime, totalTimeoutMs: 5000, requestTimeoutMs: 100_000 };
    const asked = quickClient(server.url, options).query({});
    const failed = expect(asked).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      retryable: true,
    });
    await silent.arrived;
    await runtime.advance(5000);
    await failed;
    await silent.closed;
    expect(runtime.sleepers).toBe(0);
  });

  it.each(['before', 'during', 'between'])('an abort %s rejects with its reason', async (when) => {
    const silent = neverAnswers();
    const server = await serve(when === 'between' ? reply(503, '') : silent.reply);
    const runtime = manualClock();
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before') controller.abort(reason);
    const events: ExportEvent[] = [];
    const asked = quickClient(server.url, { runtime }).query(
      {},
      {
        signal: controller.signal,
        observer: (event) => {
          events.push(event);
          if (event.type === 'retry') controller.abort(reason);
        },
      },
    );
    if (when === 'during') void silent.arrived.then(() => controller.abort(reason));
    await expect(asked).rejects.toBe(reason);
    if (when === 'during') await silent.closed;
    expect(runtime.sleepers).toBe(0);
    expect(server.received).toHaveLength(when === 'before' ? 0 : 1);
  });

  it('an abort in the middle of a slow body frees the connection', async () => {
    const controller = new AbortController();
    let closed: Promise<void> | undefined;
    const server = await serve((response) => {
      closed = new Promise((resolve) => response.on('close', resolve));
      response.writeHead(200).write('{"data":[', () => controller.abort('stop'));
    });
    const asked = quickClient(server.url).query({}, { signal: controller.signal });
    await expect(asked).rejects.toBe('stop');
    await closed;
  });
});

describe('Retry-After', () => {
  const date = 'Thu, 01 Jan 2026 00:00:00 GMT';

  it.each([
    ['7', 7000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ])('%s waits %i ms', async (header, delayMs) => {
    const server = await serve(reply(429, '', { 'retry-after': header, date }), ok);
    const events: ExportEvent[] = [];
    await quickClient(server.url).query({}, { observer: (event) => events.push(event) });
    expect(events.find((event) => event.type === 'retry')).toMatchObject({ delayMs });
  });

  it('beyond the total time ends the query and tells how long to wait', async () => {
    const server = await serve(reply(429, 'slow down', { 'retry-after': '3600' }));
    await expect(quickClient(server.url).query({})).rejects.toMatchObject({
      code: 'SOURCE_RATE_LIMITED',
      retryable: true,
      retryAfterMs: 3_600_000,
    });
    expect(server.received).toHaveLength(1);
  });

  it('holds back everything that shares the client', async () => {
    const server = await serve(reply(429, '', { 'retry-after': '30' }), ok);
    const runtime = manualClock();
    const client = quickClient(server.url, { runtime });
    let told = (): void => undefined;
    const retrying = new Promise<void>((resolve) => (told = resolve));
    const first = client.query({}, { observer: (event) => event.type === 'retry' && told() });
    await retrying;
    const second = client.query({});
    await runtime.advance(29_999);
    expect(server.received).toHaveLength(1);
    await runtime.advance(1);
    await Promise.all([first, second]);
    expect(server.received).toHaveLength(3);
  });
});

describe('a `fetch` of the host that is deaf to its signal', () => {
  it('does not hold a query past its time, nor past an abort', async () => {
    let asked = (): void => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const fetch = (): Promise<Response> => {
      asked();
      return new Promise(() => undefined);
    };
    const runtime = manualClock();
    const options = { fetch, runtime, requestTimeoutMs: 1_000, maxAttempts: 1 };
    const late = quickClient('http://127.0.0.1:9', options).query({});
    const outcome = expect(late).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    await reached;
    await runtime.advance(1_001);
    await outcome;
    const reason = new Error('shutting down');
    const controller = new AbortController();
    const aborted = quickClient('http://127.0.0.1:9', options).query(
      {},
      { signal: controller.signal },
    );
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
  });
});
