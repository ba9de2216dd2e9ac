/** One run of the export in a process of its own, as a scheduler would start it. Reports to its parent. */
import { createExporter, datePartitionedKeys } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

import type { ChildMessage, RunTarget } from './runs.js';

const target = JSON.parse(process.argv[2] ?? '') as RunTarget;
const tell = (message: ChildMessage): void => void process.send?.(message);

const exporter = createExporter({
  id: 'spans',
  source: spansSource({
    client: braintrustClient({
      apiKey: target.apiKey,
      apiUrl: target.apiUrl,
      requestsPerMinute: Infinity,
    }),
    projectId: target.projectId,
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: `${target.output}/spans` }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: `${target.output}/cursors` }),
  object: { maxRows: 1_000 },
  // A short lease, so that nobody has to wait a minute for the run that is killed.
  limits: { leaseMs: 3_000, leaseRenewMs: 1_000 },
  observer: (event) => tell({ event }),
});

const result = await exporter.run();
tell({ result });
process.disconnect?.();
