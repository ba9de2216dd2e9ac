import { monitorEventLoopDelay } from 'node:perf_hooks';

import { braintrustClient, spansSource } from '../../src/entries/braintrust.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import {
  type CursorStore,
  type Encoder,
  type Exporter,
  type Observer,
  type Sink,
  createExporter,
  datePartitionedKeys,
} from '../../src/index.js';
import { figure } from './figure.js';
import type { Figure } from './figure.js';
import { type PlaneAddress, withForkedPlane } from './plane-fork.js';

const NANOSECONDS_PER_MS = 1e6;

export type RowSize = 'small' | 'realistic';

/** What an export cost the process that ran it. */
export interface Measured {
  readonly rows: number;
  /** Bytes that the source answered. */
  readonly bytes: number;
  readonly requests: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly delayP99Ms: number;
  readonly rssQuarterMb: number;
  readonly rssEndMb: number;
}

/** Where an export goes. */
export interface BenchPlace {
  readonly sink: Sink;
  readonly cursorStore: CursorStore;
  readonly observer?: Observer;
  /** @defaultValue JSON Lines with gzip */
  readonly encoder?: Encoder;
}

/** Runs the work against a plane with so many settled rows, in a process of its own. */
export async function withPlane<T>(
  rows: number,
  size: RowSize,
  work: (address: PlaneAddress) => Promise<T>,
): Promise<T> {
  return await withForkedPlane(
    new URL('plane-process.ts', import.meta.url),
    [String(rows), size],
    work,
  );
}

/** An exporter of the plane's spans, with the defaults of the library. */
export function benchExporter(address: PlaneAddress, place: BenchPlace): Exporter {
  const { url, apiKey, projectId } = address;
  const client = braintrustClient({ apiUrl: url, apiKey, requestsPerMinute: Infinity });
  return createExporter({
    id: 'bench',
    source: spansSource({ client, projectId }),
    encoder: jsonlEncoder(),
    keys: datePartitionedKeys(),
    ...place,
  });
}

/** Exports all rows and measures this process meanwhile. */
export async function measureExport(
  address: PlaneAddress,
  rows: number,
  place: BenchPlace,
): Promise<Measured> {
  let [done, bytes, quarter, end] = [0, 0, 0, 0];
  const observer: Observer = (event) => {
    place.observer?.(event);
    if (event.type !== 'page-read') return;
    done += event.rows;
    bytes += event.bytes;
    const rss = process.memoryUsage.rss() / 1e6;
    if (done > rows * 0.2 && done <= rows * 0.25) quarter = Math.max(quarter, rss);
    if (done > rows * 0.94 && done <= rows * 0.99) end = Math.max(end, rss);
  };
  const exporter = benchExporter(address, { ...place, observer });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  delay.enable();
  const result = await exporter.run();
  delay.disable();
  const seconds = (performance.now() - started) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  if (result.rows !== rows) throw new Error(`${result.rows} rows were exported, not ${rows}.`);
  return {
    rows,
    bytes,
    requests: result.sourceRequests,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    delayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
    rssQuarterMb: quarter,
    rssEndMb: end,
  };
}

/** What the host of an export sees of it. */
export function* hostFigures(suffix: string, measured: Measured): Generator<Figure> {
  const megabytes = measured.bytes / 1e6;
  yield figure(`export-mb-per-s-${suffix}`, megabytes / measured.seconds, 'MB/s');
  const cpuMs = (measured.cpuSeconds * 1e3) / megabytes;
  yield figure(`export-host-cpu-ms-per-mb-${suffix}`, cpuMs, 'ms');
  yield figure(`export-event-loop-delay-p99-${suffix}`, measured.delayP99Ms, 'ms');
  yield figure(`export-rss-25-percent-${suffix}`, measured.rssQuarterMb, 'MB');
  const ratio = measured.rssEndMb / measured.rssQuarterMb;
  yield {
    ...figure(`export-rss-99-percent-${suffix}`, measured.rssEndMb, 'MB'),
    ratio,
    peer: '25 %',
  };
}
