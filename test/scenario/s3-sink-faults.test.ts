import { describe, expect, it } from 'vitest';

import type { Stray } from '../../src/interfaces/index.js';
import { bytesOf, headOf, keyOf } from '../../src/testing/contracts/sink-kit.js';
import type { S3Fault } from '../support/s3-double/index.js';
import {
  contentOf,
  fail,
  failAlways,
  OBJECT,
  openSink,
  operationsOf,
  PART_BYTES,
  requestEvents,
  type SinkFixture,
  wireEvents,
} from '../support/s3-sinks.js';

const CONTENT = bytesOf(2 * PART_BYTES + 7);
const MANIFEST = Buffer.from('a manifest');
const GIVEN_UP = keyOf('given-up');

/** Everything that an export asks of a sink, once; what it saw on the way. */
async function life({ sink, observer }: SinkFixture): Promise<unknown> {
  const options = { observer };
  const writer = await sink.open(headOf(OBJECT), options);
  await writer.write(CONTENT, options);
  const commit = await sink.commit(await writer.prepare(options), options);
  await sink.put('_manifests/1.json', MANIFEST, options);
  const givenUp = await sink.open(headOf(GIVEN_UP), options);
  await givenUp.write(Buffer.from('x'), options);
  await givenUp.prepare(options);
  const strays: Stray[] = [];
  for await (const stray of sink.strays('prod', options)) strays.push(stray);
  for (const stray of strays) await sink.discard('prod', stray, options);
  const keys: string[] = [];
  for await (const { key } of sink.list('', options)) keys.push(key);
  const content = await contentOf(sink, OBJECT, options);
  await sink.remove(keys[0] ?? '', options);
  return { commit, keys, whole: content?.equals(CONTENT) };
}

const SEEN = { commit: 'committed', keys: ['_manifests/1.json', OBJECT], whole: true };

const OPERATIONS = [
  'CreateMultipartUpload',
  'UploadPart',
  'HeadObject',
  'PutObject',
  'ListMultipartUploads',
  'AbortMultipartUpload',
  'ListObjectsV2',
  'GetObject',
  'DeleteObject',
];

const TRANSIENT: readonly S3Fault[] = [
  { kind: 'error', status: 503, code: 'SlowDown' },
  { kind: 'error', status: 500, code: 'InternalError' },
  { kind: 'error', status: 429, code: 'TooManyRequests' },
  { kind: 'reset-before' },
  { kind: 'reset-mid' },
  { kind: 'reset-after' },
];

function expectCounted({ double, events }: SinkFixture): void {
  const told = requestEvents(events).map(({ operation }) => operation);
  expect([...told].sort()).toEqual(wireEvents(double.requests));
}

const retries = ({ events }: SinkFixture): readonly string[] =>
  events.flatMap((event) => (event.type === 'retry' ? [event.operation] : []));

describe('a fault that passes', () => {
  // The answer to a HEAD is its first line: there is no half of it, and what is missing has no effect to lose.
  const isPossible = (operation: string, { kind }: S3Fault): boolean =>
    operation !== 'HeadObject' || (kind !== 'reset-mid' && kind !== 'reset-after');
  const cases = OPERATIONS.flatMap((operation) =>
    TRANSIENT.filter((fault) => isPossible(operation, fault)).map((fault) => ({
      operation,
      fault,
    })),
  );

  it.each(cases)('$fault.kind $fault.code at $operation is one more request', async (given) => {
    const fixture = await openSink();
    fail(fixture, given.operation, given.fault);
    expect(await life(fixture)).toEqual(SEEN);
    const { double, bucket } = fixture;
    expect(retries(fixture)).toHaveLength(1);
    expectCounted(fixture);
    double.intercept = null;
    expect([...bucket.objects().keys()]).toEqual([OBJECT]);
    expect(bucket.objects().get(OBJECT)?.bytes().equals(CONTENT)).toBe(true);
    expect(bucket.uploads()).toEqual([]);
  });

  it('an answer that does not come is waited for no longer than the limit', async () => {
    for (const operation of [...OPERATIONS, 'CompleteMultipartUpload']) {
      const fixture = await openSink({ sink: { requestTimeoutMs: 10_000 } });
      const { double, clock } = fixture;
      let isFirst = true;
      double.intercept = (request) => {
        if (request.operation !== operation || !isFirst) return null;
        isFirst = false;
        setImmediate(() => void clock.advance(10_000));
        return { kind: 'hang' };
      };
      expect(await life(fixture)).toEqual(SEEN);
      expectCounted(fixture);
      const told = fixture.events.find((event) => event.type === 'retry');
      expect(told, operation).toMatchObject({ reason: 'TimeoutError', attempt: 1 });
    }
  });
});

