import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import type { OperationOptions } from '../../src/interfaces/index.js';
import { bytesOf, drain, headOf, keyOf } from '../../src/testing/contracts/sink-kit.js';
import type { S3Fault } from '../support/s3-double/index.js';
import {
  contentOf,
  fail,
  failAlways,
  OBJECT,
  openSink,
  operationsOf,
  PART_BYTES,
  prepared,
  type SinkFixture,
  until,
} from '../support/s3-sinks.js';

const PART = bytesOf(PART_BYTES);
const HANG: S3Fault = { kind: 'hang' };

const sent = (fixture: SinkFixture, operation: string): number =>
  operationsOf(fixture).filter((each) => each === operation).length;

describe('parts', () => {
  it('are under way so many at a time, over all objects of the sink', async () => {
    const fixture = await openSink({ sink: { partsInFlight: 3 } });
    const { double, sink } = fixture;
    const atOnce: number[] = [];
    double.intercept = ({ operation }) => {
      const open = double.requests.filter((each) => each.operation === operation && !each.status);
      if (operation === 'UploadPart') atOnce.push(open.length);
      return null;
    };
    const write = async (name: string): Promise<void> => {
      const writer = await sink.open(headOf(keyOf(name)));
      for (let part = 0; part < 4; part += 1) await writer.write(PART);
      await sink.commit(await writer.prepare());
    };
    await Promise.all(['a', 'b', 'c'].map(write));
    expect(atOnce).toHaveLength(12);
    expect(Math.max(...atOnce)).toBe(3);
    expect(fixture.bucket.objects().size).toBe(3);
  });

  it('wait for each other: nothing more is taken while the service is slow', async () => {
    const fixture = await openSink({ sink: { partsInFlight: 2 }, autoAdvance: false });
    const writer = await fixture.sink.open(headOf(OBJECT));
    failAlways(fixture, 'UploadPart', HANG);
    await writer.write(PART);
    await writer.write(PART);
    let isTaken = false;
    const third = writer.write(PART).then(() => (isTaken = true));
    await until(() => sent(fixture, 'UploadPart') === 2);
    for (let turns = 0; turns < 100; turns += 1) await turn();
    expect(isTaken).toBe(false);
    await writer.abort();
    await third;
    expect(sent(fixture, 'UploadPart')).toBe(2);
    expect(fixture.bucket.uploads()).toEqual([]);
  });

  it('have one size but the last, whatever pieces they are written in', async () => {
    const fixture = await openSink({ double: { equalParts: true } });
    const content = Buffer.from(bytesOf(3 * PART_BYTES + 1));
    const writer = await fixture.sink.open(headOf(OBJECT));
    for (let at = 0; at < content.length; at += 3_000_001)
      await writer.write(content.subarray(at, at + 3_000_001));
    const object = await writer.prepare();
    const sizes = fixture.bucket.uploads()[0]?.parts.map(({ size }) => size);
    expect(sizes).toEqual([PART_BYTES, PART_BYTES, PART_BYTES, 1]);
    await fixture.sink.commit(object);
    expect((await contentOf(fixture.sink, OBJECT))?.equals(content)).toBe(true);
  });

  it('are larger for objects that may grow beyond 9,000 of them', async () => {
    const fixture = await openSink();
    const writer = await fixture.sink.open(headOf(OBJECT, { maxBytes: 60 * 1024 ** 3 }));
    await writer.write(bytesOf(7 * 1024 * 1024));
    await writer.write(Buffer.from('x'));
    await writer.prepare();
    const sizes = fixture.bucket.uploads()[0]?.parts.map(({ size }) => size);
    expect(sizes).toEqual([7 * 1024 * 1024, 1]);
  });

  it('that fail end the object with the first failure, at every later call', async () => {
    const fixture = await openSink();
    failAlways(fixture, 'UploadPart', { kind: 'error', status: 403, code: 'AccessDenied' });
    const writer = await fixture.sink.open(headOf(OBJECT));
    await writer.write(PART);
    await until(() => fixture.double.requests.at(-1)?.status === 403);
    const refused = { code: 'SINK_UNAUTHORIZED', details: { operation: 'UploadPart' } };
    await expect(writer.prepare()).rejects.toMatchObject(refused);
    await expect(writer.write(PART)).rejects.toMatchObject(refused);
    expect(sent(fixture, 'UploadPart')).toBe(1);
    await writer.abort();
    expect(fixture.bucket.uploads()).toEqual([]);
  });
});

