/**
 * Exports two queries: the calls that scored low, as they are written, and how much each model was used, counted anew
 * by every call. The first grows by what is new; of the second each manifest names one whole table.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/model-usage.ts
 */
import { createExporter, datePartitionedKeys, readManifests } from 'tracehaul';
import { braintrustClient, btqlSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const client = braintrustClient({
  apiKey: process.env.BRAINTRUST_API_KEY ?? '',
  apiUrl: process.env.BRAINTRUST_API_URL,
});
const from = { kind: 'project_logs', ids: [process.env.BRAINTRUST_PROJECT_ID ?? ''] } as const;
const shared = {
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/queries' }),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
};

const lowScores = createExporter({
  id: 'low-scores',
  source: btqlSource({
    client,
    query: {
      from,
      select: ['id', '_xact_id', 'created', 'input', 'output', 'scores'],
      filter: 'scores.Factuality < 0.8 OR error IS NOT NULL',
    },
  }),
  keys: datePartitionedKeys({ by: 'created', prefix: 'low-scores' }),
  ...shared,
});

const modelUsage = createExporter({
  id: 'model-usage',
  source: btqlSource({
    client,
    query: {
      from,
      dimensions: 'metadata.model as model',
      measures: ['count(1) as calls', 'sum(metrics.tokens) as tokens'],
      filter: `span_attributes.type = 'llm'`,
    },
  }),
  keys: datePartitionedKeys({ prefix: 'model-usage' }),
  ...shared,
});

for (const exporter of [lowScores, modelUsage]) {
  const { steps } = await exporter.test();
  console.log(steps.find(({ step }) => step === 'mode')?.detail);
  const { rows, stopReason } = await exporter.run();
  console.log(`${exporter.id}: ${rows} rows, ${stopReason}`);
}

let newest: readonly string[] = [];
for await (const { manifest } of readManifests(shared.sink, { exportId: 'model-usage' }))
  newest = manifest.objects.map(({ key }) => key);
console.log(`the newest table: ${newest.length} files`);
