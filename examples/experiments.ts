/**
 * Exports all experiments of a project, new ones by themselves: their rows, and what the service says of each
 * experiment (name, tags, metadata, the dataset it ran on). The project is given by its name, which may change later.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_NAME; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/experiments.ts
 */
import { createExporter, datePartitionedKeys } from 'tracehaul';
import { braintrustClient, experimentsSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const client = braintrustClient({
  apiKey: process.env.BRAINTRUST_API_KEY ?? '',
  apiUrl: process.env.BRAINTRUST_API_URL,
});
const projectName = process.env.BRAINTRUST_PROJECT_NAME ?? '';
const cursorStore = fileCursorStore({ root: './export/cursors' });

for (const content of ['rows', 'metadata'] as const) {
  const exporter = createExporter({
    id: `experiment-${content}`,
    source: experimentsSource({ client, projectName, content }),
    encoder: jsonlEncoder(),
    sink: fileSink({ root: `./export/experiment-${content}` }),
    keys: datePartitionedKeys({ by: 'created', layout: 'hive' }),
    cursorStore,
    observer: (event) => {
      if (event.type === 'object-error') console.log(`left out: ${event.message}`);
    },
  });
  const { rows, stopReason } = await exporter.run();
  console.log(`${content}: ${rows} rows, ${stopReason}`);
}
