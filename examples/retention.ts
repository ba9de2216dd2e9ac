/**
 * Deletes the traces of a project that are older than 30 days, once they stand in its export. Called without a parameter
 * it exports, then marks or sweeps. `plan` shows what would go, and keeps it in plan.json; `confirm` does what that plan
 * says, which the first run over a long history needs; `cancel` takes the mark back.
 *
 * Environment: BRAINTRUST_API_KEY of a key that may delete, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US
 * region.
 * Command: npx tsx examples/retention.ts [plan | confirm | cancel]     (without parameter in a crontab, once an hour)
 */
import { readFile, writeFile } from 'node:fs/promises';

import {
  createExporter,
  createRetentionPolicy,
  datePartitionedKeys,
  isExportError,
  type RetentionPlan,
  type RetentionResult,
} from 'tracehaul';
import { braintrustClient, projectLogs, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const PLAN = 'plan.json';

const stop = new AbortController();
const { signal } = stop;
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));

const projectId = process.env.BRAINTRUST_PROJECT_ID ?? '';
const cursorStore = fileCursorStore({ root: './export/cursors' });
const client = braintrustClient({
  apiKey: process.env.BRAINTRUST_API_KEY ?? '',
  apiUrl: process.env.BRAINTRUST_API_URL,
});
const exporter = createExporter({
  id: 'spans',
  source: spansSource({ client, projectId }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/spans' }),
  keys: datePartitionedKeys(),
  cursorStore,
});
const policy = createRetentionPolicy({
  id: 'old-traces',
  target: projectLogs({ client, projectId }),
  keepDays: 30,
  requireExported: exporter,
  holds: [{ tags: ['keep'] }, { referencedBy: ['datasets'] }],
  cursorStore,
});

/** Half an hour for the export, and what is left of an hour for the deletions that rest on it. */
async function runOnce(): Promise<RetentionResult> {
  const { rows, stopReason } = await exporter.run({ signal, maxDurationMs: 30 * 60_000 });
  console.log(`${rows} rows exported, ${stopReason}`);
  return await policy.run({ signal, maxDurationMs: 20 * 60_000 });
}

async function makePlan(): Promise<void> {
  const plan = await policy.plan({ signal });
  await writeFile(PLAN, JSON.stringify(plan, null, 2));
  const { go, kept, held, brakes, outlook } = plan;
  console.log(`${go.units} traces of ${go.rows} spans would go`);
  console.log(JSON.stringify({ kept, held, brakes }));
  console.log(outlook);
}

async function confirm(): Promise<RetentionResult> {
  const plan = JSON.parse(await readFile(PLAN, 'utf8')) as RetentionPlan;
  return await policy.run({ plan, signal });
}

async function cancel(): Promise<void> {
  const { mark } = await policy.status({ signal });
  if (mark === null) return console.log('there is no mark');
  await policy.cancel(mark.id, { signal });
  console.log(`mark ${mark.id} is taken back`);
}

function tell({ stopReason, deleted, dueAt, receiptKey }: RetentionResult): void {
  console.log(`${deleted.units} traces of ${deleted.rows} spans deleted, ${stopReason}`);
  if (stopReason === 'marked' || stopReason === 'grace')
    console.log(`the sweep may begin at ${dueAt?.toISOString()}`);
  if (receiptKey !== null) console.log(`receipt: ${receiptKey}`);
}

try {
  const [command = 'run'] = process.argv.slice(2);
  if (command === 'plan') await makePlan();
  else if (command === 'cancel') await cancel();
  else if (command === 'confirm') tell(await confirm());
  else if (command === 'run') tell(await runOnce());
  else throw new Error(`no such command: ${command}`);
} catch (error) {
  console.error(isExportError(error) ? `${error.code}: ${error.message} ${error.remedy}` : error);
  process.exitCode = 1;
}
