import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';

import { bytesOf } from '../../src/testing/contracts/sink-kit.js';
import { clientConfigOf } from '../support/s3-place.js';
import {
  contentOf,
  fail,
  failAlways,
  openSink,
  operationsOf,
  type SinkFixture,
  until,
} from '../support/s3-sinks.js';

const KEY = 'm/1.json';
const CONTENT = Buffer.from(bytesOf(1_000_000));

async function withObject(options: Parameters<typeof openSink>[0] = {}): Promise<SinkFixture> {
  const fixture = await openSink(options);
  await fixture.sink.put(KEY, CONTENT);
  fixture.double.clearRequests();
  return fixture;
}

/** A client with one connection: whoever does not give it back is waited for in vain. */
function oneSocket({ double, again }: SinkFixture): SinkFixture['sink'] {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => httpAgent.destroy());
  const config = clientConfigOf({ ...double, endpoint: double.url });
  return again({ clientConfig: { ...config, requestHandler: { httpAgent } } });
}

describe('a stream that breaks', () => {
  it('goes on where it broke, with the object that was begun, after a wait', async () => {
    const fixture = await withObject();
    fail(fixture, 'GetObject', { kind: 'reset-mid' });
    expect((await contentOf(fixture.sink, KEY, fixture))?.equals(CONTENT)).toBe(true);
    const [first, second] = fixture.double.requests;
    expect(first?.headers['range']).toBeUndefined();
    const begun = Number(/^bytes=(\d+)-$/.exec(second?.headers['range'] ?? '')?.[1]);
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThanOrEqual(CONTENT.length / 2);
    expect(second?.headers['if-match']).toBe(`"${fixture.bucket.objects().get(KEY)?.etag}"`);
    expect(fixture.events.filter(({ type }) => type === 'request')).toHaveLength(2);
    expect(fixture.events.filter(({ type }) => type === 'retry')).toHaveLength(1);
  });

  it('that breaks at every request ends when it gets no further', async () => {
    const fixture = await withObject({ sink: { maxAttempts: 3 } });
    failAlways(fixture, 'GetObject', { kind: 'reset-mid' });
    await expect(contentOf(fixture.sink, KEY)).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      details: { operation: 'GetObject' },
    });
    expect(operationsOf(fixture).length).toBeLessThan(100);
  });

  it.each(['replaced', 'removed'])('is not gone on with when the object was %s', async (change) => {
    const fixture = await withObject();
    const { bucket, double, sink } = fixture;
    double.intercept = () => {
      double.intercept = () => {
        if (change === 'replaced') bucket.put(KEY, Buffer.alloc(CONTENT.length));
        else bucket.remove(KEY);
        return null;
      };
      return { kind: 'reset-mid' };
    };
    await expect(contentOf(sink, KEY)).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
  });

  it('is not gone on with by a service that gives all instead of the rest', async () => {
    const fixture = await withObject();
    const { double } = fixture;
    const client = new S3Client(clientConfigOf({ ...double, endpoint: double.url }));
    onTestFinished(() => client.destroy());
    client.middlewareStack.add(
      (next) => (args) => next({ ...args, input: { ...args.input, Range: undefined } as never }),
      { step: 'initialize' },
    );
    fail(fixture, 'GetObject', { kind: 'reset-mid' });
    const sink = fixture.again({ client, clientConfig: undefined });
    await expect(contentOf(sink, KEY)).rejects.toMatchObject({ code: 'SINK_PROTOCOL' });
  });

  it('that stands still is broken off at the limit of a request', async () => {
    const requests: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      requests.push(request.headers.range);
      const isFirst = requests.length === 1;
      response.writeHead(isFirst ? 200 : 206, { 'content-length': isFirst ? 8 : 4, etag: '"e"' });
      response.write('half');
      if (!isFirst) response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { again, clock, double } = await openSink();
    const { port } = server.address() as AddressInfo;
    const clientConfig = clientConfigOf({ ...double, endpoint: `http://127.0.0.1:${port}` });
    const sink = again({ clientConfig, requestTimeoutMs: 10_000 });
    let received = 0;
    for await (const chunk of (await sink.get(KEY)) ?? []) {
      received += chunk.byteLength;
      // The next buffer is asked for, and does not come.
      if (received === 4)
        setImmediate(() => void until(() => clock.sleepers > 0).then(() => clock.advance(10_000)));
    }
    expect(received).toBe(8);
    expect(requests).toEqual([undefined, 'bytes=4-']);
  });
});

