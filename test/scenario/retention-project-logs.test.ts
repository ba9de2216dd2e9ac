import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { RetentionTarget } from '../../src/interfaces/index.js';
import { xactIdAt } from '../../src/braintrust/query/xact.js';
import {
  batchOf,
  deleteBatch,
  outline,
  readUnitPages,
  rowsOfUnits,
  startRetentionWorld,
  unitsInScope,
} from '../support/retention.js';
import type { RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;
let target: RetentionTarget;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  target = projectLogs({ client: world.client, projectId });
});

afterEach(() => world.plane.close());

type Event = Readonly<Record<string, unknown>> & { readonly id: string };

function insert(...events: readonly Event[]): string {
  const { xactId } = world.plane.insert('project_logs', projectId, events);
  world.pass(1);
  return xactId;
}

/** A root and its children, written in one transaction. */
function insertTrace(root: string, children: readonly string[] = []): string {
  return insert({ id: root, span_id: root }, ...children.map((id) => childOf(root, id)));
}

function childOf(root: string, id: string): Event {
  return { id, span_id: id, root_span_id: root, span_parents: [root] };
}

describe('traces', () => {
  it('are given whole, children first and roots last, in the order of their rows', async () => {
    insertTrace('t2', ['t2-a', 't2-b']);
    insertTrace('t1', ['t1-a']);
    insert(childOf('t2', 't2-c'));
    world.passDays(40);
    const { units } = await unitsInScope(target, world.scope('trace'));
    expect(outline(units)).toEqual(['t2: t2-a t2-b t2-c t2', 't1: t1-a t1']);
    expect(units[0]?.rows.map(({ isRoot }) => isRoot)).toEqual([false, false, false, true]);
    expect(units.every(({ object, isTooLarge }) => object === null && !isTooLarge)).toBe(true);
  });

  it('are given with spans that are not in the scope', async () => {
    insertTrace('t1', ['t1-a']);
    world.passDays(40);
    insert(childOf('t1', 't1-late'));
    const { units } = await unitsInScope(target, world.scope('trace'));
    expect(outline(units)).toEqual(['t1: t1-a t1-late t1']);
  });

  it('are candidates only by rows that are older than the cutoff by creation and by version', async () => {
    insertTrace('old');
    insertTrace('touched');
    world.passDays(40);
    insert({ id: 'back-dated', created: '2020-01-01T00:00:00Z' });
    insert({ id: 'touched', _is_merge: true, scores: { good: 1 } });
    world.passDays(5);
    insertTrace('young');
    const { units } = await unitsInScope(target, world.scope('trace'));
    expect(outline(units)).toEqual(['old: old']);
  });

  it('have a last candidate at the cutoff: what is created or written in its second stays', async () => {
    const at = new Date(world.clock.nowMs);
    insertTrace('before', []);
    insert({ id: 'at', created: at.toISOString() });
    world.passDays(40);
    const scope = { ...world.scope('trace'), cutoff: at };
    const reader = await target.open(scope, {});
    expect(await readUnitPages(reader)).toEqual([]);
    const later = await target.open({ ...scope, cutoff: new Date(at.getTime() + 1_000) }, {});
    const pages = await readUnitPages(later);
    expect(outline(pages.flatMap(({ units }) => units))).toEqual(['before: before']);
  });

  it('without a root are units as others, and so are rows that name no trace', async () => {
    insert(childOf('lost-root', 'orphan-1'), childOf('lost-root', 'orphan-2'));
    insert({ id: 'lone' });
    insertTrace('row:lone');
    world.passDays(40);
    nullRootOf('lone', 4);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    expect(outline(units)).toEqual([
      'lost-root: orphan-1 orphan-2',
      'row:lone: lone',
      'trace:row:lone: row:lone',
    ]);
    nullRootOf('lone', 3);
    const reread = await reader.reread(batchOf(...units), {});
    expect(outline(reread.units)).toEqual(outline(units));
  });

  it('larger than a page are read over pages', async () => {
    const children = Array.from(
      { length: 2_500 },
      (_, index) => `c${String(index).padStart(5, '0')}`,
    );
    insertTrace('big', children);
    world.passDays(40);
    const { units } = await unitsInScope(target, world.scope('trace'));
    expect(units).toHaveLength(1);
    expect(units[0]?.rows.map(({ id }) => id)).toEqual([...children, 'big']);
  });

  it('that were given are not given again by their later rows', async () => {
    insertTrace('t1', ['t1-a']);
    for (let index = 0; index < 1_500; index += 1) insert(childOf('t1', `late-${index}`));
    world.passDays(40);
    const { units } = await unitsInScope(target, world.scope('trace'));
    expect(outline(units)).toHaveLength(1);
    expect(units[0]?.rows).toHaveLength(1_502);
  });

  it('go on strictly after any page', async () => {
    for (let index = 0; index < 1_300; index += 1) insertTrace(`t${index}`, [`t${index}-a`]);
    world.passDays(40);
    const reader = await target.open(world.scope('trace'), {});
    const pages = await readUnitPages(reader);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBe(2_600);
    const all = pages.flatMap(({ units }) => outline(units));
    expect(all).toHaveLength(1_300);
    for (const [index, { cursor }] of pages.entries()) {
      const rest = await readUnitPages(reader, cursor);
      const given = pages.slice(0, index + 1).flatMap(({ units }) => outline(units));
      const again = rest.flatMap(({ units }) => outline(units));
      expect(new Set([...given, ...again])).toEqual(new Set(all));
      expect(again.length).toBeLessThanOrEqual(all.length - given.length + 1);
    }
  });
});

