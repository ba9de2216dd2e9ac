/**
 * Makes a training set of logged model calls: one JSON object with `input` and `expected` a line. `expected` is what a
 * reviewer or a user corrected, and what the model answered where nobody did. Calls that were scored badly stay out.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/fine-tuning-file.ts training-set.jsonl 1000
 */
import { createWriteStream } from 'node:fs';

import { exportOnce, type Row } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { jsonlEncoder } from 'tracehaul/jsonl';

const SCORE_MIN = 0.5;
const [path = 'training-set.jsonl', limit = '1000'] = process.argv.slice(2);

function isGood({ scores }: Row): boolean {
  const values = Object.values((scores ?? {}) as Record<string, number | null>);
  return values.every((score) => score === null || score >= SCORE_MIN);
}

const result = await exportOnce({
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    filter: "span_attributes.type = 'llm'",
    columns: ['input', 'output', 'expected', 'scores'],
  }),
  encoder: jsonlEncoder({ compression: 'none' }),
  writable: createWriteStream(path),
  limit: Number(limit),
  transform: (row) => {
    const expected = row['expected'] ?? row['output'] ?? null;
    return expected === null || !isGood(row) ? null : { input: row['input'], expected };
  },
  onProgress: ({ rows, pages }) => console.log(`${rows} lines of ${pages} pages`),
});
const left = result.complete ? 'that is all' : 'there is more';
console.log(`${result.rows} lines, ${result.droppedRows} calls left out, ${left}`);
