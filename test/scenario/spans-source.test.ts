import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ExportEvent, Page } from '../../src/interfaces/index.js';
import {
  START,
  idsOf,
  lastCursor,
  liveVersionsOf,
  newVersionsOf,
  readPages,
  rowsOf,
  spanEvents,
  startWorld,
  versionsOf,
} from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

let world: SpansWorld;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  projectId = world.plane.createProject('first').id;
});

afterEach(async () => {
  await world.plane.close();
});

const insert = (rows: readonly { id: string }[], id = projectId): string =>
  world.plane.insert('project_logs', id, rows).xactId;
const liveVersions = (id = projectId): string[] => liveVersionsOf(world.plane, id);

describe('one read', () => {
  it('gives what was written before now less the settle delay, in the order of writing', async () => {
    insert(spanEvents(25));
    world.pass(10);
    insert([{ id: 'second' }]);
    const settled = liveVersions();
    world.pass(121);
    insert([{ id: 'too-young' }]);
    const pages = await readPages(world.source({ projectId }), null, 10);
    expect(versionsOf(pages)).toEqual(settled);
    expect(pages.map((page) => rowsOf(page).length)).toEqual([10, 10, 6, 0]);
    expect(pages.every((page) => page.repeats === 0 || page.repeats === undefined)).toBe(true);
    expect(pages.at(-1)?.watermark).toEqual(new Date('2026-03-01T12:00:11Z'));
  });

  it('needs a request for the clock, one for each page, and one to know the end', async () => {
    insert(spanEvents(3000));
    world.pass(200);
    await readPages(world.source({ projectId }));
    expect(world.plane.requests.count({ path: '/btql' })).toBe(5);
  });

  it('of a project without rows moves the cursor', async () => {
    world.pass(200);
    const source = world.source({ projectId });
    const pages = await readPages(source);
    expect(pages.map((page) => rowsOf(page).length)).toEqual([0]);
    expect(await readPages(source, lastCursor(pages))).toEqual([]);
  });

  it('keeps to its bounds, widened to whole seconds', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      insert([{ id }]);
      world.pass(1);
    }
    world.pass(200);
    const from = new Date(START + 1200);
    const until = new Date(START + 3200);
    const source = world.source({ projectId, from, until });
    const pages = await readPages(source);
    expect(idsOf(pages)).toEqual(['b', 'c', 'd']);
    world.pass(1000);
    const before = world.plane.requests.count({ path: '/btql' });
    expect(await readPages(source, lastCursor(pages))).toEqual([]);
    expect(world.plane.requests.count({ path: '/btql' })).toBe(before);
  });

  it('asks for less while answers take too long, down to one row, and for more again', async () => {
    insert(spanEvents(300));
    world.pass(200);
    world.plane.control.timeOutAbove(13);
    const pages = await readPages(world.source({ projectId }), null, 100);
    expect(versionsOf(pages)).toEqual(liveVersions());
    expect(rowsOf(pages[0] as Page).length).toBe(12);
    world.plane.control.timeOutAbove(0);
    await expect(readPages(world.source({ projectId }), null, 4)).rejects.toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
    });
    world.plane.control.timeOutAbove(null);
    world.plane.control.fail({ kind: 'status', status: 500 });
    const source = world.source({ projectId });
    const cursor = source.cursorAt?.(new Date(0)) ?? null;
    const sizes = (await readPages(source, cursor, 8)).map((page) => rowsOf(page).length);
    expect(sizes.slice(0, 2)).toEqual([8, 8]);
  });

  it('gives only the wanted columns and what identifies a row', async () => {
    insert([{ id: 'a' }]);
    world.pass(200);
    const pages = await readPages(world.source({ projectId, columns: ['input'] }));
    expect(Object.keys(rowsOf(pages[0] as Page)[0] ?? {}).sort()).toEqual(
      ['_xact_id', 'created', 'id', 'input', 'project_id'].sort(),
    );
  });

  it('gives only rows that meet the filter', async () => {
    world.plane.insert('project_logs', projectId, [
      { id: 'a', input: 'x' },
      { id: 'b', input: "it's" },
      { id: 'c', input: "it's" },
    ]);
    world.pass(200);
    const source = world.source({ projectId, filter: "input = 'it''s' or id = 'none'" });
    expect(idsOf(await readPages(source, null, 1))).toEqual(['b', 'c']);
  });

  it('hands on what the service says against a filter', async () => {
    world.pass(200);
    const source = world.source({ projectId, filter: 'input ==== 1' });
    await expect(readPages(source)).rejects.toMatchObject({ code: 'SOURCE_QUERY_INVALID' });
  });
});

