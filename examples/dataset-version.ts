/**
 * Exports the datasets of a project as they were at one version, once: to train on, to compare, to keep. Call it again
 * after a failure: it goes on where it was. Without the version the datasets and all their changes are exported.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; DATASET_VERSION, an `_xact_id`; BRAINTRUST_API_URL outside of
 * the US region.
 * Command: npx tsx examples/dataset-version.ts
 */
import { createExporter, datePartitionedKeys } from 'tracehaul';
import { braintrustClient, datasetsSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const version = process.env.DATASET_VERSION ?? '';

const exporter = createExporter({
  id: `datasets-${version}`,
  source: datasetsSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    version,
    columns: ['input', 'expected', 'metadata', 'tags'],
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/datasets' }),
  keys: datePartitionedKeys({ by: 'created', layout: 'hive' }),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
});

const { rows, stopReason } = await exporter.run();
console.log(`${rows} rows as of ${version}, ${stopReason}`);
