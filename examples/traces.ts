/**
 * Exports the traces of a project as Parquet: one row each, with scores, tokens, cost and the spans nested. A trace that
 * changes later is exported again; the row with the highest _xact_id counts.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/traces.ts
 */
import { createExporter, datePartitionedKeys, isExportError } from 'tracehaul';
import { braintrustClient, tracesSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { parquetEncoder } from 'tracehaul/parquet';

const exporter = createExporter({
  id: 'traces',
  source: tracesSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    sourceRetentionDays: 14,
    spans: true,
  }),
  encoder: parquetEncoder({ schema: 'traces' }),
  sink: fileSink({ root: './export/traces' }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
});

try {
  const { rows, objects, stopReason } = await exporter.run();
  console.log(`${rows} traces in ${objects} files, ${stopReason}`);
} catch (error) {
  console.error(isExportError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
