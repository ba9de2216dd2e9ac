/** A data plane with settled rows, in a process of its own. Arguments: rows, size. Sends `{ url, apiKey, projectId }`. */
import { generateSpans, type JsonRow, startDataPlane } from '../../src/entries/testing.js';

const [rows = '1000', size = 'small'] = process.argv.slice(2);
const ROWS_PER_INSERT = 500;
const DAY_MS = 86_400_000;

const plane = await startDataPlane({ maxAnswerBytes: Infinity });
const { id } = plane.createProject('bench');
const end = Date.now() - DAY_MS;
const start = end - 10 * DAY_MS;
const total = Number(rows);
let batch: JsonRow[] = [];
let written = 0;
for (const row of generateSpans({
  rows: total,
  size: size as 'small' | 'realistic',
  from: new Date(start),
  to: new Date(end),
})) {
  batch.push(row);
  if (batch.length < ROWS_PER_INSERT) continue;
  write();
}
if (batch.length > 0) write();
process.send?.({ url: plane.url, apiKey: plane.apiKey, projectId: id });

function write(): void {
  const at = new Date(start + (written / total) * (end - start));
  plane.insert('project_logs', id, batch, { at });
  written += batch.length;
  batch = [];
}