describe('rows', () => {
  it('are units of their own, by (`_xact_id`, `id`), over pages of ties', async () => {
    const ids = Array.from({ length: 3_100 }, (_, index) => `r${String(index).padStart(5, '0')}`);
    insert(...ids.map((id) => ({ id })));
    insertTrace('later', ['earlier by name']);
    world.passDays(40);
    const reader = await target.open(world.scope('row'), {});
    const pages = await readUnitPages(reader);
    expect(pages).toHaveLength(4);
    const units = pages.flatMap(({ units: own }) => own);
    expect(outline(units)).toEqual(
      [...ids, 'earlier by name', 'later'].map((id) => `${id}: ${id}`),
    );
    for (const [index, { cursor }] of pages.entries()) {
      const rest = await readUnitPages(reader, cursor);
      expect(rest.flatMap(({ units: own }) => own)).toEqual(
        pages.slice(index + 1).flatMap(({ units: own }) => own),
      );
    }
  });

  it('are candidates when they were created before the cutoff and written before the bound', async () => {
    insert({ id: 'old' });
    world.passDays(40);
    insert({ id: 'back-dated', created: '2020-01-01T00:00:00Z' });
    world.pass(2 * 3_600);
    insert({ id: 'just now', created: '2020-01-01T00:00:00Z' });
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(outline(units)).toEqual(['old: old', 'back-dated: back-dated']);
    expect(units[1]?.rows[0]).toEqual({
      objectId: projectId,
      id: 'back-dated',
      version: expect.stringMatching(/^\d{19}$/u) as string,
      created: '2020-01-01T00:00:00Z',
      isRoot: true,
      heldBy: [],
    });
  });

  it('come in order from a plane that sorts by one field only', async () => {
    insert(...['b', 'c', 'a'].map((id) => ({ id })));
    insert({ id: 'd' });
    world.passDays(40);
    world.plane.control.refuseSecondSortKey(true);
    const { units } = await unitsInScope(target, world.scope('row'));
    expect(outline(units)).toEqual(['a: a', 'b: b', 'c: c', 'd: d']);
  });

  it('of a project without rows are none', async () => {
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    expect(units).toEqual([]);
    expect(await reader.survey({})).toEqual({
      of: 'rows',
      existing: 0,
      candidates: 0,
      days: [],
      oldest: null,
      newest: null,
    });
  });
});

