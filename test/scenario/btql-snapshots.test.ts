import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readManifests } from '../../src/exporter/manifest.js';
import type { ExportEvent, Row, Source } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { startBtqlWorld } from '../support/btql-fixture.js';
import type { BtqlWorld } from '../support/btql-fixture.js';
import { plainKeys } from '../support/plain-keys.js';
import { spanExporter } from '../support/span-export.js';

let world: BtqlWorld;
let sink = memorySink();
let cursorStore = memoryCursorStore();
let events: ExportEvent[] = [];

/** A run of a new process over small pages. */
function run(source: Source, pageSize = 7): ReturnType<ReturnType<typeof spanExporter>['run']> {
  const observer = (event: ExportEvent): void => void events.push(event);
  const keys = plainKeys();
  return spanExporter({ source, sink, cursorStore }, { pageSize, keys, observer }).run();
}

/** The rows of each snapshot in their order, by the manifests. */
async function snapshots(): Promise<Row[][]> {
  const found: Row[][] = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'spans' })) {
    const texts = manifest.objects.map(({ key }) =>
      Buffer.from(sink.objects.get(key) ?? []).toString(),
    );
    const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
    expect(manifest.rowIndex.rows).toBe(lines.length);
    found.push(lines.map((line) => JSON.parse(line) as Row));
  }
  return found;
}

const valuesOf = (rows: readonly Row[] | undefined, name: string): unknown[] =>
  (rows ?? []).map((row) => row[name]);

/** Rows `r0`, `r1` … in several transactions. Every fifth has no score, and scores are equal in pairs. */
function insert(count: number, from = 0): void {
  for (let at = from; at < from + count; at += 1) {
    const score = at % 5 === 4 ? {} : { metadata: { rank: Math.floor(at / 2) } };
    const id = `r${String(at).padStart(3, '0')}`;
    world.plane.insert('project_logs', world.projectId, [{ id, input: `in ${at}`, ...score }]);
    if (at % 3 === 0) world.pass(1);
  }
  world.pass(10);
}

beforeEach(async () => {
  world = await startBtqlWorld();
  sink = memorySink();
  cursorStore = memoryCursorStore();
  events = [];
});
afterEach(() => world.plane.close());

describe('a snapshot of rows', () => {
  it('has them all, in the order of writing, whatever the sort', async () => {
    insert(30);
    const source = world.btql(`select: id | from: project_logs('{id}') | sort: created desc`);
    expect(await run(source)).toMatchObject({ rows: 30, commits: 1, stopReason: 'caught-up' });
    const [rows] = await snapshots();
    expect(rows).toHaveLength(30);
    expect(rows?.every((row) => Object.keys(row).join() === 'id')).toBe(true);
    expect(new Set(valuesOf(rows, 'id')).size).toBe(30);
  });

  it('is taken anew by each run', async () => {
    insert(12);
    const source = world.btql(`select: id | from: project_logs('{id}')`, { mode: 'snapshot' });
    await run(source);
    insert(3, 12);
    await run(source);
    await run(source);
    expect((await snapshots()).map((rows) => rows.length)).toEqual([12, 15, 15]);
  });

  it('with a limit and no sort has the first ones written', async () => {
    insert(20);
    await run(world.btql(`SELECT id FROM project_logs('{id}') LIMIT 9`));
    const [rows] = await snapshots();
    expect(rows).toHaveLength(9);
  });

  it('says its time by the clock of the service', async () => {
    insert(2);
    const result = await run(
      world.btql(`select: id | from: project_logs('{id}')`, { mode: 'snapshot' }),
    );
    expect(result.watermark).toEqual(new Date(Math.floor(world.clock.nowMs / 1000) * 1000));
  });

  it('counts rows that changed while it was read, and the next one has them', async () => {
    insert(30);
    const source = world.btql(`select: id, input | from: project_logs('{id}')`, {
      mode: 'snapshot',
      client: onQuery(3, () => {
        world.pass(1);
        world.plane.insert('project_logs', world.projectId, [{ id: 'r029', input: 'changed' }]);
        world.plane.insert('project_logs', world.projectId, [{ id: 'new', input: 'new' }]);
      }),
    });
    await run(source);
    expect(events).toContainEqual({ type: 'torn-rows', snapshot: 1, rows: 1 });
    world.pass(10);
    await run(source);
    const [first, second] = await snapshots();
    expect(first).toHaveLength(29);
    expect(valuesOf(second, 'input')).toEqual(expect.arrayContaining(['changed', 'new']));
    expect(second).toHaveLength(31);
  });
});

