/**
 * A data plane with old traces, in a process of its own. Arguments: traces, spans of each, and a folder into which they
 * are exported, if one is given. Sends `{ url, apiKey, projectId }`.
 */
import { join } from 'node:path';

import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { type DataPlane, type JsonRow, startDataPlane } from '../../src/entries/testing.js';
import { benchExporter } from './measured-export.js';

/** Traces that are written at the same time, so that the spans of one lie between those of others. */
const TRACES_AT_ONCE = 20;
const DAY_MS = 86_400_000;
const OLDEST_DAYS = 60;
const NEWEST_DAYS = 40;

const [traces = '10', spans = '10', exportRoot] = process.argv.slice(2);
const plane = await startDataPlane({ maxAnswerBytes: Infinity });
const { id } = plane.createProject('bench');
writeTraces(plane, id, { traces: Number(traces), spans: Number(spans) });
const address = { url: plane.url, apiKey: plane.apiKey, projectId: id };
if (exportRoot !== undefined) {
  const { rows } = await benchExporter(address, {
    sink: fileSink({ root: join(exportRoot, 'data') }),
    cursorStore: fileCursorStore({ root: join(exportRoot, 'cursors') }),
  }).run();
  if (rows !== Number(traces) * Number(spans)) throw new Error(`${rows} rows were exported.`);
}
process.send?.(address);

function writeTraces(
  to: DataPlane,
  projectId: string,
  size: { readonly traces: number; readonly spans: number },
): void {
  const start = Date.now() - OLDEST_DAYS * DAY_MS;
  const stepMs = ((OLDEST_DAYS - NEWEST_DAYS) * DAY_MS) / (size.traces * size.spans);
  for (let first = 0; first < size.traces; first += TRACES_AT_ONCE)
    for (let span = 0; span < size.spans; span += 1) {
      const at = new Date(start + (first * size.spans + span * TRACES_AT_ONCE) * stepMs);
      const count = Math.min(TRACES_AT_ONCE, size.traces - first);
      const events = Array.from({ length: count }, (_, index) => spanOf(first + index, span));
      to.insert('project_logs', projectId, events, { at });
    }
}

function spanOf(trace: number, span: number): JsonRow {
  const root = `trace-${trace}`;
  const text = `Question ${trace}, step ${span}: what does the archive say about it?`;
  if (span === 0) return { id: root, span_id: root, root_span_id: root, input: { text } };
  const id = `${root}-${span}`;
  return { id, span_id: id, root_span_id: root, span_parents: [root], input: { text } };
}
