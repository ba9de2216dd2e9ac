/**
 * Writes the scores of the last seven days as CSV, one line for each score, for a spreadsheet. The file goes to a folder
 * under a name of its own each time, and is there only when it is whole.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/weekly-report.ts ./reports
 */
import { exportOnce, type Row } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { csvEncoder } from 'tracehaul/csv';
import { fileSink } from 'tracehaul/fs';

const WEEK_MS = 7 * 24 * 60 * 60 * 1_000;
const [root = './reports'] = process.argv.slice(2);

/** A line for each score of a span; nothing for a span without any. */
function linesOf(span: Row): readonly Row[] {
  const scores = Object.entries((span['scores'] ?? {}) as Record<string, number | null>);
  const { created, id, tags } = span;
  const { name } = (span['span_attributes'] ?? {}) as { readonly name?: string };
  return scores.map(([score, value]) => ({ created, span: id, name, score, value, tags }));
}

const result = await exportOnce({
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
    filter: 'scores IS NOT NULL',
    columns: ['created', 'span_attributes', 'scores', 'tags'],
    from: new Date(Date.now() - WEEK_MS),
  }),
  encoder: csvEncoder({
    columns: ['created', 'span', 'name', 'score', 'value', 'tags'],
    drift: 'omit',
    formulaGuard: true,
    compression: 'none',
  }),
  sink: fileSink({ root }),
  name: 'scores',
  transform: linesOf,
});
console.log(`${result.rows} scores in ${result.key}`);
