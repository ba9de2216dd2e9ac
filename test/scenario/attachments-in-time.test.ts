import { expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import {
  manualClock,
  memoryCursorStore,
  memorySink,
  scriptedSource,
} from '../../src/entries/testing.js';
import { createExporter, type AttachmentFetcher } from '../../src/index.js';
import { abortable } from '../../src/util/abortable.js';
import { exportedRows, fileShelf, rowNaming } from '../support/attached-files.js';
import { plainKeys } from '../support/plain-keys.js';

const idsOf = (sink: ReturnType<typeof memorySink>): unknown[] =>
  exportedRows(sink).map((row) => row['id']);

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
  const exporter = createExporter({
    id: 'prod',
    source: scriptedSource([{ rows: [rowNaming('1', 'a')] }, { rows: [rowNaming('2', 'slow')] }]),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink,
    keys: plainKeys(),
    cursorStore: memoryCursorStore(),
    attachments: { fetcher },
    runtime: clock,
  });
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
  const exporter = createExporter({
    id: 'prod',
    source: scriptedSource([{ rows: [rowNaming('1', 'a')] }, { rows: [rowNaming('2', 'b')] }]),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink,
    keys: plainKeys(),
    cursorStore: memoryCursorStore(),
    attachments: { fetcher },
    runtime: clock,
  });
  const runs = [await exporter.run({ maxDurationMs: 1 }), await exporter.run({ maxDurationMs: 1 })];
  expect(runs.map(({ rows }) => rows)).toEqual([1, 1]);
  expect(idsOf(sink)).toEqual(['1', '2']);
});
