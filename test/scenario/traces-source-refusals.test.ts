import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BraintrustClient } from '../../src/braintrust/client/client.js';
import { memoryCursorStore, type Row } from '../../src/index.js';
import { rowBatchFromObjects } from '../../src/rows/row-batch.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { spanExporter } from '../support/span-export.js';
import { readPages, rowsOf, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';
import { liveTracesOf, traces, traceVersionsOf, writeSpans } from '../support/traces.js';

let world: SpansWorld;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  projectId = world.plane.createProject('first').id;
  writeSpans(world, projectId, [
    { trace: 't', span: 't' },
    { trace: 't', span: 'a' },
    { trace: 'u', span: 'u' },
  ]);
  world.pass(200);
});

afterEach(async () => {
  await world.plane.close();
});

/** The client of the world; answers to queries of a shape have other rows. */
function alteredClient(shape: string, alter: (rows: readonly Row[]) => Row[]): BraintrustClient {
  const { client } = world;
  return {
    apiUrl: client.apiUrl,
    get: client.get.bind(client),
    reserve: client.reserve.bind(client),
    send: client.send.bind(client),
    query: async (query, options) => {
      const answer = await client.query(query, options);
      const isMeant = JSON.stringify(query).includes(`"shape":"${shape}"`);
      if (!isMeant) return answer;
      const rows = rowBatchFromObjects(alter(answer.rows.objects()));
      return { ...answer, rows, cursor: rows.length === 0 ? null : answer.cursor };
    },
  };
}

const read = async (client: BraintrustClient): Promise<string[]> =>
  traceVersionsOf(await readPages(traces(world, { client, projectId })));

describe('an answer with summaries is refused', () => {
  it.each<[string, (rows: readonly Row[]) => Row[], RegExp]>([
    ['that has a trace twice', (rows) => [...rows, ...rows.slice(0, 1)], /twice \(row 2\)/],
    [
      'of a trace that nobody asked for',
      (rows) => rows.map((row) => ({ ...row, root_span_id: 'x' })),
      /not asked for/,
    ],
    ['that lacks a trace with a root', (rows) => rows.slice(1), /no summary of the trace/],
  ])('%s', async (_, alter, message) => {
    const failed = read(alteredClient('summary', alter));
    await expect(failed).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    await expect(failed).rejects.toThrow(message);
  });
});

describe('a summary', () => {
  it('that does not say when its root was created has it from the root', async () => {
    const client = alteredClient('summary', (rows) =>
      rows.map(({ created: _created, id: _id, ...row }) => row),
    );
    const pages = await readPages(traces(world, { client, projectId }));
    const roots = world.plane
      .liveRows('project_logs', projectId)
      .filter((row) => row['is_root'] === true);
    const pick = (rows: readonly Row[]): string[] =>
      rows.map(({ id, created }) => `${String(id)} ${String(created)}`).sort();
    expect(pick(pages.flatMap(rowsOf))).toEqual(pick(roots));
  });

  it('keeps members that nobody knows, and not its own version', async () => {
    const client = alteredClient('summary', (rows) =>
      rows.map((row) => ({ ...row, brand_new: [1.5], _xact_id: '1' })),
    );
    const pages = await readPages(traces(world, { client, projectId }));
    expect(traceVersionsOf(pages).sort()).toEqual(liveTracesOf(world, projectId).sort());
    expect(pages.flatMap(rowsOf).every((row) => String(row['brand_new']) === '1.5')).toBe(true);
  });
});

describe('a span that names no trace', () => {
  const client = (): BraintrustClient =>
    alteredClient('spans', (rows) =>
      rows.map((row) => (row['root_span_id'] === 'u' ? { ...row, root_span_id: null } : row)),
    );

  it('is a row that an exporter stops at', async () => {
    const parts = {
      source: traces(world, { client: client(), projectId }),
      sink: memorySink(),
      cursorStore: memoryCursorStore(),
    };
    await expect(spanExporter(parts).run()).rejects.toMatchObject({ code: 'ROW_INVALID' });
  });

  it('is a dead letter when that is asked for, and the traces are exported', async () => {
    const parts = {
      source: traces(world, { client: client(), projectId }),
      sink: memorySink(),
      cursorStore: memoryCursorStore(),
    };
    const result = await spanExporter(parts, { onBadRow: 'dead-letter' }).run();
    expect(result).toMatchObject({ rows: 1, rejectedRows: 1 });
  });
});

describe('an answer with some of the summaries', () => {
  it('is asked for the others: what a filter leaves out is known by an answer that has no more', async () => {
    const cut = alteredClient('summary', (rows) => rows.slice(0, 1));
    const source = traces(world, { client: cut, projectId, filter: 'is_root' });
    expect(traceVersionsOf(await readPages(source))).toEqual(liveTracesOf(world, projectId));
  });
});
