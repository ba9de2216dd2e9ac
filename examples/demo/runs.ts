import { fork } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { ExportEvent, RunResult } from 'tracehaul';

import { note } from './print.js';

const CHILD = fileURLToPath(new URL('./export-process.ts', import.meta.url));
const LOCKED_PAUSE_MS = 300;
const LOCKED_PAUSES_MAX = 60;

/** What a process needs to run the export. */
export interface RunTarget {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly projectId: string;
  readonly output: string;
}

export interface RunSummary {
  readonly ended: string;
  readonly rows: number;
  readonly lateRows: number;
  readonly objects: number;
  readonly bytes: number;
  readonly sourceRequests: number;
  readonly seconds: number;
}

/** What the process tells its parent. */
export type ChildMessage = { readonly event: ExportEvent } | { readonly result: RunResult };

/** Runs the export in a process of its own; with `killAfterCommits` it is killed inside the commit after those. */
export async function runInProcess(
  target: RunTarget,
  options: { readonly killAfterCommits?: number } = {},
): Promise<RunSummary> {
  for (let pause = 0; pause < LOCKED_PAUSES_MAX; pause += 1) {
    const summary = await runOnce(target, options.killAfterCommits ?? Infinity);
    if (summary.ended !== 'locked') return summary;
    if (pause === 0) note('the dead run still holds its lease of 3 s: waiting');
    await wait(LOCKED_PAUSE_MS);
  }
  throw new Error('The export stays locked.');
}

async function runOnce(target: RunTarget, killAfterCommits: number): Promise<RunSummary> {
  const started = Date.now();
  const child = fork(CHILD, [JSON.stringify(target)], { execArgv: ['--import', 'tsx'] });
  const seen = { commits: 0, rows: 0, bytes: 0, objects: 0, late: 0, requests: 0 };
  let ended = '';
  child.on('message', (message: ChildMessage) => {
    if ('result' in message) {
      ended = message.result.stopReason;
      return;
    }
    const { event } = message;
    if (event.type === 'commit') {
      seen.commits += 1;
      seen.rows += event.rows;
      seen.bytes += event.bytes;
      seen.objects += event.objects;
      note(`commit ${event.sequence}: ${event.rows} rows`);
    }
    if (event.type === 'recovery')
      note(`carried out commit ${event.sequence}, which the dead run had decided`);
    if (event.type === 'stray-remove') note('removed a file that the dead run had begun');
    if (event.type === 'late-rows') seen.late += event.rows;
    if (event.type === 'request' && event.target === 'source') seen.requests += 1;
    const isHalfWay = event.type === 'request' && event.operation === 'object-commit';
    if (isHalfWay && seen.commits >= killAfterCommits && child.kill('SIGKILL')) note('SIGKILL');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0 && code !== null) throw new Error(`The export process ended with ${code}.`);
  return {
    ended: code === null ? 'killed' : ended,
    rows: seen.rows,
    lateRows: seen.late,
    objects: seen.objects,
    bytes: seen.bytes,
    sourceRequests: seen.requests,
    seconds: (Date.now() - started) / 1_000,
  };
}
