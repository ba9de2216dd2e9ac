import { Agent } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it, onTestFinished } from 'vitest';

import { s3CursorStore, s3Sink, type S3SinkOptions } from '../../src/entries/s3.js';
import { ConfigurationError } from '../../src/errors/index.js';
import type { ProbeStep, Sink } from '../../src/interfaces/index.js';
import { bytesOf } from '../../src/testing/contracts/sink-kit.js';
import { clientConfigOf } from '../support/s3-place.js';
import { contentOf, fail, openSink, type SinkFixture, until } from '../support/s3-sinks.js';
import { type Reply, startScriptedServer } from '../support/scripted-server.js';

const KEY = 'm/1.json';

type Config = NonNullable<S3SinkOptions['clientConfig']>;

function configOf({ double }: SinkFixture): Config {
  return clientConfigOf({ ...double, endpoint: double.url });
}

/** The first step of a sink's own probe. */
async function firstStep(sink: Sink): Promise<ProbeStep | undefined> {
  for await (const step of sink.probe?.() ?? []) return step;
  return undefined;
}

describe('a provider of credentials', () => {
  it('that does not answer does not keep an abort waiting, and nothing is sent afterwards', async () => {
    const fixture = await openSink({ autoAdvance: false });
    let give: (value: { accessKeyId: string; secretAccessKey: string }) => void = () => undefined;
    let isAsked = false;
    const credentials: Config['credentials'] = () => {
      isAsked = true;
      return new Promise((resolve) => (give = resolve));
    };
    const sink = fixture.again({ clientConfig: { ...configOf(fixture), credentials } });
    const stop = new AbortController();
    const reason = new Error('enough');
    const looked = sink.head(KEY, { signal: stop.signal });
    await until(() => isAsked);
    stop.abort(reason);
    await expect(looked).rejects.toBe(reason);
    give({ ...fixture.double.credentials });
    await fixture.again().head(KEY);
    expect(fixture.double.requests).toHaveLength(1);
  });

  it('that does not answer is given up at the limit of a request', async () => {
    const fixture = await openSink();
    const credentials: Config['credentials'] = () => new Promise(() => undefined);
    const clientConfig = { ...configOf(fixture), credentials };
    const limits = { runtime: undefined, requestTimeoutMs: 20, maxAttempts: 2 };
    const sink = fixture.again({ clientConfig, ...limits });
    await expect(sink.head(KEY)).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      details: { s3Code: 'TimeoutError' },
    });
    expect(await firstStep(sink)).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('TimeoutError') as string,
    });
  });

  it('that lacks something says so itself, also in test()', async () => {
    const fixture = await openSink();
    const remedy = 'Install it.';
    const credentials: Config['credentials'] = () =>
      Promise.reject(new ConfigurationError('CAPABILITY_MISSING', 'Not installed.', { remedy }));
    const sink = fixture.again({ clientConfig: { ...configOf(fixture), credentials } });
    await expect(sink.head(KEY)).rejects.toMatchObject({ code: 'CAPABILITY_MISSING', remedy });
    expect(await firstStep(sink)).toMatchObject({ outcome: 'failed', remedy });
  });
});

describe('a body', () => {
  it('that breaks before anybody reads it does not end the process, and is read whole', async () => {
    const fixture = await openSink();
    const content = Buffer.from(bytesOf(1_000));
    await fixture.sink.put(KEY, content);
    fail(fixture, 'GetObject', { kind: 'reset-mid' });
    const uncaught: unknown[] = [];
    const listener = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', listener);
    onTestFinished(() => void process.off('uncaughtException', listener));
    const httpAgent = new Agent({ keepAlive: true });
    onTestFinished(() => httpAgent.destroy());
    const clientConfig = { ...configOf(fixture), requestHandler: { httpAgent } };
    const stream = await fixture.again({ clientConfig }).get(KEY);
    await until(() => Object.keys(httpAgent.sockets).length === 0);
    await turn();
    expect(uncaught).toEqual([]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it.each([
    ['of a page', { 'content-type': 'text/html' }],
    ['without a length', { 'content-type': 'application/json', etag: '"e"' }],
  ])('%s that does not end is let go of', async (_, headers) => {
    let open = 0;
    const endless: Reply = (response) => {
      open += 1;
      response.on('close', () => (open -= 1));
      response.writeHead(200, headers).write('{');
    };
    const server = await startScriptedServer(endless);
    onTestFinished(() => server.close());
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
    const clientConfig = {
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
    };
    const sink = s3Sink({ bucket: 'archive', clientConfig });
    await expect(sink.get(KEY)).rejects.toMatchObject({ code: 'SINK_PROTOCOL' });
    if (headers['content-type'] === 'text/html') {
      const store = s3CursorStore({ bucket: 'archive', clientConfig });
      await expect(store.load('key')).rejects.toMatchObject({ code: 'CHECKPOINT_UNAVAILABLE' });
    }
    await until(() => open === 0);
  });

  it('of no object is missed: a HEAD without a length is no stranger at the key', async () => {
    const server = await startScriptedServer((response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked', etag: '"e"' }).end();
    });
    onTestFinished(() => server.close());
    const fixture = await openSink();
    const sink = fixture.again({ clientConfig: { ...configOf(fixture), endpoint: server.url } });
    await expect(sink.head(KEY)).rejects.toMatchObject({ code: 'SINK_PROTOCOL' });
    expect(await contentOf(fixture.sink, KEY)).toBeNull();
  });
});
