import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { BenchGroup } from './figure.js';
import { encodePages } from './jsonl-pipeline.js';
import { spanPages } from './span-pages.js';

const INPUT_BYTES = 2_000_000_000;
const QUICK_INPUT_BYTES = 300_000_000;
/** Pages kept to be copied; an export holds far less. */
const DISTINCT_PAGES = 4;
const SEED = 11;
const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
type Compression = (typeof COMPRESSIONS)[number];

/** Resident memory of the whole process, in megabytes. */
interface MemoryReport {
  /** Highest value from 20 % to 25 % of the input. */
  readonly quarter: number;
  /** Highest value from 94 % to 99 %. */
  readonly end: number;
  readonly peak: number;
}

/** Whether memory stays flat over a long run; each compression in a process of its own. */
export const jsonlMemory: BenchGroup = async function* ({ quick }) {
  for (const compression of COMPRESSIONS) {
    const bytes = quick ? QUICK_INPUT_BYTES : INPUT_BYTES;
    const report = await measureInChild(compression, bytes);
    const unit = 'MB';
    yield {
      name: `rss-25-percent-${compression}`,
      value: report.quarter,
      unit,
      ratio: null,
      peer: null,
    };
    const ratio = report.end / report.quarter;
    yield { name: `rss-99-percent-${compression}`, value: report.end, unit, ratio, peer: '25 %' };
    yield { name: `rss-peak-${compression}`, value: report.peak, unit, ratio: null, peer: null };
  }
};

async function measureInChild(compression: Compression, bytes: number): Promise<MemoryReport> {
  const script = fileURLToPath(import.meta.url);
  const options = ['--import', 'tsx', script, compression, String(bytes)];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout) as MemoryReport;
}

async function measureHere(compression: Compression, bytes: number): Promise<MemoryReport> {
  let [quarter, end, peak] = [0, 0, 0];
  await encodePages(jsonlEncoder({ compression }), copiedPages(bytes), (done) => {
    const rss = process.memoryUsage.rss() / 1e6;
    const share = done / bytes;
    peak = Math.max(peak, rss);
    if (share > 0.2 && share <= 0.25) quarter = Math.max(quarter, rss);
    if (share > 0.94 && share <= 0.99) end = Math.max(end, rss);
  });
  return { quarter, end, peak };
}

/** A fresh buffer for every page, as they come from a socket. */
function* copiedPages(bytes: number): Generator<Uint8Array> {
  const source = spanPages('large', SEED);
  const pages = Array.from({ length: DISTINCT_PAGES }, () => source.next().value);
  for (let [given, place] = [0, 0]; given < bytes; place += 1) {
    const page = pages[place % DISTINCT_PAGES] as Buffer;
    given += page.length;
    const copy = Buffer.allocUnsafeSlow(page.length);
    copy.set(page);
    yield copy;
  }
}

const [, script, compression, bytes] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  const report = await measureHere(compression as Compression, Number(bytes));
  process.stdout.write(JSON.stringify(report));
}
