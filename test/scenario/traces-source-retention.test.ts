import { afterEach, beforeEach, expect, it } from 'vitest';

import type { Cursor, Page, Source } from '../../src/interfaces/index.js';
import { lastCursor, readPages, rowsOf, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';
import { traces, writeSpans } from '../support/traces.js';

const HOUR_SECONDS = 3_600;
const KEPT_SECONDS = 14 * 24 * HOUR_SECONDS;

let world: SpansWorld;

beforeEach(async () => {
  world = await startWorld({ planWindowDays: 14 });
});

afterEach(async () => {
  await world.plane.close();
});

async function firstPage(source: Source, cursor: Cursor | null): Promise<Page[]> {
  for await (const page of source.read({ cursor, pageSize: 1 })) return [page];
  return [];
}

const tracesOf = (pages: readonly Page[]): unknown[] =>
  pages.flatMap(rowsOf).map((row) => row['root_span_id']);

it('a backfill with nested spans goes on in a second run, however far the edge of the plan has moved', async () => {
  const projectId = world.plane.createProject('first').id;
  for (const trace of ['a', 'b', 'c']) {
    writeSpans(world, projectId, [{ trace, span: trace }]);
    world.pass(HOUR_SECONDS);
  }
  world.pass(KEPT_SECONDS - 4 * HOUR_SECONDS);
  const source = traces(world, { projectId, spans: true, sourceRetentionDays: 14 });
  const first = await firstPage(source, null);
  expect(tracesOf(first)).toEqual(['a']);
  world.pass(HOUR_SECONDS / 2);
  expect(tracesOf(await readPages(source, lastCursor(first)))).toEqual(['b', 'c']);
});