describe('a fault that stays', () => {
  it.each(OPERATIONS)(
    'at %s ends after so many attempts, with a clear error',
    async (operation) => {
      const fixture = await openSink({ sink: { maxAttempts: 4, partsInFlight: 1 } });
      const fault = { kind: 'error', status: 503, code: 'SlowDown' } as const;
      failAlways(fixture, operation, fault);
      await expect(life(fixture)).rejects.toMatchObject({
        name: 'SinkError',
        code: 'SINK_UNAVAILABLE',
        retryable: true,
        details: { operation, status: 503 },
      });
      expect(operationsOf(fixture).filter((each) => each === operation)).toHaveLength(4);
      expectCounted(fixture);
    },
  );

  it('the limit of a request holds for its attempts and waits together', async () => {
    const fixture = await openSink({
      sink: { requestTimeoutMs: 10_000, totalTimeoutMs: 25_000, maxAttempts: 100 },
    });
    const { sink, clock, double } = fixture;
    const startedAt = clock.now().getTime();
    double.intercept = () => {
      setImmediate(() => void clock.advance(10_000));
      return { kind: 'hang' };
    };
    await expect(sink.head('a')).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
    expect(clock.now().getTime() - startedAt).toBeLessThanOrEqual(30_000);
    expect(double.requests).toHaveLength(3);
  });

  it('the wait grows with each attempt, and so much only', async () => {
    const fixture = await openSink({ sink: { maxAttempts: 12, totalTimeoutMs: 3_600_000 } });
    failAlways(fixture, 'HeadObject', { kind: 'reset-before' });
    await expect(fixture.sink.head('a', fixture)).rejects.toThrow();
    const waits = fixture.events.flatMap((event) => (event.type === 'retry' ? [event] : []));
    expect(waits.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const [place, { delayMs }] of waits.entries()) {
      const most = Math.min(200 * 2 ** place, 20_000);
      expect(delayMs).toBeGreaterThanOrEqual(most / 2);
      expect(delayMs).toBeLessThanOrEqual(most);
    }
  });
});

describe('an answer that is no answer', () => {
  const XML = ['CreateMultipartUpload', 'UploadPart', 'PutObject'];

  it.each(XML)('a success with an error in it at %s is not believed', async (operation) => {
    const fixture = await openSink({ sink: { maxAttempts: 2 } });
    const fault = { kind: 'error-in-200', code: 'InternalError' } as const;
    failAlways(fixture, operation, fault);
    await expect(life(fixture)).rejects.toMatchObject({
      name: 'SinkError',
      code: expect.stringMatching(/^SINK_(PROTOCOL|UNAVAILABLE)$/) as string,
    });
  });

  it.each(['ListMultipartUploads', 'ListObjectsV2'])(
    'a success with an error in it at %s is no empty list',
    async (operation) => {
      const fixture = await openSink({ sink: { maxAttempts: 2 } });
      const fault = { kind: 'error-in-200', code: 'InternalError' } as const;
      failAlways(fixture, operation, fault);
      await expect(life(fixture)).rejects.toMatchObject({
        code: expect.stringMatching(/^SINK_(PROTOCOL|UNAVAILABLE)$/) as string,
      });
    },
  );

  it('what a provider of credentials says of itself comes through unchanged, at once', async () => {
    const { ConfigurationError } = await import('tracehaul');
    const problem = new ConfigurationError('CAPABILITY_MISSING', 'A package is not installed.');
    const { double, again } = await openSink();
    const client = {
      endpoint: double.url,
      region: double.region,
      credentials: () => Promise.reject(problem),
    };
    await expect(again({ clientConfig: client }).head('a')).rejects.toBe(problem);
    expect(double.requests).toEqual([]);
  });
});
