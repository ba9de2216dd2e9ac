/**
 * A sink that wraps another and tells somebody of each new object, at least once: a warehouse that loads on demand, a
 * message queue. The telling belongs to the commit: when the process dies before it, the next run commits again and
 * tells again. An event would be lost.
 *
 * Environment: BRAINTRUST_API_KEY, BRAINTRUST_PROJECT_ID; BRAINTRUST_API_URL outside of the US region.
 * Command: npx tsx examples/custom-sink.ts
 */
import { createExporter, datePartitionedKeys, type OperationOptions, type Sink } from 'tracehaul';
import { braintrustClient, spansSource } from 'tracehaul/braintrust';
import { fileCursorStore, fileSink } from 'tracehaul/fs';
import { jsonlEncoder } from 'tracehaul/jsonl';

/** Must be quick, obey the signal, and do no harm when it is called twice. */
type Announce = (key: string, options?: OperationOptions) => Promise<void>;

function announcingSink(inner: Sink, announce: Announce): Sink {
  return {
    name: inner.name,
    location: inner.location,
    settleMs: inner.settleMs,
    open: (head, options) => inner.open(head, options),
    commit: async (prepared, options) => {
      const outcome = await inner.commit(prepared, options);
      if (outcome === 'committed' && !prepared.key.startsWith('_'))
        await announce(prepared.key, options);
      return outcome;
    },
    put: (key, bytes, options) => inner.put(key, bytes, options),
    get: (key, options) => inner.get(key, options),
    head: (key, options) => inner.head(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key, options) => inner.remove(key, options),
    strays: (exportId, options) => inner.strays(exportId, options),
    discard: (exportId, stray, options) => inner.discard(exportId, stray, options),
    probe: (options) => inner.probe?.(options) ?? noSteps(),
  };
}

async function* noSteps(): AsyncGenerator<never> {}

const exporter = createExporter({
  id: 'spans',
  source: spansSource({
    client: braintrustClient({
      apiKey: process.env.BRAINTRUST_API_KEY ?? '',
      apiUrl: process.env.BRAINTRUST_API_URL,
    }),
    projectId: process.env.BRAINTRUST_PROJECT_ID ?? '',
  }),
  encoder: jsonlEncoder(),
  sink: announcingSink(fileSink({ root: './export/spans' }), async (key) => {
    console.log(`new object: ${key}`);
  }),
  keys: datePartitionedKeys(),
  cursorStore: fileCursorStore({ root: './export/cursors' }),
});
const { rows, stopReason } = await exporter.run();
console.log(`${rows} rows, ${stopReason}`);
