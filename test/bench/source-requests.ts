import { braintrustClient, btqlSource, tracesSource } from '../../src/entries/braintrust.js';
import type { DataPlane } from '../../src/entries/testing.js';
import { startDataPlane } from '../../src/entries/testing.js';
import type { Source } from '../../src/index.js';
import type { BenchGroup } from './figure.js';
import { figure } from './figure.js';

const SPANS = 200_000;
const QUICK_SPANS = 20_000;
const SPANS_PER_TRACE = 10;
/** Traces that are written at the same time, so that the spans of one lie between those of others. */
const TRACES_AT_ONCE = 20;

/** How many requests sources make of a million settled spans. */
export const sourceRequests: BenchGroup = async function* ({ quick }) {
  const spans = quick ? QUICK_SPANS : SPANS;
  for (const nested of [false, true]) {
    const requests = await requestsFor({ spans, rows: spans / SPANS_PER_TRACE }, (place) =>
      tracesSource({ ...place, spans: nested }),
    );
    const name = `requests.traces${nested ? '-with-spans' : ''}`;
    yield figure(name, (requests / spans) * 1e6, 'requests per million spans');
  }
  for (const [name, ending] of QUERIES) {
    const requests = await requestsFor({ spans, rows: spans }, ({ client, projectId }) =>
      btqlSource({ client, query: `select: id | from: project_logs('${projectId}')${ending}` }),
    );
    yield figure(`requests.btql-${name}`, (requests / spans) * 1e6, 'requests per million spans');
  }
};

/** One query for each way in which rows of objects are read. */
const QUERIES = [
  ['incremental', ''],
  ['snapshot', ' | sort: created'],
  ['sorted', ` | sort: created desc | limit: ${SPANS}`],
] as const;

interface Place {
  readonly client: ReturnType<typeof braintrustClient>;
  readonly projectId: string;
}

async function requestsFor(
  { spans, rows: wanted }: { readonly spans: number; readonly rows: number },
  sourceOf: (place: Place) => Source,
): Promise<number> {
  const clock = { nowMs: Date.parse('2026-03-01T12:00:00Z'), now: () => new Date(clock.nowMs) };
  const plane = await startDataPlane({ clock });
  try {
    const { id: projectId } = plane.createProject('bench');
    writeTraces(plane, projectId, { spans, pass: () => (clock.nowMs += 1_000) });
    clock.nowMs += 600_000;
    const { url: apiUrl, apiKey } = plane;
    const client = braintrustClient({ apiUrl, apiKey, requestsPerMinute: Infinity });
    let rows = 0;
    for await (const page of sourceOf({ client, projectId }).read({
      cursor: null,
      pageSize: 1_000,
    }))
      rows += page.rows.length;
    if (rows !== wanted) throw new Error(`${rows} rows were read, not ${wanted}.`);
    return plane.requests.count({ path: '/btql' });
  } finally {
    await plane.close();
  }
}

interface Writing {
  readonly spans: number;
  readonly pass: () => void;
}

function writeTraces(plane: DataPlane, projectId: string, { spans, pass }: Writing): void {
  const traces = spans / SPANS_PER_TRACE;
  for (let first = 0; first < traces; first += TRACES_AT_ONCE) {
    for (let span = 0; span < SPANS_PER_TRACE; span += 1) {
      const events = Array.from({ length: TRACES_AT_ONCE }, (_, index) => ({
        id: `span-${first + index}-${span}`,
        span_id: span === 0 ? `trace-${first + index}` : `span-${first + index}-${span}`,
        root_span_id: `trace-${first + index}`,
        ...(span > 0 && { span_parents: [`trace-${first + index}`] }),
        input: 'x',
      }));
      plane.insert('project_logs', projectId, events);
      pass();
    }
  }
}
