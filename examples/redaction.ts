/**
 * Exports spans without personal data: prompts masked, users hashed so that rows can still be joined by them, card
 * numbers cut down to four digits. Shows one redacted row before it begins; see docs/redaction.md for the limits.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region; REDACTION_KEY, a
 *   secret of 16 bytes or more.
 * Command: npx tsx examples/redaction.ts
 */
import { createExporter, datePartitionedKeys, redact } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

const withoutPersonalData = redact(
  { paths: ['input', 'output', 'expected'], mask: '[redacted]' },
  { paths: ['metadata.user'], hash: { key: process.env.REDACTION_KEY ?? '' } },
  { patterns: [/[\w.+-]+@[\w-]+\.[\w.]+/], hash: { key: process.env.REDACTION_KEY ?? '' } },
  { patterns: [/\b\d{13,19}\b/], mask: { keepLast: 4 } },
);

const exporter = createExporter({
  id: 'spans-redacted',
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
  }),
  encoder: jsonlEncoder(),
  sink: fileSink({ root: './export/redacted' }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
  transform: withoutPersonalData,
});

const sample = await exporter.sample({ limit: 1 });
console.log(JSON.stringify(sample.rows[0]));
const { rows, stopReason } = await exporter.run();
console.log(`${rows} rows, ${stopReason}`);
