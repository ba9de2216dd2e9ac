import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { braintrustClient } from '../../src/braintrust/client/client.js';
import type { ExportEvent } from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { quickClient } from '../support/braintrust.js';
import { DELETION, done, PATH, silence } from '../support/deletion-call.js';
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

describe('the time for a call', () => {
  const now = new Date('2026-01-01T00:00:00.000Z');
  const from = (ms: number): Date => new Date(now.getTime() + ms);

  it.each([
    ['ends now', { notAfter: from(0) }],
    ['begins now', { notBefore: from(0) }],
    ['is this millisecond', { notBefore: from(0), notAfter: from(0) }],
  ])('counts both ends: %s', async (_, window) => {
    const server = await serve(done);
    await quickClient(server.url, { runtime: manualClock({ now }) }).send(DELETION, window);
    expect(server.received).toHaveLength(1);
  });

  it.each([
    ['is over', { notAfter: from(-1) }],
    ['is to come, by a clock that was set back', { notBefore: from(1), notAfter: from(10_001) }],
    ['ends at no date', { notAfter: new Date(Number.NaN) }],
    ['begins at no date', { notBefore: new Date(Number.NaN) }],
  ])('that %s lets nothing out', async (_, window) => {
    const server = await serve(done);
    const events: ExportEvent[] = [];
    const options = { ...window, observer: (event: ExportEvent) => events.push(event) };
    const client = quickClient(server.url, { runtime: manualClock({ now }) });
    await expect(client.send(DELETION, options)).rejects.toMatchObject({
      code: 'SEND_TOO_LATE',
      retryable: true,
      details: { outcome: 'refused' },
    });
    expect(server.received).toHaveLength(0);
    expect(events).toEqual([]);
  });

  it('goes on while the call waits for the budget', async () => {
    const server = await serve(done);
    const runtime = manualClock({ now, autoAdvance: true });
    const client = quickClient(server.url, { runtime, requestsPerMinute: 1 });
    await client.send(DELETION);
    const late = client.send(DELETION, { notAfter: from(59_999) });
    await expect(late).rejects.toMatchObject({ code: 'SEND_TOO_LATE' });
    expect(server.received).toHaveLength(1);
  });

  it('goes on while the key is fetched', async () => {
    const server = await serve(done);
    const runtime = manualClock({ now });
    const apiKey = async (): Promise<string> => {
      await runtime.advance(11);
      return 'key';
    };
    const late = quickClient(server.url, { runtime, apiKey }).send(DELETION, {
      notAfter: from(10),
    });
    await expect(late).rejects.toMatchObject({ code: 'SEND_TOO_LATE' });
    expect(server.received).toHaveLength(0);
  });
});

describe('an abort', () => {
  it.each(['before the call', 'in the queue', 'while the key comes', 'under way'])(
    '%s rejects with its reason',
    async (when) => {
      const silent = silence();
      const server = await serve(silent.reply);
      const runtime = manualClock();
      const controller = new AbortController();
      const reason = new Error('enough');
      const pending = (): Promise<string> => {
        controller.abort(reason);
        return new Promise(() => undefined);
      };
      const client = quickClient(server.url, {
        runtime,
        requestsPerMinute: 1,
        ...(when === 'while the key comes' ? { apiKey: pending } : {}),
      });
      if (when === 'before the call') controller.abort(reason);
      if (when === 'in the queue') await client.reserve(1);
      const sent = client.send(DELETION, { signal: controller.signal });
      if (when === 'in the queue') controller.abort(reason);
      if (when === 'under way') void silent.arrived.then(() => controller.abort(reason));
      await expect(sent).rejects.toBe(reason);
      if (when === 'under way') await silent.closed;
      expect(server.received).toHaveLength(when === 'under way' ? 1 : 0);
      expect(runtime.sleepers).toBe(0);
    },
  );

  it('of a reservation sets nothing aside', async () => {
    const server = await serve(done);
    const runtime = manualClock();
    const client = quickClient(server.url, { runtime, requestsPerMinute: 2 });
    await client.send(DELETION);
    const controller = new AbortController();
    const reserved = client.reserve(2, { signal: controller.signal });
    controller.abort('stop');
    await expect(reserved).rejects.toBe('stop');
    await client.send(DELETION);
    expect(server.received).toHaveLength(2);
  });
});

describe('the budget', () => {
  it('is shared: a read and its deletion that are reserved pass a query that waits', async () => {
    const server = await serve(rowsReply([{ id: 'a' }]), done, rowsReply([]));
    const runtime = manualClock();
    const client = quickClient(server.url, { runtime, requestsPerMinute: 2 });
    await client.reserve(2);
    const other = client.query({ limit: 3 });
    await client.query({ limit: 1 }, { reserved: true });
    await client.send(DELETION, { reserved: true });
    expect(server.received.map(({ url }) => url)).toEqual(['/btql', PATH]);
    // The waiting query looks again when the reservation would have lapsed, and when its turn has come.
    await runtime.advance(60_000);
    expect((await other).rows.length).toBe(0);
    expect(server.received).toHaveLength(3);
  });

  it('has no more to reserve than it gives in a minute', async () => {
    const client = quickClient('http://127.0.0.1:9', { requestsPerMinute: 3 });
    await expect(client.reserve(4)).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'CAPABILITY_MISSING',
      message: expect.stringMatching(/4 requests.*`requestsPerMinute` is 3/u) as string,
    });
    await client.reserve(3);
  });

  it('stays closed after a 429 as long as that says, for reserved calls too', async () => {
    const either: Reply = (response, request) =>
      (request.url === PATH ? done : rowsReply([]))(response, request);
    const server = await serve(reply(429, '', { 'retry-after': '30' }), either);
    const runtime = manualClock();
    const client = quickClient(server.url, { runtime, requestsPerMinute: 20 });
    await client.reserve(2);
    await expect(client.send(DELETION, { reserved: true })).rejects.toMatchObject({
      code: 'SOURCE_RATE_LIMITED',
      retryAfterMs: 30_000,
    });
    const again = client.send(DELETION, { reserved: true });
    const query = client.query({});
    await runtime.advance(29_999);
    await nextTurn();
    expect(server.received).toHaveLength(1);
    await runtime.advance(1);
    await Promise.all([again, query]);
    expect(server.received).toHaveLength(3);
  });

  it('is not closed longer than a query may take', async () => {
    const server = await serve(reply(429, '', { 'retry-after': '86400' }), done);
    const runtime = manualClock({ autoAdvance: true });
    const client = quickClient(server.url, { runtime, totalTimeoutMs: 60_000 });
    const start = runtime.now().getTime();
    await expect(client.send(DELETION)).rejects.toMatchObject({ retryAfterMs: 86_400_000 });
    await client.send(DELETION);
    expect(runtime.now().getTime() - start).toBe(60_000);
  });

  it('without a limit needs no reservation', async () => {
    const server = await serve(done);
    const client = braintrustClient({
      apiKey: 'key',
      apiUrl: server.url,
      requestsPerMinute: Infinity,
    });
    await client.reserve(1_000_000);
    await client.send(DELETION, { reserved: true });
    expect(server.received).toHaveLength(1);
  });
});