/** What waits for the service, by the request that it waits for. */
const WAITS: readonly (readonly [
  string,
  (fixture: SinkFixture) => Promise<(options: OperationOptions) => Promise<unknown>>,
])[] = [
  [
    'CreateMultipartUpload',
    async ({ sink }) =>
      (options) =>
        sink.open(headOf(OBJECT), options),
  ],
  [
    'UploadPart',
    async ({ sink }) => {
      const writer = await sink.open(headOf(OBJECT));
      await writer.write(Buffer.from('x'));
      return (options) => writer.prepare(options);
    },
  ],
  [
    'HeadObject',
    async ({ sink }) =>
      (options) =>
        sink.head('a', options),
  ],
  [
    'PutObject',
    async ({ sink }) =>
      (options) =>
        sink.put('a', PART, options),
  ],
  [
    'GetObject',
    async ({ sink }) =>
      (options) =>
        sink.get('a', options),
  ],
  [
    'DeleteObject',
    async ({ sink }) =>
      (options) =>
        sink.remove('a', options),
  ],
  [
    'ListObjectsV2',
    async ({ sink }) =>
      (options) =>
        drain(sink.list('', options)),
  ],
  [
    'ListMultipartUploads',
    async ({ sink }) =>
      (options) =>
        drain(sink.strays('prod', options)),
  ],
  [
    'AbortMultipartUpload',
    async (fixture) => {
      await prepared(fixture);
      for await (const stray of fixture.sink.strays('prod'))
        return (options) => fixture.sink.discard('prod', stray, options);
      throw new Error('There is no stray.');
    },
  ],
  [
    'CompleteMultipartUpload',
    async (fixture) => {
      const object = await prepared(fixture);
      return (options) => fixture.sink.commit(object, options);
    },
  ],
  [
    'ListParts',
    async (fixture) => {
      const object = await prepared(fixture);
      return (options) => fixture.sink.commit(object, options);
    },
  ],
];

describe('an abort', () => {
  it.each(WAITS)('while %s is under way rejects with its reason', async (operation, start) => {
    const fixture = await openSink({ autoAdvance: false });
    const run = await start(fixture);
    fixture.double.intercept = (request) => {
      if (request.operation === operation) return HANG;
      const isCompletion = request.operation === 'CompleteMultipartUpload';
      return isCompletion ? { kind: 'error', status: 500, code: 'InternalError' } : null;
    };
    const stop = new AbortController();
    const reason = new Error(`abort of ${operation}`);
    const running = run({ signal: stop.signal });
    await until(() => sent(fixture, operation) === 1);
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await until(() => fixture.clock.sleepers === 0);
    expect(sent(fixture, operation)).toBe(1);
  });

  it.each(WAITS)('while %s waits to be sent again does so too', async (operation, start) => {
    const fixture = await openSink({ autoAdvance: false });
    const run = await start(fixture);
    const fault = { kind: 'error', status: 503, code: 'SlowDown' } as const;
    fixture.double.intercept = (request) =>
      request.operation === operation || request.operation === 'CompleteMultipartUpload'
        ? fault
        : null;
    const stop = new AbortController();
    const reason = new Error(`abort of ${operation}`);
    let isWaiting = false;
    const observer: OperationOptions['observer'] = ({ type }) => (isWaiting ||= type === 'retry');
    const running = run({ signal: stop.signal, observer });
    await until(() => isWaiting);
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await until(() => fixture.clock.sleepers === 0);
  });

  it('while a part waits for its turn rejects with its reason, and sends no part', async () => {
    const fixture = await openSink({ sink: { partsInFlight: 1 }, autoAdvance: false });
    const writer = await fixture.sink.open(headOf(OBJECT));
    failAlways(fixture, 'UploadPart', HANG);
    await writer.write(PART);
    const stop = new AbortController();
    const reason = new Error('enough');
    const writing = writer.write(PART, { signal: stop.signal });
    await until(() => sent(fixture, 'UploadPart') === 1);
    stop.abort(reason);
    await expect(writing).rejects.toBe(reason);
    await writer.abort();
    expect(sent(fixture, 'UploadPart')).toBe(1);
    expect(fixture.bucket.uploads()).toEqual([]);
  });
});

describe('giving an object up', () => {
  it('ends its parts under way first, and leaves nothing', async () => {
    const fixture = await openSink({ sink: { partsInFlight: 4 }, autoAdvance: false });
    const writer = await fixture.sink.open(headOf(OBJECT));
    failAlways(fixture, 'UploadPart', HANG);
    for (let part = 0; part < 4; part += 1) await writer.write(PART);
    await until(() => sent(fixture, 'UploadPart') === 4);
    await Promise.all([writer.abort(), writer.abort()]);
    expect(operationsOf(fixture).at(-1)).toBe('AbortMultipartUpload');
    expect(sent(fixture, 'AbortMultipartUpload')).toBe(1);
    expect(fixture.bucket.uploads()).toEqual([]);
    expect(fixture.clock.sleepers).toBe(0);
  });

  it.each(['reset-before', 'reset-after', 'reset-mid'] as const)(
    'is done in spite of a lost answer (%s)',
    async (kind) => {
      const fixture = await openSink();
      const writer = await fixture.sink.open(headOf(OBJECT));
      fail(fixture, 'AbortMultipartUpload', { kind });
      await writer.abort();
      expect(fixture.bucket.uploads()).toEqual([]);
    },
  );

  it('that is refused says so, and can be tried again', async () => {
    const fixture = await openSink();
    const allow = fixture.double.deny({ action: 's3:AbortMultipartUpload' });
    const writer = await fixture.sink.open(headOf(OBJECT));
    await expect(writer.abort()).rejects.toMatchObject({
      code: 'SINK_UNAUTHORIZED',
      remedy: expect.stringContaining('s3:AbortMultipartUpload') as string,
    });
    allow();
    await writer.abort();
    expect(fixture.bucket.uploads()).toEqual([]);
    await expect(writer.write(PART)).rejects.toThrow('takes no more bytes');
  });
});
