import { monitorEventLoopDelay } from 'node:perf_hooks';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { BenchGroup } from './figure.js';
import { encodePages } from './jsonl-pipeline.js';
import { spanPages } from './span-pages.js';

const SEED = 7;
const PAGES = 80;
const QUICK_PAGES = 20;
const RESOLUTION_MS = 1;
const NANOSECONDS_PER_MS = 1e6;

/** How long others in the process wait for their turn while an export encodes as quickly as it can. */
export const jsonlEventLoop: BenchGroup = async function* ({ quick }) {
  const pages = takePages(quick ? QUICK_PAGES : PAGES);
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const encoder = jsonlEncoder({ compression });
    await encodePages(encoder, pages.slice(0, 5));
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    await encodePages(encoder, pages);
    delay.disable();
    for (const percentile of [99, 100]) {
      const value = delay.percentile(percentile) / NANOSECONDS_PER_MS;
      const name = `event-loop-delay-p${percentile}-${compression}`;
      yield { name, value, unit: 'ms', ratio: null, peer: null };
    }
  }
};

function takePages(count: number): readonly Buffer[] {
  const pages: Buffer[] = [];
  for (const page of spanPages('large', SEED)) {
    pages.push(page);
    if (pages.length === count) break;
  }
  return pages;
}
