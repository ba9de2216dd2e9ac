/**
 * The whole job on one machine: an in-process Braintrust data plane, rows that the official SDK wrote, an export to
 * local files in several runs, one of them killed half-way, a proof that every row version arrived once, and a policy that
 * deletes old traces which are proven to be in those files.
 *
 * Command: npm run demo
 * Environment: none. Writes to ./demo-output, which it empties first.
 */
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';

import { startDataPlane } from 'tracehaul/testing';

import { giveFeedback, traceApplication } from './application.js';
import { addHistory, surfaceLate, updateRows, writeLate } from './history.js';
import { headline, note, printRuns } from './print.js';
import { proveExport } from './proof.js';
import { deleteOld } from './retention.js';
import { runInProcess } from './runs.js';

const OUTPUT = resolve('demo-output');
const MINUTE_MS = 60_000;

/** The plane's clock: behind ours at first, so that the demo can let minutes pass. */
const clock = {
  offsetMs: -40 * MINUTE_MS,
  now: () => new Date(Date.now() + clock.offsetMs),
  advance: (minutes: number) => (clock.offsetMs += minutes * MINUTE_MS),
};

const startedAt = Date.now();
await rm(OUTPUT, { recursive: true, force: true });
const plane = await startDataPlane({ clock });
try {
  headline('A Braintrust data plane in this process');
  const project = plane.createProject('support-assistant');
  const rows = addHistory(plane, project.id);
  note(`${rows} spans of three days of history`);
  const traced = await traceApplication(plane, 'support-assistant');
  note(`${traced.spans} spans of ${traced.requests} requests, traced by the official SDK`);
  clock.advance(5);

  const target = { apiUrl: plane.url, apiKey: plane.apiKey, projectId: project.id, output: OUTPUT };
  const runs = [];

  headline('The first run, killed half-way');
  runs.push(await runInProcess(target, { killAfterCommits: 1 }));
  headline('The next run carries on');
  runs.push(await runInProcess(target));

  headline('Updates, feedback and late rows');
  const late = writeLate(plane, project.id);
  note(`${updateRows(plane, project.id)} rows updated`);
  note(`${await giveFeedback(plane, 'support-assistant', traced.rootIds)} scores given to traces`);
  clock.advance(5);
  runs.push(await runInProcess(target));
  note(`${surfaceLate(plane, late)} rows surface that the service had held back`);
  clock.advance(4);
  runs.push(await runInProcess(target));
  headline('Nothing new: nothing is written');
  clock.advance(4);
  runs.push(await runInProcess(target));

  printRuns(runs);
  const proven = await proveExport(plane, { projectId: project.id, output: OUTPUT });
  headline('Proof');
  for (const line of proven) note(line);
  headline('Traces of over two days, deleted by policy');
  const passHour = (): void => void clock.advance(60);
  const place = { plane, projectId: project.id, output: OUTPUT, passHour, now: clock.now };
  for (const line of await deleteOld(place)) note(line);
  note(`${((Date.now() - startedAt) / 1_000).toFixed(1)} s; the files are in ./demo-output`);
} finally {
  await plane.close();
}
