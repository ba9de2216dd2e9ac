/**
 * Deletes what a plane has, in a process of its own, on a clock that no wait takes time of. Arguments: what deletes
 * (`policy` or `loop`), the unit, the rows that there are, the plane's address as JSON, the folder of the export.
 * Prints a {@link RetentionReport}.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { manualClock } from '../../src/entries/testing.js';
import type { PlaneAddress } from './plane-fork.js';
import { plainLoop } from './retention-loop.js';
import { measuredPolicy } from './retention-policy.js';
import { MemoryByShare, type MemoryReport } from './retention-memory.js';
import { RequestCounts } from './retention-requests.js';

const NANOSECONDS_PER_MS = 1e6;

/** What a deletion of all rows cost the process that did it. */
export interface RetentionReport extends MemoryReport {
  /** By their purpose. */
  readonly requests: Readonly<Record<string, number>>;
  /** By the manual clock, at 20 requests a minute. */
  readonly hours: number;
  readonly cpuSeconds: number;
  readonly delayP99Ms: number;
  readonly planRequests: number;
  readonly saves: number;
  readonly receipts: number;
  readonly receiptBytes: number;
  /** Row indexes, read from the sink and held. */
  readonly indexReads: number;
  readonly indexBytes: number;
}

/** What is measured while rows go. */
export interface Measuring {
  readonly rows: number;
  readonly unit: 'trace' | 'row';
  readonly address: PlaneAddress;
  readonly exportRoot: string;
  readonly clock: ReturnType<typeof manualClock>;
  readonly requests: RequestCounts;
  /** Told how many rows more are gone. */
  readonly gone: (rows: number) => void;
  /** Told when all is made ready, and only deleting is left. */
  readonly begin: () => void;
}

/** What only a policy has. */
export type PolicyReport = Pick<
  RetentionReport,
  'planRequests' | 'saves' | 'receipts' | 'receiptBytes' | 'indexReads' | 'indexBytes'
>;

const NO_POLICY: PolicyReport = {
  planRequests: 0,
  saves: 0,
  receipts: 0,
  receiptBytes: 0,
  indexReads: 0,
  indexBytes: 0,
};

const [kind, unit, rows = '0', address = '{}', exportRoot = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure()));

async function measure(): Promise<RetentionReport> {
  const clock = manualClock({ now: new Date(), autoAdvance: true });
  const requests = new RequestCounts();
  const memory = new MemoryByShare(Number(rows));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let cpuBefore = process.cpuUsage();
  let startedAt = clock.now();
  const measuring: Measuring = {
    rows: Number(rows),
    unit: unit === 'row' ? 'row' : 'trace',
    address: JSON.parse(address) as PlaneAddress,
    exportRoot,
    clock,
    requests,
    gone: (more) => memory.gone(more),
    begin: () => {
      requests.clear();
      startedAt = clock.now();
      cpuBefore = process.cpuUsage();
      delay.enable();
    },
  };
  const policy = kind === 'policy' ? await measuredPolicy(measuring) : await plainLoop(measuring);
  delay.disable();
  const cpu = process.cpuUsage(cpuBefore);
  return {
    ...(policy ?? NO_POLICY),
    ...memory.report,
    requests: requests.byPurpose,
    hours: (clock.now().getTime() - startedAt.getTime()) / 3.6e6,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    delayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
  };
}
