import { expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import {
  manualClock,
  memoryCursorStore,
  memorySink,
  scriptedSource,
} from '../../src/entries/testing.js';
import {
  createExporter,
  type AttachmentFetcher,
  type Exporter,
  type Sink,
} from '../../src/index.js';
import { abortable } from '../../src/util/abortable.js';
import { exportedRows, fileShelf, rowNaming } from '../support/attached-files.js';
import { plainKeys } from '../support/plain-keys.js';

const idsOf = (sink: ReturnType<typeof memorySink>): unknown[] =>
  exportedRows(sink).map((row) => row['id']);

/** An exporter of one page for each file, with a row that names it. */
function exporterOf(
  files: readonly string[],
  parts: {
    readonly sink: Sink;
    readonly fetcher: AttachmentFetcher;
    readonly clock: ReturnType<typeof manualClock>;
  },
): Exporter {
  const pages = files.map((file, page) => ({ rows: [rowNaming(String(page + 1), file)] }));
  return createExporter({
    id: 'prod',
    source: scriptedSource(pages),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink: parts.sink,
    keys: plainKeys(),
    cursorStore: memoryCursorStore(),
    attachments: { fetcher: parts.fetcher },
    runtime: parts.clock,
  });
}

it('copying ends with the time of a run: the pages before are committed, the next run copies the rest', async () => {
  const clock = manualClock({ autoAdvance: true });
  const shelf = fileShelf({ a: 'alpha', slow: 'beta' });
  let isSlow = true;
  const fetcher: AttachmentFetcher = {
    ...shelf,
    fetch: async (reference, options) => {
      if (!isSlow || reference.id !== 'slow') return await shelf.fetch(reference, options);
      void clock.advance(60_000);
      return await abortable(new Promise<never>(() => undefined), options.signal!);
    },
  };
  const sink = memorySink();
  const exporter = exporterOf(['a', 'slow'], { sink, fetcher, clock });
  const first = await exporter.run({ maxDurationMs: 60_000 });
  expect(first).toMatchObject({ stopReason: 'time-limit', rows: 1 });
  expect(idsOf(sink)).toEqual(['1']);
  isSlow = false;
  const second = await exporter.run({ maxDurationMs: 60_000 });
  expect(second).toMatchObject({ stopReason: 'caught-up', rows: 1 });
  expect(idsOf(sink)).toEqual(['1', '2']);
});

it('the files of a first page are waited for, or no run would get on', async () => {
  const clock = manualClock({ autoAdvance: true });
  const shelf = fileShelf({ a: 'alpha', b: 'beta' });
  const fetcher: AttachmentFetcher = {
    ...shelf,
    fetch: async (reference, options) => {
      await clock.advance(60_000);
      return await shelf.fetch(reference, options);
    },
  };
  const sink = memorySink();
  const exporter = exporterOf(['a', 'b'], { sink, fetcher, clock });
  const runs = [await exporter.run({ maxDurationMs: 1 }), await exporter.run({ maxDurationMs: 1 })];
  expect(runs.map(({ rows }) => rows)).toEqual([1, 1]);
  expect(idsOf(sink)).toEqual(['1', '2']);
});