describe('a reread', () => {
  it('shows what became of a batch: changed rows as they are, late spans, and no rows that are gone', async () => {
    insertTrace('t1', ['t1-a', 't1-b']);
    insertTrace('t2');
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    const changed = insert({ id: 't1-a', _is_merge: true, scores: { good: 1 } });
    insert(childOf('t1', 't1-late'));
    insert({ id: 't1-b', _object_delete: true }, { id: 't2', _object_delete: true });
    const reread = await reader.reread(batchOf(...units), {});
    expect(outline(reread.units)).toEqual(['t1: t1-a t1-late t1']);
    expect(reread.units[0]?.rows[0]?.version).toBe(changed);
  });

  it('of single rows shows their present versions, whatever those are', async () => {
    insert({ id: 'a' }, { id: 'b' }, { id: 'c' });
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    const changed = insert({ id: 'b', _is_merge: true, scores: { good: 1 } });
    insert({ id: 'c', _object_delete: true });
    const reread = await reader.reread(batchOf(...units), {});
    expect(outline(reread.units)).toEqual(['a: a', 'b: b']);
    expect(reread.units[1]?.rows[0]?.version).toBe(changed);
  });

  it('of a part shows its own rows, and those that forbid the trace to go', async () => {
    insertTrace('t1', ['own', 'other part']);
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    const own = units.map((unit) => ({
      ...unit,
      rows: unit.rows.filter(({ id }) => id === 'own'),
    }));
    const part = { units: own, isPart: true };
    expect(outline((await reader.reread(part, {})).units)).toEqual(['t1: own']);
    insert(childOf('t1', 'late'));
    expect(outline((await reader.reread(part, {})).units)).toEqual(['t1: own late']);
    insert({ id: 'own', _object_delete: true });
    expect(outline((await reader.reread(part, {})).units)).toEqual(['t1: late']);
  });

  it('of a part shows what is too young by creation alone, or by its last change alone', async () => {
    insertTrace('t1', ['own', 'other part']);
    insert({ ...childOf('t1', 'from the future'), created: '2030-01-01T00:00:00Z' });
    world.passDays(40);
    insert({ ...childOf('t1', 'back-dated'), created: '2020-01-01T00:00:00Z' });
    world.passDays(1);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    const own = units.map((unit) => ({
      ...unit,
      rows: unit.rows.filter(({ id }) => id === 'own'),
    }));
    const { units: reread } = await reader.reread({ units: own, isPart: true }, {});
    expect(outline(reread)).toEqual(['t1: own from the future back-dated']);
  });

  it('tells when it was asked, by the clock of the host', async () => {
    insertTrace('t1');
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    const before = (await reader.reread(batchOf(...units), {})).readAt;
    world.plane.control.fail({ kind: 'status', status: 503 });
    const { readAt } = await reader.reread(batchOf(...units), {});
    // The attempt that failed shows nothing: only the one that was answered counts.
    expect(readAt.getTime()).toBeGreaterThan(before.getTime());
  });

  it('takes one query for a batch of 1,000 rows, and two for traces of so many', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `r${String(index).padStart(4, '0')}`);
    insert({ id: 'r0000' }, ...ids.slice(1).map((id) => childOf('r0000', id)));
    world.passDays(40);
    const byRow = await unitsInScope(target, world.scope('row'));
    const before = world.plane.requests.count();
    await byRow.reader.reread(batchOf(...byRow.units), {});
    expect(world.plane.requests.count() - before).toBe(1);
    const byTrace = await unitsInScope(target, world.scope('trace'));
    const between = world.plane.requests.count();
    await byTrace.reader.reread(batchOf(...byTrace.units), {});
    expect(world.plane.requests.count() - between).toBe(2);
  });
});