describe('the next read', () => {
  it('repeats the lookback, marked, and goes on with new versions', async () => {
    insert([{ id: 'old' }]);
    world.pass(700);
    insert([{ id: 'a' }, { id: 'b' }]);
    world.pass(300);
    const source = world.source({ projectId });
    const first = await readPages(source);
    expect(idsOf(first)).toEqual(['old', 'a', 'b']);
    insert([{ id: 'a' }]);
    world.pass(200);
    const second = await readPages(source, lastCursor(first));
    expect(idsOf(second)).toEqual(['b', 'a']);
    expect(second[0]?.repeats).toBe(1);
    expect(newVersionsOf(second)).toEqual(liveVersions().slice(-1));
  });

  it('finds a row that surfaced late, among the repeats', async () => {
    insert([{ id: 'a' }]);
    world.plane.control.holdTransactions(1);
    insert([{ id: 'late' }]);
    world.pass(200);
    const source = world.source({ projectId });
    const first = await readPages(source);
    expect(idsOf(first)).toEqual(['a']);
    world.plane.control.surface();
    world.pass(200);
    const second = await readPages(source, lastCursor(first));
    expect(idsOf(second)).toEqual(['a', 'late']);
    expect(second[0]?.repeats).toBe(2);
    const announced = source.repeatsFrom?.(lastCursor(first) ?? '') ?? '9';
    const lowest = versionsOf(second).map((version) => version.split('@')[1] ?? '')[0] ?? '';
    expect(announced <= lowest).toBe(true);
  });

  it('resumes after every row of every page as one read would', async () => {
    insert(spanEvents(7, 'a'));
    world.pass(3);
    insert(spanEvents(6, 'b'));
    world.pass(300);
    const source = world.source({ projectId });
    const pages = await readPages(source, null, 5);
    const whole = versionsOf(pages);
    let given = 0;
    for (const page of pages) {
      for (const [index] of rowsOf(page).entries()) {
        given += 1;
        const rest = await readPages(source, page.cursorAfter?.(index) ?? null, 4);
        expect(versionsOf(rest)).toEqual(whole.slice(given));
      }
    }
    expect(given).toBe(13);
  });

  it('first finishes the window that was open, then goes on to its own end', async () => {
    insert(spanEvents(4));
    world.pass(300);
    const source = world.source({ projectId });
    const [page] = await readPages(source, null, 2);
    insert([{ id: 'new' }]);
    world.pass(300);
    const rest = await readPages(source, page?.cursor ?? null, 10);
    expect(newVersionsOf(rest)).toEqual(liveVersions().slice(2));
    expect(source.watermarkOf?.(lastCursor(rest) ?? '')).toEqual(new Date('2026-03-01T12:08:00Z'));
  });
});

describe('several projects', () => {
  it('with one end share queries, and come in one order', async () => {
    const second = world.plane.createProject('second').id;
    insert(spanEvents(5, 'a'));
    insert(spanEvents(5, 'b'), second);
    insert(spanEvents(5, 'c'));
    world.pass(200);
    const source = world.source({ projectIds: [second, projectId] });
    const pages = await readPages(source, null, 4);
    expect(versionsOf(pages).sort()).toEqual([...liveVersions(), ...liveVersions(second)].sort());
    expect(world.plane.requests.count({ path: '/btql' })).toBe(6);
  });

  it('one that is added later catches up, and the others do not begin anew', async () => {
    const second = world.plane.createProject('second').id;
    insert([{ id: 'a' }]);
    insert([{ id: 'b' }], second);
    world.pass(2000);
    const one = world.source({ projectIds: [projectId] });
    const first = await readPages(one);
    insert([{ id: 'a2' }]);
    world.pass(200);
    const both = world.source({ projectIds: [projectId, second] });
    expect(both.identity).toEqual(one.identity);
    const pages = await readPages(both, lastCursor(first));
    expect(idsOf(pages)).toEqual(['a2', 'b']);
    expect(await readPages(both, lastCursor(pages))).toEqual([]);
  });

  it('one that is removed half-way and added again goes on where it was', async () => {
    const second = world.plane.createProject('second').id;
    insert(spanEvents(6, 'a'));
    insert(spanEvents(6, 'b'), second);
    world.pass(2000);
    const both = world.source({ projectIds: [projectId, second] });
    const [page] = await readPages(both, null, 8);
    const alone = await readPages(world.source({ projectId }), page?.cursor ?? null);
    const again = await readPages(both, lastCursor(alone, page?.cursor));
    const all = [page as Page, ...alone, ...again];
    expect(versionsOf(all).sort()).toEqual([...liveVersions(), ...liveVersions(second)].sort());
  });

  it('one that may not be read ends the read and is named', async () => {
    insert([{ id: 'a' }]);
    world.pass(200);
    for (const projectIds of [
      [projectId, 'zzz'],
      [projectId, '000'],
    ]) {
      await expect(readPages(world.source({ projectIds }))).rejects.toMatchObject({
        code: 'SOURCE_FORBIDDEN',
        details: { projectId: projectIds[1] },
      });
    }
  });

  it('one that may not be read is left where it is, if wanted, and told once', async () => {
    insert([{ id: 'a' }]);
    world.pass(200);
    for (const missing of ['zzz', '000']) {
      const events: ExportEvent[] = [];
      const source = world.source({ projectIds: [missing, projectId], onProjectError: 'continue' });
      const pages: Page[] = [];
      const observer = (event: ExportEvent): number => events.push(event);
      for await (const page of source.read({ cursor: null, pageSize: 10, observer }))
        pages.push(page);
      expect(idsOf(pages)).toEqual(['a']);
      expect(events.filter((event) => event.type === 'project-error')).toMatchObject([
        { projectId: missing, code: 'SOURCE_FORBIDDEN' },
      ]);
    }
    const none = world.source({ projectIds: ['x', 'y'], onProjectError: 'continue' });
    await expect(readPages(none)).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  });
});

describe('one transaction', () => {
  it.each([false, true])(
    'larger than many pages is read whole (one sort key: %s)',
    async (refuse) => {
      insert([{ id: 'before' }]);
      insert(spanEvents(4000));
      insert([{ id: 'after' }]);
      world.pass(200);
      world.plane.control.refuseSecondSortKey(refuse);
      const second = world.plane.createProject('second').id;
      const source = world.source({ projectIds: [projectId, second] });
      const pages = await readPages(source);
      expect(versionsOf(pages)).toEqual(liveVersions());
      const middle = pages[2]?.cursorAfter?.(17) ?? null;
      expect(middle).not.toBeNull();
      const before = versionsOf(pages.slice(0, 2)).length + 18;
      expect(versionsOf(await readPages(source, middle))).toEqual(liveVersions().slice(before));
    },
  );
});
