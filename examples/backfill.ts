/**
 * Exports what was written in a span of time, once, beside the regular export: an id of its own, runs of 100,000 rows,
 * progress on the way. Call it again after a failure: it goes on where it was.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/backfill.ts 2026-01-01 2026-02-01
 */
import { createExporter, datePartitionedKeys, type Observer } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const [from = '', until = ''] = process.argv.slice(2);
if (![from, until].every((day) => /^\d{4}-\d\d-\d\d$/.test(day)))
  throw new Error('Give two days: the first one, and the one after the last.');

let exported = 0;
const observer: Observer = (event) => {
  if (event.type === 'commit') {
    exported += event.rows;
    console.log(`${exported} rows, up to ${event.watermark?.toISOString() ?? 'the first ones'}`);
  }
  if (event.type === 'retry') console.log(`${event.operation} again: ${event.reason}`);
};

const exporter = createExporter({
  id: `backfill-${from}-${until}`,
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
      requestsPerMinute: 15, // leaves some of the budget to others
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    from: new Date(from),
    until: new Date(until),
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/spans' }),
  keys: datePartitionedKeys({ by: 'created', layout: 'hive', prefix: 'backfill' }),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
  observer,
});

let result = await exporter.run({ maxRows: 100_000 });
while (result.stopReason === 'row-limit') result = await exporter.run({ maxRows: 100_000 });
console.log(`done: ${result.stopReason}`);
