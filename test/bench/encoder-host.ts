import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { parquetEncoder } from '../../src/entries/parquet.js';
import type { Encoder } from '../../src/interfaces/index.js';
import { encodePages } from './encoder-pipeline.js';
import type { BenchGroup } from './figure.js';
import { figure } from './figure.js';
import { spanPages } from './span-pages.js';
import type { RowProfile } from './span-pages.js';

const INPUT_BYTES = 2_000_000_000;
const QUICK_INPUT_BYTES = 300_000_000;
/** Until code is compiled and buffers have their size, as in any host that exports again and again. */
const WARM_UP_BYTES = 20_000_000;
/** Pages kept to be copied; an export holds far less. */
const DISTINCT_PAGES = 4;
const SEED = 11;
const RESOLUTION_MS = 1;
const NANOSECONDS_PER_MS = 1e6;
/** Made by `npm run build`. */
const WORKER_URL = new URL('../../dist/parquet-worker.js', import.meta.url);

interface Subject {
  readonly rows: RowProfile;
  readonly create: () => Encoder;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  none: { rows: 'large', create: () => jsonlEncoder({ compression: 'none' }) },
  gzip: { rows: 'large', create: () => jsonlEncoder({ compression: 'gzip' }) },
  zstd: { rows: 'large', create: () => jsonlEncoder({ compression: 'zstd' }) },
  'parquet.real': { rows: 'large', create: () => parquetEncoder() },
  'parquet.small': { rows: 'small', create: () => parquetEncoder() },
  'parquet.real.2': { rows: 'large', create: withWorkers },
  'parquet.small.2': { rows: 'small', create: withWorkers },
};

/** Resident memory of the whole process in megabytes, and how long others in it wait for their turn. */
interface HostReport {
  /** Highest value from 20 % to 25 % of the input. */
  readonly quarter: number;
  /** Highest value from 94 % to 99 %. */
  readonly end: number;
  readonly peak: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

/** What encoders cost their host while they encode as quickly as they can, each in a process of its own. */
export function encoderHost(names: readonly string[]): BenchGroup {
  return async function* ({ quick }) {
    for (const name of names) {
      const report = await measureInChild(name, quick ? QUICK_INPUT_BYTES : INPUT_BYTES);
      yield figure(`event-loop-delay-p99-${name}`, report.delayP99Ms, 'ms');
      yield figure(`event-loop-delay-p100-${name}`, report.delayMaxMs, 'ms');
      yield figure(`rss-25-percent-${name}`, report.quarter, 'MB');
      const ratio = report.end / report.quarter;
      yield { ...figure(`rss-99-percent-${name}`, report.end, 'MB'), ratio, peer: '25 %' };
      yield figure(`rss-peak-${name}`, report.peak, 'MB');
    }
  };
}

function withWorkers(): Encoder {
  return parquetEncoder({ workers: 2, workerUrl: WORKER_URL });
}

async function measureInChild(name: string, bytes: number): Promise<HostReport> {
  const script = fileURLToPath(import.meta.url);
  const options = ['--import', 'tsx', script, name, String(bytes)];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout) as HostReport;
}

async function measureHere({ rows, create }: Subject, bytes: number): Promise<HostReport> {
  let [quarter, end, peak] = [0, 0, 0];
  const encoder = create();
  await encodePages(encoder, copiedPages(rows, WARM_UP_BYTES));
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  await encodePages(encoder, copiedPages(rows, bytes), (done) => {
    const rss = process.memoryUsage.rss() / 1e6;
    const share = done / bytes;
    peak = Math.max(peak, rss);
    if (share > 0.2 && share <= 0.25) quarter = Math.max(quarter, rss);
    if (share > 0.94 && share <= 0.99) end = Math.max(end, rss);
  });
  delay.disable();
  const [delayP99Ms = 0, delayMaxMs = 0] = [99, 100].map(
    (percentile) => delay.percentile(percentile) / NANOSECONDS_PER_MS,
  );
  return { quarter, end, peak, delayP99Ms, delayMaxMs };
}

/** A fresh buffer for every page, as they come from a socket. */
function* copiedPages(rows: RowProfile, bytes: number): Generator<Uint8Array> {
  const source = spanPages(rows, SEED);
  const pages = Array.from({ length: DISTINCT_PAGES }, () => source.next().value);
  for (let [given, place] = [0, 0]; given < bytes; place += 1) {
    const page = pages[place % DISTINCT_PAGES] as Buffer;
    given += page.length;
    const copy = Buffer.allocUnsafeSlow(page.length);
    copy.set(page);
    yield copy;
  }
}

const [, script, name = '', bytes] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const report = await measureHere(SUBJECTS[name] as Subject, Number(bytes));
  process.stdout.write(JSON.stringify(report));
}
