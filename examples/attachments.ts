/**
 * Exports spans together with the images and documents that they name: each file once, under the digest of its content,
 * before any row that names it is there. Files that could not be copied are told, and the rows say why.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/attachments.ts
 */
import { createExporter, datePartitionedKeys } from 'tracehaul';
import { braintrustAttachments, braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const service = {
  apiKey: process.env.BRAINTRUST_API_KEY ?? '',
  apiUrl: process.env.BRAINTRUST_API_URL,
};
// A client of its own: links to files then take nothing from the budget of queries.
const filesClient = braintrustClient({ ...service, requestsPerMinute: 300 });

const exporter = createExporter({
  id: 'spans-with-files',
  source: spansSource({
    client: braintrustClient(service),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/spans-with-files' }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
  attachments: {
    fetcher: braintrustAttachments({ client: filesClient }),
    contentTypes: ['image/*', 'application/pdf'],
  },
  observer: (event) => {
    if (event.type === 'attachment-error') console.log(`${event.rowId}: a file is ${event.reason}`);
  },
});
const { rows, attachments } = await exporter.run();
console.log(`${rows} rows, ${attachments.copied} files copied, ${attachments.failed} not`);
