import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type BenchGroup, type Figure, figure } from './figure.js';
import { withForkedPlane } from './plane-fork.js';
import type { RetentionReport } from './retention-host.js';

const ROWS = 1_000_000;
const QUICK_ROWS = 20_000;
/** A second project is deleted by the plain loop, whose costs a row are always the same. */
const LOOP_ROWS = 100_000;

interface Case {
  readonly name: string;
  readonly unit: 'trace' | 'row';
  readonly spans: number;
  /** Share of the rows that the benchmark is about. */
  readonly share: number;
}

const CASES: readonly Case[] = [
  { name: 'traces-of-10', unit: 'trace', spans: 10, share: 1 },
  { name: 'traces-of-2', unit: 'trace', spans: 2, share: 0.1 },
  { name: 'rows', unit: 'row', spans: 10, share: 0.1 },
];

/** What it takes to delete a million exported rows, and how much of it a loop without proof would take. */
export const retention: BenchGroup = async function* ({ quick }) {
  const loopRows = quick ? QUICK_ROWS : LOOP_ROWS;
  const loop = await deleteAll('loop', loopRows, { unit: 'row', spans: 10 });
  yield figure('requests.loop', perThousand(requestsOf(loop), loopRows), 'per 1,000 rows');
  for (const each of CASES) {
    const rows = (quick ? QUICK_ROWS : ROWS) * (quick ? 1 : each.share);
    const report = await deleteAll('policy', rows, each);
    yield* costFigures(each.name, { report, rows }, { report: loop, rows: loopRows });
    yield* hostFigures(each.name, { report, rows });
  }
};

interface Measured {
  readonly report: RetentionReport;
  readonly rows: number;
}

/** What the service sees, and the processor. */
function* costFigures(name: string, { report, rows }: Measured, loop: Measured): Generator<Figure> {
  const against = (value: number, other: number): Pick<Figure, 'ratio' | 'peer'> => ({
    ratio: value / other,
    peer: 'the plain loop',
  });
  const requests = perThousand(requestsOf(report), rows);
  const loopRequests = perThousand(requestsOf(loop.report), loop.rows);
  yield {
    ...figure(`requests.${name}`, requests, 'per 1,000 rows'),
    ...against(requests, loopRequests),
  };
  for (const [purpose, count] of Object.entries(report.requests))
    yield figure(`requests-${purpose}.${name}`, perThousand(count, rows), 'per 1,000 rows');
  yield figure(`requests-plan.${name}`, perThousand(report.planRequests, rows), 'per 1,000 rows');
  const hours = (report.hours / rows) * 1e6;
  const loopHours = (loop.report.hours / loop.rows) * 1e6;
  yield {
    ...figure(`hours-per-million-rows.${name}`, hours, 'h'),
    ...against(hours, loopHours),
  };
  const cpuMs = perThousand(report.cpuSeconds * 1e3, rows);
  const loopCpuMs = perThousand(loop.report.cpuSeconds * 1e3, loop.rows);
  yield {
    ...figure(`cpu-ms-per-1000-rows.${name}`, cpuMs, 'ms'),
    ...against(cpuMs, loopCpuMs),
  };
}

/** What the host of the policy sees, its disk and its cursor store. */
function* hostFigures(name: string, { report, rows }: Measured): Generator<Figure> {
  yield figure(`event-loop-delay-p99.${name}`, report.delayP99Ms, 'ms');
  yield figure(`rss-25-percent.${name}`, report.rssQuarterMb, 'MB');
  const ratio = report.rssEndMb / report.rssQuarterMb;
  yield { ...figure(`rss-99-percent.${name}`, report.rssEndMb, 'MB'), ratio, peer: '25 %' };
  yield figure(`rss-peak.${name}`, report.rssPeakMb, 'MB');
  yield figure(`row-index-reads.${name}`, report.indexReads, 'objects');
  yield figure(`row-index-read.${name}`, report.indexBytes / 1e6, 'MB');
  yield figure(`receipts.${name}`, perThousand(report.receipts, rows), 'per 1,000 rows');
  yield figure(`receipts-size.${name}`, perThousand(report.receiptBytes, rows) / 1e3, 'kB');
  yield figure(`saves.${name}`, perThousand(report.saves, rows), 'per 1,000 rows');
}

function perThousand(count: number, rows: number): number {
  return (count / rows) * 1_000;
}

function requestsOf({ requests }: RetentionReport): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

async function deleteAll(
  kind: 'policy' | 'loop',
  rows: number,
  { unit, spans }: Pick<Case, 'unit' | 'spans'>,
): Promise<RetentionReport> {
  const root = await mkdtemp(join(tmpdir(), 'bench-retention-'));
  try {
    const words = [String(rows / spans), String(spans), ...(kind === 'policy' ? [root] : [])];
    return await withForkedPlane(
      new URL('retention-plane.ts', import.meta.url),
      words,
      async (address) => {
        const script = fileURLToPath(new URL('./retention-host.ts', import.meta.url));
        const host = [script, kind, unit, String(rows), JSON.stringify(address), root];
        const { stdout } = await promisify(execFile)(process.execPath, [
          '--import',
          'tsx',
          ...host,
        ]);
        return JSON.parse(stdout) as RetentionReport;
      },
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
