import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { braintrustClient, spansSource } from '../../src/entries/braintrust.js';
import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { createExporter, datePartitionedKeys } from '../../src/index.js';
import type { BenchGroup, Figure } from './figure.js';

const ROWS = 1_000_000;
const QUICK_ROWS = 50_000;
const REALISTIC_ROWS = 100_000;
const QUICK_REALISTIC_ROWS = 20_000;
const NANOSECONDS_PER_MS = 1e6;
const FLOOR_REQUESTS_PER_MILLION = 1_000;

interface PlaneAddress {
  readonly url: string;
  readonly apiKey: string;
  readonly projectId: string;
}

interface Measured {
  readonly rows: number;
  readonly bytes: number;
  readonly requests: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly delayP99Ms: number;
  readonly rssQuarterMb: number;
  readonly rssEndMb: number;
}

/** The whole pipeline over HTTP from a plane in another process: what the source and the host pay. */
export const jsonlExport: BenchGroup = async function* ({ quick }) {
  const small = await measure(quick ? QUICK_ROWS : ROWS, 'small');
  const perMillion = (small.requests / small.rows) * 1e6;
  yield {
    ...figure('api-requests-per-million-rows', perMillion, 'requests'),
    ratio: perMillion / FLOOR_REQUESTS_PER_MILLION,
    peer: 'the floor of 1,000',
  };
  yield* hostFigures('small', small);
  yield* hostFigures(
    'large',
    await measure(quick ? QUICK_REALISTIC_ROWS : REALISTIC_ROWS, 'realistic'),
  );
};

function* hostFigures(rows: string, measured: Measured): Generator<Figure> {
  const megabytes = measured.bytes / 1e6;
  yield figure(`export-mb-per-s-${rows}`, megabytes / measured.seconds, 'MB/s');
  yield figure(`export-host-cpu-ms-per-mb-${rows}`, (measured.cpuSeconds * 1e3) / megabytes, 'ms');
  yield figure(`export-event-loop-delay-p99-${rows}`, measured.delayP99Ms, 'ms');
  yield figure(`export-rss-25-percent-${rows}`, measured.rssQuarterMb, 'MB');
  const ratio = measured.rssEndMb / measured.rssQuarterMb;
  yield {
    ...figure(`export-rss-99-percent-${rows}`, measured.rssEndMb, 'MB'),
    ratio,
    peer: '25 %',
  };
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit, ratio: null, peer: null };
}

async function measure(rows: number, size: 'small' | 'realistic'): Promise<Measured> {
  const script = fileURLToPath(new URL('./plane-process.ts', import.meta.url));
  const plane = fork(script, [String(rows), size], {
    execArgv: ['--import', 'tsx', '--max-old-space-size=12000'],
  });
  try {
    const address = await new Promise<PlaneAddress>((resolve, reject) => {
      plane.once('message', (message) => resolve(message as PlaneAddress));
      plane.once('exit', (code) => reject(new Error(`The plane ended with ${code}.`)));
    });
    return await exportAll(address, rows);
  } finally {
    plane.kill();
  }
}

async function exportAll(address: PlaneAddress, rows: number): Promise<Measured> {
  const root = await mkdtemp(join(tmpdir(), 'bench-export-'));
  let [done, bytes, quarter, end] = [0, 0, 0, 0];
  const { url, apiKey, projectId } = address;
  const client = braintrustClient({ apiUrl: url, apiKey, requestsPerMinute: Infinity });
  const exporter = createExporter({
    id: 'bench',
    source: spansSource({ client, projectId }),
    encoder: jsonlEncoder(),
    sink: fileSink({ root: join(root, 'data') }),
    keys: datePartitionedKeys(),
    cursorStore: fileCursorStore({ root: join(root, 'cursors') }),
    observer: (event) => {
      if (event.type !== 'page-read') return;
      done += event.rows;
      bytes += event.bytes;
      const rss = process.memoryUsage.rss() / 1e6;
      if (done > rows * 0.2 && done <= rows * 0.25) quarter = Math.max(quarter, rss);
      if (done > rows * 0.94 && done <= rows * 0.99) end = Math.max(end, rss);
    },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  delay.enable();
  const result = await exporter.run();
  delay.disable();
  const seconds = (performance.now() - started) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  await rm(root, { recursive: true, force: true });
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
