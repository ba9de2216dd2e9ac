/**
 * Exports the spans of a project to local files: once an hour, however often it is called, in one process at a time.
 * SIGTERM and SIGINT end it politely; the next call goes on behind the last commit.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/cron.ts     (in a crontab: every five minutes)
 */
import {
  createExporter,
  datePartitionedKeys,
  INTERVALS_MS,
  isExportError,
  runIfDue,
} from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const cursorStore = fileCursorStore({ root: './export/cursors' });
const exporter = createExporter({
  id: 'spans',
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    sourceRetentionDays: 14,
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/spans' }),
  keys: datePartitionedKeys(),
  cursorStore,
  observer: (event) => {
    if (event.type === 'at-risk') console.warn('Rows will expire before they are exported.');
  },
});

try {
  const schedule = { cursorStore, id: 'spans', intervalMs: INTERVALS_MS.hourly };
  const outcome = await runIfDue(schedule, () =>
    exporter.run({ signal: stop.signal, maxDurationMs: 45 * 60_000 }),
  );
  if (outcome.ran) {
    const { rows, objects, stopReason, lagMs } = outcome.value;
    const lag = lagMs === null ? 'unknown' : `${Math.round(lagMs / 60_000)} min`;
    console.log(`${rows} rows in ${objects} files, ${stopReason}, lag ${lag}`);
  } else {
    console.log(`not due before ${outcome.nextDueAt.toISOString()}`);
  }
} catch (error) {
  console.error(isExportError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