describe('a deletion', () => {
  it('asks once, for children before roots', async () => {
    insertTrace('t1', ['t1-b', 't1-a']);
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('trace'));
    const before = world.plane.history.length;
    await deleteBatch(reader, batchOf(...units));
    const deleted = world.plane.history.slice(before).map(({ id }) => id);
    expect(deleted).toEqual(['t1-a', 't1-b', 't1']);
    expect(world.plane.liveRows('project_logs', projectId)).toEqual([]);
    expect(await reader.remaining(rowsOfUnits(units), {})).toEqual([]);
  });

  it('shows by what remains when it did not happen, or happened to some', async () => {
    insert(...['a', 'b', 'c', 'd'].map((id) => ({ id })));
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    world.plane.control.loseDeletes({ every: 2 });
    await deleteBatch(reader, batchOf(...units));
    const left = world.plane.liveRows('project_logs', projectId).map(({ id }) => id);
    expect(left).toHaveLength(2);
    const remaining = await reader.remaining(rowsOfUnits(units), {});
    expect(remaining.map(({ id }) => id)).toEqual(left);
    expect(remaining.map((row) => Object.keys(row))).toEqual([
      ['objectId', 'id', 'version'],
      ['objectId', 'id', 'version'],
    ]);
  });

  it('leaves a row that was written again, with its new version', async () => {
    insert({ id: 'a' });
    world.passDays(40);
    const { reader, units } = await unitsInScope(target, world.scope('row'));
    await deleteBatch(reader, batchOf(...units));
    const version = insert({ id: 'a' });
    expect(await reader.remaining(rowsOfUnits(units), {})).toEqual([
      { objectId: projectId, id: 'a', version },
    ]);
  });

  it('of ids and tags with quotes, line ends and other alphabets takes what it names only', async () => {
    const ids = [`it's "quoted"`, 'a\nb', '名前 🙂', "x'); drop", 'back\\slash', '%'];
    insert(...ids.map((id) => ({ id, tags: [id] })));
    insert({ id: 'other' });
    world.passDays(40);
    const { reader, units } = await unitsInScope(
      target,
      world.scope('trace', [{ tags: ['名前 🙂'] }, { ids: ["x'); drop"] }]),
    );
    expect(new Set(rowsOfUnits(units).map(({ id }) => id))).toEqual(new Set([...ids, 'other']));
    const held = rowsOfUnits(units).filter(({ heldBy }) => heldBy.length > 0);
    expect(held.map(({ id }) => id).sort()).toEqual(["x'); drop", '名前 🙂']);
    const named = units.filter(({ id }) => ids.includes(id));
    await deleteBatch(reader, batchOf(...named));
    expect(world.plane.liveRows('project_logs', projectId).map(({ id }) => id)).toEqual(['other']);
    expect(await reader.remaining(rowsOfUnits(units), {})).toHaveLength(1);
  });
});

it("gives the plane's clock in whole seconds", async () => {
  const now = await target.now({});
  expect(now.getTime()).toBe(Math.floor(world.clock.nowMs / 1_000) * 1_000);
});

it('gives the lowest version of a second', () => {
  expect(target.versionAt(new Date(1_700_000_000_900))).toBe(xactIdAt(1_700_000_000));
  expect(target.versionAt(new Date('1926-01-01'))).toBe(xactIdAt(0));
  expect(target.versionAt(new Date('2900-01-01'))).toBe(xactIdAt(2 ** 32 - 1));
});

/** Lets the next answers show a row that names no trace. */
function nullRootOf(id: string, times = 2): void {
  world.plane.control.fail(
    {
      kind: 'rewrite',
      rewrite: (body) => {
        const answer = JSON.parse(body.toString()) as { data: Record<string, unknown>[] };
        for (const row of answer.data) if (row['id'] === id) row['root_span_id'] = null;
        return Buffer.from(JSON.stringify(answer));
      },
    },
    { times },
  );
}
