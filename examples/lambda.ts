/**
 * An export in a function of AWS Lambda: each invocation reads and commits until a minute before its time is up, and the
 * next one goes on there. Progress is in the bucket, so invocations may overlap: one works, the others end with `locked`.
 *
 * Bundle it for Node.js 20 or later with the handler `lambda.handler`, allow its role what `iamPolicy()` says, give it
 * some minutes of time, and let a schedule invoke it.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region; EXPORT_BUCKET;
 *   region and credentials are those of the function.
 * Command: npx tsx -e "import('./examples/lambda.ts').then(({ handler }) => handler({}, { getRemainingTimeInMillis: () => 300_000 })).then(console.log)"
 */
import { createExporter, datePartitionedKeys, type RunResult } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { jsonlEncoder } from 'tracehaul/jsonl';
import { s3CursorStore, s3Sink } from 'tracehaul/s3';

/** Kept for the page under way and the last commit. */
const COMMIT_RESERVE_MS = 60_000;
/** Kept for giving back the lease, so that the next invocation does not find it locked. */
const CLOSE_RESERVE_MS = 10_000;

/** The part of Lambda's context that is used here. */
interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

const bucket = process.env.EXPORT_BUCKET ?? '';
// Made once, when the function starts: later invocations of the same instance use it again.
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
  sink: s3Sink({ bucket, prefix: 'braintrust', partsInFlight: 2 }),
  keys: datePartitionedKeys(),
  cursorStore: s3CursorStore({ bucket }),
});

/** What the invocation did. An error makes it a failed one; the next goes on all the same. */
export async function handler(
  _event: unknown,
  context: InvocationContext,
): Promise<Pick<RunResult, 'rows' | 'objects' | 'stopReason' | 'lagMs'>> {
  const remainingMs = context.getRemainingTimeInMillis();
  const { rows, objects, stopReason, lagMs } = await exporter.run({
    maxDurationMs: Math.max(0, remainingMs - COMMIT_RESERVE_MS),
    signal: AbortSignal.timeout(Math.max(0, remainingMs - CLOSE_RESERVE_MS)),
  });
  return { rows, objects, stopReason, lagMs };
}
