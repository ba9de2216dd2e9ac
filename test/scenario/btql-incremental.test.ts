import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readManifests } from '../../src/exporter/manifest.js';
import type { Row, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { startBtqlWorld } from '../support/btql-fixture.js';
import type { BtqlWorld } from '../support/btql-fixture.js';
import { plainKeys } from '../support/plain-keys.js';
import { spanExporter } from '../support/span-export.js';
import { readPages, rowsOf } from '../support/spans.js';

let world: BtqlWorld;
let sink = memorySink();
let cursorStore = memoryCursorStore();

async function run(source: Source): Promise<void> {
  await spanExporter({ source, sink, cursorStore }, { keys: plainKeys() }).run();
}

/** All exported rows, as text. */
async function exported(): Promise<string[]> {
  const lines: string[] = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'spans' }))
    for (const { key } of manifest.objects) {
      const text = Buffer.from(sink.objects.get(key) ?? []).toString();
      lines.push(...text.split('\n').slice(0, -1));
    }
  return lines;
}

function insert(rows: readonly (Row & { readonly id: string })[]): void {
  world.plane.insert('project_logs', world.projectId, rows);
  world.pass(300);
}

const many = (count: number): { id: string; input: string }[] =>
  Array.from({ length: count }, (_, at) => ({ id: `r${at}`, input: `in ${at}` }));

async function rowsOfQuery(query: string): Promise<Row[]> {
  return (await readPages(world.btql(query))).flatMap(rowsOf);
}

beforeEach(async () => {
  world = await startBtqlWorld();
  sink = memorySink();
  cursorStore = memoryCursorStore();
});
afterEach(() => world.plane.close());

describe('an incremental query', () => {
  const query = `select: input, metadata.n as n | from: project_logs('{id}') | filter: id != 'r3'`;

  it('exports each version of a row once, with what was selected and nothing else', async () => {
    insert(many(20));
    await run(world.btql(query));
    await run(world.btql(query));
    insert([{ id: 'r1', input: 'again', metadata: { n: 12345678901234 } }]);
    await run(world.btql(query));
    const lines = await exported();
    expect(lines).toHaveLength(20);
    expect(lines).toContain('{"input":"in 1","n":null}');
    expect(lines).toContain('{"input":"again","n":12345678901234}');
    expect(lines).not.toContain('{"input":"in 3","n":null}');
  });

  it('loses and doubles nothing wherever a run dies', async () => {
    insert(many(20));
    const counting = faultPlan();
    await dieAt(counting);
    expect(counting.count).toBeGreaterThan(15);
    for (let at = 1; at <= counting.count; at += 3) {
      sink = memorySink();
      cursorStore = memoryCursorStore();
      await dieAt(faultPlan({ at, mode: 'crash-after' }));
      await run(world.btql(query));
      const lines = await exported();
      expect(lines.length, `effect ${at}`).toBe(19);
      expect(new Set(lines).size, `effect ${at}`).toBe(19);
    }
  });

  async function dieAt(plan: ReturnType<typeof faultPlan>): Promise<void> {
    const parts = { sink: faulty(sink, plan), cursorStore: faulty(cursorStore, plan) };
    const source = faulty(world.btql(query), plan);
    const dying = spanExporter({ source, ...parts }, { keys: plainKeys() });
    await dying.run().catch(() => undefined);
  }

  it('reads the rows of a dataset, in parts', async () => {
    const { id } = world.plane.createDataset(world.projectId, 'examples');
    world.plane.insert('dataset', id, [
      { id: 'a', input: 'q', expected: 'yes' },
      { id: 'b', input: 'q', expected: null },
    ]);
    world.pass(300);
    const source = world.btql({
      from: { kind: 'dataset', ids: [id] },
      select: ['input', 'expected'],
      filter: 'expected IS NOT NULL',
    });
    const pages = await readPages(source);
    expect(pages.flatMap(rowsOf)).toEqual([{ input: 'q', expected: 'yes' }]);
    expect(source.rowIdentity.object).toBe('dataset_id');
  });

  it('means what the service means by quotes, lists and comments', async () => {
    insert([
      { id: 'a', input: "it's | limit: 1", tags: ['x'] },
      { id: 'b', input: '--', tags: ['y'] },
      { id: 'c', input: 'other' },
    ]);
    const ids = async (text: string): Promise<unknown[]> =>
      (await rowsOfQuery(text)).map((row) => row['id']);
    expect(
      await ids(`SELECT id FROM project_logs('{id}') WHERE input IN ('it''s | limit: 1', '--')`),
    ).toEqual(['a', 'b']);
    expect(
      await ids(
        `select: id\nfrom: project_logs('{id}')\nfilter: input = '--' -- or true\n or id = 'c'`,
      ),
    ).toEqual(['b', 'c']);
    expect(
      await ids(`select: id | from: project_logs('{id}') | filter: tags includes 'x'`),
    ).toEqual(['a']);
  });

  it('begins and ends where it is told to', async () => {
    insert([{ id: 'a' }]);
    const from = new Date(world.clock.nowMs);
    insert([{ id: 'b' }]);
    const until = new Date(world.clock.nowMs);
    // A second that has begun counts as whole.
    world.pass(1);
    insert([{ id: 'c' }]);
    const source = world.btql(`select: id | from: project_logs('{id}')`, { from, until });
    expect((await readPages(source)).flatMap(rowsOf)).toEqual([{ id: 'b' }]);
  });
});