describe('connections', () => {
  it('a stream left half-way gives its connection back', async () => {
    const fixture = await withObject();
    const sink = oneSocket(fixture);
    for (let round = 0; round < 3; round += 1) {
      for await (const chunk of (await sink.get(KEY)) ?? []) if (chunk.byteLength > 0) break;
    }
    expect(await sink.head(KEY)).toMatchObject({ key: KEY, bytes: CONTENT.length });
  });

  it('a stream that is aborted rejects with the reason, and gives its connection back', async () => {
    const fixture = await withObject();
    const sink = oneSocket(fixture);
    const stop = new AbortController();
    const reason = new Error('enough');
    const read = async (): Promise<void> => {
      for await (const chunk of (await sink.get(KEY, { signal: stop.signal })) ?? [])
        if (chunk.byteLength > 0) stop.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    expect(await sink.head(KEY)).not.toBeNull();
  });

  it.each(['supported', 'not-implemented'] as const)(
    'a put that finds an object gives its connection back: conditions %s',
    async (conditionalWrites) => {
      const fixture = await withObject({ double: { conditionalWrites } });
      const sink = oneSocket(fixture);
      expect(await sink.put(KEY, CONTENT)).toBe('exists');
      const other = Buffer.from(CONTENT).fill(1, 0, 1);
      await expect(sink.put(KEY, other)).rejects.toMatchObject({ code: 'OBJECT_EXISTS' });
      expect(await sink.put('m/2.json', CONTENT)).toBe('created');
    },
  );
});

describe('a put', () => {
  it('that was confirmed and not kept is no success, and can be sent again', async () => {
    const fixture = await openSink();
    fail(fixture, 'PutObject', { kind: 'lie' });
    await expect(fixture.sink.put(KEY, CONTENT)).rejects.toMatchObject({
      code: 'SINK_UNAVAILABLE',
      retryable: true,
    });
    expect(await fixture.sink.put(KEY, CONTENT)).toBe('created');
    expect(fixture.bucket.objects().get(KEY)?.size).toBe(CONTENT.length);
  });

  it('whose answer is lost finds its own object', async () => {
    const fixture = await openSink();
    fail(fixture, 'PutObject', { kind: 'reset-after' });
    expect(await fixture.sink.put(KEY, CONTENT)).toBe('exists');
    expect(fixture.bucket.objects().get(KEY)?.bytes().equals(CONTENT)).toBe(true);
  });

  it('that lands late changes nothing any more', async () => {
    const fixture = await openSink({ bucket: { versioned: true } });
    fail(fixture, 'PutObject', { kind: 'late' });
    expect(await fixture.sink.put(KEY, CONTENT)).toBe('created');
    await fixture.double.settleLate();
    expect(fixture.bucket.objects().get(KEY)?.versions).toBe(1);
  });

  it('that meets another one is tried again', async () => {
    const fixture = await openSink();
    const fault = { kind: 'error', status: 409, code: 'ConditionalRequestConflict' } as const;
    fail(fixture, 'PutObject', fault);
    expect(await fixture.sink.put(KEY, CONTENT)).toBe('created');
    expect(operationsOf(fixture)).toEqual(['PutObject', 'PutObject', 'HeadObject']);
  });
});

describe('lists', () => {
  it('go on page by page, and a page that fails is asked again', async () => {
    const fixture = await openSink();
    const { double, bucket, again, observer } = fixture;
    const client = new S3Client(clientConfigOf({ ...double, endpoint: double.url }));
    onTestFinished(() => client.destroy());
    client.middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          const page = commandName === 'ListObjectsV2Command' ? { MaxKeys: 3 } : { MaxUploads: 3 };
          return next({ ...args, input: { ...args.input, ...page } });
        },
      { step: 'initialize' },
    );
    const sink = again({ client, clientConfig: undefined });
    for (let number = 0; number < 8; number += 1) bucket.put(`list/${number}`, `${number}`);
    bucket.put('list/not//ours', 'x');
    let requests = 0;
    double.intercept = () => {
      requests += 1;
      return requests === 2 ? { kind: 'reset-mid' } : null;
    };
    const keys: string[] = [];
    for await (const { key } of sink.list('list/', { observer })) keys.push(key);
    expect(keys).toEqual(Array.from({ length: 8 }, (_, number) => `list/${number}`));
    expect(requests).toBe(4);
    expect(fixture.events.filter(({ type }) => type === 'retry')).toHaveLength(1);
  });
});
