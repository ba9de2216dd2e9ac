/**
 * Exports the spans of a project to a bucket of S3, progress included: once an hour, however often it is called, on any
 * number of machines. No disk is needed. SIGTERM and SIGINT end it politely; the next call goes on behind the last commit.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region; EXPORT_BUCKET;
 *   AWS_REGION and credentials as the AWS SDK finds them; AWS_ENDPOINT_URL_S3 for another service than AWS.
 * Command: npx tsx examples/s3-cron.ts     (in a crontab: every five minutes)
 */
import {
  createExporter,
  datePartitionedKeys,
  INTERVALS_MS,
  isExportError,
  runIfDue,
} from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { jsonlEncoder } from 'tracehaul/jsonl';
import { s3CursorStore, s3Sink } from 'tracehaul/s3';

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const bucket = process.env.EXPORT_BUCKET ?? '';
const cursorStore = s3CursorStore({ bucket });
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
  sink: s3Sink({ bucket, prefix: 'braintrust' }),
  keys: datePartitionedKeys(),
  cursorStore,
});

try {
  const schedule = {
    cursorStore,
    id: 'spans',
    intervalMs: INTERVALS_MS.hourly,
    signal: stop.signal,
  };
  const outcome = await runIfDue(schedule, () =>
    exporter.run({ signal: stop.signal, maxDurationMs: 45 * 60_000 }),
  );
  if (outcome.ran) {
    const { rows, objects, stopReason } = outcome.value;
    console.log(`${rows} rows in ${objects} objects, ${stopReason}`);
  } else {
    console.log(`not due before ${outcome.nextDueAt.toISOString()}`);
  }
} catch (error) {
  console.error(isExportError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
