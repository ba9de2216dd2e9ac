import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Cursor, Page, Source } from '../../src/interfaces/index.js';
import { lastCursor, readPages, rowsOf, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

const HOUR_SECONDS = 3_600;
/** Sorts behind every other project: the clock is asked of the first. */
const NOBODYS = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
const KEPT_SECONDS = 14 * 24 * HOUR_SECONDS;

let world: SpansWorld;

beforeEach(async () => {
  world = await startWorld({ planWindowDays: 14 });
});

afterEach(async () => {
  await world.plane.close();
});

/** Rows of a project, one a minute. */
function writeEachMinute(projectId: string, ids: readonly string[]): void {
  for (const id of ids) {
    world.plane.insert('project_logs', projectId, [{ id }]);
    world.pass(60);
  }
}

async function firstPage(source: Source, cursor: Cursor | null): Promise<Page[]> {
  for await (const page of source.read({ cursor, pageSize: 1 })) return [page];
  return [];
}

/** Ids of the rows that are not announced as repeats. */
const idsOf = (pages: readonly Page[]): unknown[] =>
  pages.flatMap((page) => rowsOf(page).slice(page.repeats ?? 0)).map((row) => row['id']);

describe('what the plan keeps', () => {
  it('is looked at with every page: what expires while a run reads is named, not passed over', async () => {
    const projectId = world.plane.createProject('first').id;
    writeEachMinute(projectId, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    world.pass(KEPT_SECONDS - HOUR_SECONDS);
    const source = world.source({ projectId, sourceRetentionDays: 14 });
    const pages: Page[] = [];
    const read = (async () => {
      for await (const page of source.read({ cursor: null, pageSize: 2 })) {
        if (pages.push(page) === 1) world.pass(2 * HOUR_SECONDS);
      }
    })();
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_EXPIRED', details: { projectId } });
    // One page may have been fetched ahead.
    expect(['ab', 'abcd']).toContain(idsOf(pages).join(''));
  });

  it('does not stop an export whose new project was not reached before the edge moved on', async () => {
    const old = world.plane.createProject('old').id;
    const added = world.plane.createProject('added').id;
    writeEachMinute(old, ['a']);
    world.pass(KEPT_SECONDS);
    const first = await readPages(world.source({ projectId: old, sourceRetentionDays: 14 }));
    writeEachMinute(old, ['b', 'c']);
    writeEachMinute(added, ['x']);
    world.pass(200);
    const both = world.source({ projectIds: [old, added], sourceRetentionDays: 14 });
    const limited = await firstPage(both, lastCursor(first));
    expect(idsOf(limited)).toEqual(['b']);
    world.pass(HOUR_SECONDS);
    expect(idsOf(await readPages(both, lastCursor(limited)))).toEqual(['c', 'x']);
  });

  it('does not stop an export that goes on without a project that it may not read', async () => {
    const mine = world.plane.createProject('mine').id;
    const options = { sourceRetentionDays: 14, onProjectError: 'continue' } as const;
    const source = world.source({ projectIds: [mine, NOBODYS], ...options });
    writeEachMinute(mine, ['a']);
    world.pass(200);
    const first = await readPages(source);
    expect(idsOf(first)).toEqual(['a']);
    writeEachMinute(mine, ['b']);
    world.pass(HOUR_SECONDS);
    const second = await readPages(source, lastCursor(first));
    expect(idsOf(second)).toContain('b');
  });

  it('stops an export that was rewound to a time before it, whether its project has an id or a name', async () => {
    const projectId = world.plane.createProject('first').id;
    writeEachMinute(projectId, ['a']);
    world.pass(2 * KEPT_SECONDS);
    writeEachMinute(projectId, ['b']);
    world.pass(200);
    for (const choice of [{ projectId }, { projectName: 'first' }]) {
      const source = world.source({ ...choice, sourceRetentionDays: 14 });
      const left = lastCursor(await readPages(source));
      const to = new Date(world.clock.nowMs - (KEPT_SECONDS + HOUR_SECONDS) * 1_000);
      const rewound = source.cursorAt?.(to, left) ?? null;
      await expect(readPages(source, rewound)).rejects.toMatchObject({ code: 'SOURCE_EXPIRED' });
    }
  });
});
