import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FreshnessOverride } from '../../src/testing/plane/plane-object.js';
import type { Page } from '../../src/interfaces/index.js';
import { xactIdAt } from '../../src/braintrust/query/xact.js';
import {
  START,
  idsOf,
  lastCursor,
  liveVersionsOf,
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

describe('the source refuses', () => {
  it.each([
    ['', /not a cursor/],
    ['{}', /another kind/],
    ['{"spans":2}', /newer version/],
    ['{"spans":1,"projects":[[5,1,"p"]],"windows":[]}', /damaged/],
    ['{"spans":1,"projects":[],"windows":[[0,1,["p"],null]]}', /damaged/],
    ['{"spans":1,"projects":[[0,0,"p"]],"windows":[[0,1,["p"],["12"]]]}', /damaged/],
  ])('the cursor %s', async (cursor, message) => {
    const failed = readPages(world.source({ projectId }), cursor);
    await expect(failed).rejects.toMatchObject({ code: 'SOURCE_CURSOR_INVALID' });
    await expect(failed).rejects.toThrow(message);
  });

  it('a page that does not move', async () => {
    insert(spanEvents(20));
    world.pass(200);
    const pages: Page[] = [];
    const read = (async () => {
      for await (const page of world.source({ projectId }).read({ cursor: null, pageSize: 5 })) {
        pages.push(page);
        world.plane.control.repeatPage(true);
      }
    })();
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
    expect(new Set(versionsOf(pages)).size).toBe(versionsOf(pages).length);
  });

  it.each<[FreshnessOverride, RegExp]>([
    [{ realtime: 'exhausted_timeout' }, /exhausted_timeout/],
    [{ consideredXactId: xactIdAt(START / 1000 + 60 - 0.5), actualXactId: xactIdAt(1) }, /cover/],
  ])('to go past an answer that is not complete: %o', async (override, said) => {
    insert(spanEvents(3));
    world.pass(200);
    world.plane.control.setFreshness(projectId, override);
    const failed = readPages(world.source({ projectId }));
    await expect(failed).rejects.toMatchObject({ code: 'SOURCE_BEHIND', retryable: true });
    await expect(failed).rejects.toThrow(said);
    world.plane.control.setFreshness(projectId, null);
    expect(versionsOf(await readPages(world.source({ projectId })))).toEqual(liveVersions());
  });

  it('nothing of an answer that lags behind its end only', async () => {
    insert(spanEvents(3));
    world.pass(200);
    const end = START / 1000 - 0.5 + 80;
    const override = { consideredXactId: xactIdAt(end + 9), actualXactId: xactIdAt(end + 1) };
    world.plane.control.setFreshness(projectId, override);
    expect(versionsOf(await readPages(world.source({ projectId })))).toEqual(liveVersions());
  });

  it('one project that is behind, after the others were read', async () => {
    const second = world.plane.createProject('second').id;
    insert([{ id: 'a' }]);
    world.pass(2000);
    const first = await readPages(world.source({ projectId }));
    insert([{ id: 'b' }], second);
    world.pass(200);
    world.plane.control.setFreshness(projectId, { realtime: 'exhausted_timeout' });
    const pages: Page[] = [];
    const both = world.source({ projectIds: [projectId, second] });
    const read = (async () => {
      const options = { cursor: lastCursor(first), pageSize: 9 };
      for await (const page of both.read(options)) pages.push(page);
    })();
    await expect(read).rejects.toMatchObject({ code: 'SOURCE_BEHIND' });
    expect(idsOf(pages)).toEqual(['b']);
  });

  it('a cursor older than the plan keeps, and names the gap', async () => {
    insert(spanEvents(3));
    world.pass(200);
    const source = world.source({ projectId, sourceRetentionDays: 14 });
    const first = await readPages(source);
    world.pass(15 * 86_400);
    const failed = readPages(source, lastCursor(first));
    await expect(failed).rejects.toMatchObject({
      code: 'SOURCE_EXPIRED',
      details: { projectId, from: new Date('2026-03-01T12:01:20Z') },
      remedy: expect.stringContaining('rewind') as string,
    });
    const rewound = source.cursorAt?.(new Date(world.clock.nowMs - 86_400_000)) ?? null;
    expect(versionsOf(await readPages(source, rewound))).toEqual([]);
  });

  it('to begin before what the plan keeps', async () => {
    insert([{ id: 'gone' }]);
    world.pass(14 * 86_400);
    insert([{ id: 'kept' }]);
    world.pass(200);
    const source = world.source({ projectId, sourceRetentionDays: 14 });
    expect(source.retentionMs).toBe(14 * 86_400_000);
    expect(idsOf(await readPages(source))).toEqual(['kept']);
  });
});

describe('leaving a read', () => {
  it('ends the request that was under way', async () => {
    insert(spanEvents(20));
    world.pass(200);
    let reads = 0;
    for await (const page of world.source({ projectId }).read({ cursor: null, pageSize: 5 })) {
      reads += rowsOf(page).length;
      break;
    }
    expect(reads).toBe(5);
    const asked = world.plane.requests.count({ path: '/btql' });
    expect(asked).toBeLessThanOrEqual(4);
  });

  it.each(['before', 'during', 'between'])('an abort %s rejects with its reason', async (when) => {
    insert(spanEvents(20));
    world.pass(200);
    const controller = new AbortController();
    if (when === 'before') controller.abort('stop');
    const held = when === 'during' ? world.plane.control.hold() : undefined;
    void held?.arrived.then(() => controller.abort('stop'));
    const read = (async () => {
      const options = { cursor: null, pageSize: 5, signal: controller.signal };
      for await (const page of world.source({ projectId }).read(options)) {
        expect(rowsOf(page)).toHaveLength(5);
        controller.abort('stop');
      }
    })();
    await expect(read).rejects.toBe('stop');
    held?.release();
  });
});

describe('the probe', () => {
  it('tells each project, the clocks, the filter and the columns', async () => {
    const options = { projectIds: [projectId, 'zzz'], filter: 'nonsense (', columns: ['input'] };
    expect(() => world.source(options)).toThrow(/filter/);
    const source = world.source({ ...options, filter: 'nonsense = = 1' });
    const steps = [];
    for await (const step of source.probe?.() ?? []) steps.push([step.step, step.outcome]);
    expect(steps).toEqual([
      ['query', 'passed'],
      ['query', 'failed'],
      ['clock', 'failed'],
      ['filter', 'failed'],
      ['columns', 'passed'],
    ]);
  });
});
