import { setImmediate as turn } from 'node:timers/promises';

import { onTestFinished } from 'vitest';

import { s3Sink, type S3SinkOptions } from '../../src/entries/s3.js';
import type {
  ExportEvent,
  Observer,
  PreparedObject,
  RequestEvent,
  Sink,
} from '../../src/interfaces/index.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { headOf, keyOf } from '../../src/testing/contracts/sink-kit.js';
import {
  type BucketSettings,
  type DoubleBucket,
  type DoubleRequest,
  type S3Double,
  type S3DoubleOptions,
  type S3Fault,
  startS3Double,
} from './s3-double/index.js';
import { clientConfigOf } from './s3-place.js';

/** Least size of a part, which is what the tests use. */
export const PART_BYTES: number = 5 * 1024 * 1024;

/** Key of the object of most tests. */
export const OBJECT: string = keyOf('day');

/** A sink on a double of its own, whose waits take no time, and all that it told. */
export interface SinkFixture {
  readonly double: S3Double;
  readonly bucket: DoubleBucket;
  readonly clock: ManualClock;
  readonly sink: Sink;
  readonly events: ExportEvent[];
  readonly observer: Observer;
  /** Another sink over the same bucket. */
  readonly again: (options?: Partial<S3SinkOptions>) => Sink;
}

export interface SinkFixtureOptions {
  readonly double?: S3DoubleOptions;
  readonly bucket?: BucketSettings;
  readonly sink?: Partial<S3SinkOptions>;
  /** Whether waits end by themselves. @defaultValue true */
  readonly autoAdvance?: boolean;
}

/** Starts a double with one bucket, and closes it when the test is over. */
export async function openSink(options: SinkFixtureOptions = {}): Promise<SinkFixture> {
  const double = await startS3Double(options.double);
  onTestFinished(() => double.close());
  const bucket = double.createBucket('archive', options.bucket);
  const clock = manualClock({ autoAdvance: options.autoAdvance ?? true });
  const again = (more: Partial<S3SinkOptions> = {}): Sink =>
    s3Sink({
      bucket: bucket.name,
      clientConfig: clientConfigOf({ ...double, endpoint: double.url }),
      runtime: clock,
      partBytes: PART_BYTES,
      ...options.sink,
      ...more,
    });
  const events: ExportEvent[] = [];
  const observer: Observer = (event) => void events.push(event);
  return { double, bucket, clock, sink: again(), events, observer, again };
}

/** Does something to the next request of one operation. */
export function fail({ double }: SinkFixture, operation: string, fault: S3Fault): void {
  double.intercept = (request) => {
    if (request.operation !== operation) return null;
    double.intercept = null;
    return fault;
  };
}

/** Does something to all requests of one operation. */
export function failAlways({ double }: SinkFixture, operation: string, fault: S3Fault): void {
  double.intercept = (request) => (request.operation === operation ? fault : null);
}

/** The operations that the double saw, in their order. */
export function operationsOf({ double }: Pick<SinkFixture, 'double'>): readonly string[] {
  return double.requests.map(({ operation }) => operation);
}

/** `UploadPart` as it is in events. */
function eventName(operation: string): string {
  return operation
    .replace('V2', '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, '-$&')
    .toLowerCase();
}

/** What the requests on the wire must be as events: in any order, because parts overlap. */
export function wireEvents(requests: readonly DoubleRequest[]): readonly string[] {
  return requests.map(({ operation }) => eventName(operation)).sort();
}

export function requestEvents(events: readonly ExportEvent[]): readonly RequestEvent[] {
  return events.filter((event) => event.type === 'request');
}

/** Reads what is there to its end. */
export async function contentOf(
  sink: Sink,
  key: string,
  options?: Parameters<Sink['get']>[1],
): Promise<Buffer | null> {
  const stream = await sink.get(key, options);
  if (stream === null) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes an object and prepares it. */
export async function prepared(
  { sink, observer }: Pick<SinkFixture, 'sink' | 'observer'>,
  content: Uint8Array = Buffer.from('content'),
  key: string = OBJECT,
): Promise<PreparedObject> {
  const writer = await sink.open(headOf(key), { observer });
  await writer.write(content, { observer });
  return await writer.prepare({ observer });
}

/** Lets the event loop turn until something holds; fails when it never does. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 200_000; turns += 1) {
    if (holds()) return;
    await turn();
  }
  throw new Error('What was waited for never happened.');
}