describe('a snapshot with a sort and a limit', () => {
  it.each([
    ['metadata.rank', 'asc'],
    ['metadata.rank', 'desc'],
    ['created', 'desc'],
    ['input', 'asc'],
  ])('by %s %s is what one answer would be', async (sort, direction) => {
    insert(30);
    const text = `select: id | from: project_logs('{id}') | sort: ${sort} ${direction} | limit: 25`;
    await run(world.btql(text));
    await run(world.btql(text), 1_000);
    const [small, whole] = await snapshots();
    expect(small).toHaveLength(25);
    expect(valuesOf(small, 'id')).toEqual(valuesOf(whole, 'id'));
    expect(Object.keys(small?.[0] ?? {})).toEqual(['id']);
  });

  it.each(['asc', 'desc'])('has rows without a value, once each: %s', async (direction) => {
    insert(30);
    const sort = `sort: metadata.rank ${direction} | limit: 100`;
    await run(world.btql(`select: * | from: project_logs('{id}') | ${sort}`));
    const [rows] = await snapshots();
    expect(rows).toHaveLength(30);
    expect(new Set(valuesOf(rows, 'id')).size).toBe(30);
    const ranks = (rows ?? []).map((row) => (row['metadata'] as { rank?: number })?.rank ?? null);
    const numbers = ranks.filter((rank) => rank !== null);
    const sign = direction === 'asc' ? 1 : -1;
    expect(numbers).toEqual([...numbers].sort((a, b) => sign * (a - b)));
    expect(ranks.filter((rank) => rank === null)).toHaveLength(6);
    expect(Object.keys(rows?.[0] ?? {})).not.toContain('_tracehaul_sort');
  });

  it('has a row once that moves to a later place while it is read', async () => {
    insert(20);
    const source = world.btql(
      `select: id, input | from: project_logs('{id}') | sort: input | limit: 50`,
      {
        client: onQuery(2, () => {
          world.pass(1);
          const first = [{ id: 'r000', input: 'z: last' }];
          world.plane.insert('project_logs', world.projectId, first);
        }),
      },
    );
    await run(source);
    const [rows] = await snapshots();
    expect(rows).toHaveLength(20);
    expect(new Set(valuesOf(rows, 'id')).size).toBe(20);
    expect(events).toContainEqual({ type: 'torn-rows', snapshot: 1, rows: 1 });
  });
});

describe('a snapshot of one answer', () => {
  it('is the aggregates, as often as it is asked for', async () => {
    insert(10);
    const text = `SELECT count(*) AS rows, max(input) AS last FROM project_logs('{id}')`;
    await run(world.btql(text));
    insert(2, 10);
    await run(world.btql(text));
    expect(await snapshots()).toEqual([[{ rows: 10, last: 'in 9' }], [{ rows: 12, last: 'in 9' }]]);
  });

  it('is bounded by the time of writing', async () => {
    insert(4);
    const from = new Date(world.clock.nowMs);
    insert(3, 4);
    const text = `SELECT count(*) AS rows FROM project_logs('{id}') WHERE input != 'x' OR true`;
    await run(world.btql(text, { from }));
    expect(await snapshots()).toEqual([[{ rows: 3 }]]);
  });
});

describe('a snapshot of traces', () => {
  it('is read page by page, by the tokens of the service', async () => {
    insert(30);
    await run(world.btql(`select: * | from: project_logs('{id}') traces`), 7);
    const [rows] = await snapshots();
    expect(new Set(valuesOf(rows, 'id')).size).toBe(30);
    expect(rows).toHaveLength(30);
  });

  it('has one row for each trace in the shape of summaries, up to its limit', async () => {
    insert(10);
    await run(world.btql(`SELECT * FROM project_logs('{id}', shape => 'summary') LIMIT 8`), 3);
    const [rows] = await snapshots();
    expect(rows).toHaveLength(8);
  });
});

describe('a run that fails inside of a snapshot', () => {
  it('leaves nothing, and the next one has it all', async () => {
    insert(30);
    const text = `select: id | from: project_logs('{id}')`;
    const failing = world.btql(text, {
      mode: 'snapshot',
      client: onQuery(4, () => {
        throw new Error('the connection is gone');
      }),
    });
    await expect(run(failing)).rejects.toThrow('the connection is gone');
    expect([...sink.objects.keys()]).toEqual([]);
    expect(sink.stagedObjects).toBe(0);
    await run(world.btql(text, { mode: 'snapshot' }));
    expect((await snapshots()).map((rows) => rows.length)).toEqual([30]);
  });
});

/** The client of the world; before its query of this number something happens. */
function onQuery(number: number, happen: () => void): BtqlWorld['client'] {
  let queries = 0;
  const query: BtqlWorld['client']['query'] = async (asked, options) => {
    queries += 1;
    if (queries === number) happen();
    return await world.client.query(asked, options);
  };
  return new Proxy(world.client, {
    get: (client, member) => (member === 'query' ? query : Reflect.get(client, member, client)),
  });
}
