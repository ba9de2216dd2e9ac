import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Cursor, Page, Source } from '../../src/interfaces/index.js';
import {
  lastCursor,
  newVersionsOf,
  readPages,
  rowsOf,
  spanEvents,
  startWorld,
  versionsOf,
} from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

const SETTLE_SECONDS = 120;
const LOOKBACK_SECONDS = 600;

/** What may happen at the source between two reads. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('insert'),
    ids: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    kind: fc.constant('merge'),
    ids: fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('delete'),
    ids: fc.array(fc.nat(12), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('hold'),
    ids: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 2 }),
  }),
  fc.constant({ kind: 'surface', ids: [] as number[] }),
  fc.constant({ kind: 'wrap', ids: [] as number[] }),
  fc.record({ kind: fc.constant('pass'), ids: fc.tuple(fc.integer({ min: 1, max: 200_000 })) }),
);
type Step = { readonly kind: string; readonly ids: readonly number[] };

/** When the oldest transaction was held back that is not shown yet. */
const heldSince = new WeakMap<SpansWorld, number>();

/** Time passes; what was held back is shown while a lookback still reaches it. */
function pass(world: SpansWorld, seconds: number): void {
  const since = heldSince.get(world) ?? Infinity;
  if (world.clock.nowMs + seconds * 1000 - since > (LOOKBACK_SECONDS - 1) * 1000) surface(world);
  world.pass(seconds);
}

function surface(world: SpansWorld): void {
  world.plane.control.surface();
  heldSince.delete(world);
}

function happen(world: SpansWorld, projectId: string, { kind, ids }: Step): void {
  const { plane } = world;
  const unique = [...new Set(ids)];
  const write = (extra: object, prefix = 'row'): void => {
    plane.insert(
      'project_logs',
      projectId,
      unique.map((id) => ({ id: `${prefix}-${id}`, ...extra })),
    );
  };
  if (kind === 'insert') write({ input: 'x' });
  if (kind === 'merge') write({ _is_merge: true, metadata: { seen: true } });
  if (kind === 'delete') write({ _object_delete: true });
  if (kind === 'hold') {
    plane.control.holdTransactions(1);
    heldSince.set(world, heldSince.get(world) ?? world.clock.nowMs);
    write({ input: 'late' }, `late-${world.clock.nowMs}`);
  }
  if (kind === 'surface') surface(world);
  if (kind === 'wrap') plane.control.nextTransaction({ counter: 65_534 });
  if (kind === 'pass') pass(world, (ids[0] ?? 0) / 1000);
}

/** Reads with pages of the given size, leaving after `pages` of them, perhaps in the middle of the last. */
async function readSome(
  source: Source,
  cursor: Cursor | null,
  bounds: { readonly pageSize: number; readonly pages: number; readonly cut: number },
): Promise<{ readonly pages: Page[]; readonly cursor: Cursor | null }> {
  const pages: Page[] = [];
  for await (const page of source.read({ cursor, pageSize: bounds.pageSize })) {
    pages.push(page);
    if (pages.length === bounds.pages) break;
  }
  const last = pages.at(-1);
  const rows = last === undefined ? 0 : rowsOf(last).length;
  if (last?.cursorAfter === undefined || bounds.cut >= rows)
    return { pages, cursor: lastCursor(pages, cursor) };
  const kept = { ...last, rows: rowsOf(last).slice(0, bounds.cut + 1) };
  return { pages: [...pages.slice(0, -1), kept], cursor: last.cursorAfter(bounds.cut) };
}

/** What a reader keeps: repeats that it knows are dropped. */
function take(known: Set<string>, pages: readonly Page[]): void {
  for (const page of pages) {
    const repeats = page.repeats ?? 0;
    for (const [index, version] of versionsOf([page]).entries()) {
      if (index >= repeats) expect(known.has(version), `${version} came twice`).toBe(false);
      known.add(version);
    }
  }
}

function settledVersions(world: SpansWorld, projectId: string): string[] {
  const end = Math.floor(world.clock.nowMs / 1000) - SETTLE_SECONDS;
  const live = world.plane.liveRows('project_logs', projectId);
  const second = (xactId: unknown): number => Number((BigInt(String(xactId)) >> 16n) & 0xffffffffn);
  return live
    .filter((row) => second(row['_xact_id']) < end)
    .map((row) => `${String(row['id'])}@${String(row['_xact_id'])}`);
}

describe('any history of a project', () => {
  it('is read whole, each version once, whatever the pages and the interruptions', async () => {
    const round = fc.record({
      steps: fc.array(step, { maxLength: 8 }),
      pageSize: fc.integer({ min: 1, max: 7 }),
      pages: fc.integer({ min: 1, max: 4 }),
      cut: fc.nat({ max: 8 }),
    });
    const rounds = fc.array(round, { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rounds, fc.boolean(), async (history, refuseSecondSortKey) => {
        const world = await startWorld();
        try {
          world.plane.control.refuseSecondSortKey(refuseSecondSortKey);
          await followHistory(world, history);
        } finally {
          await world.plane.close();
        }
      }),
      { seed: Number(process.env['EXPORT_SEED'] ?? 20_261_121), numRuns: 60 },
    );
  });
});

interface Round {
  readonly steps: readonly Step[];
  readonly pageSize: number;
  readonly pages: number;
  readonly cut: number;
}

async function followHistory(world: SpansWorld, history: readonly Round[]): Promise<void> {
  const projectId = world.plane.createProject('any').id;
  const source = world.source({
    projectId,
    settleMs: SETTLE_SECONDS * 1000,
    lookbackMs: LOOKBACK_SECONDS * 1000,
  });
  const known = new Set<string>();
  let cursor: Cursor | null = null;
  for (const round of history) {
    for (const one of round.steps) happen(world, projectId, one);
    const read = await readSome(source, cursor, round);
    take(known, read.pages);
    cursor = read.cursor;
  }
  surface(world);
  world.pass(SETTLE_SECONDS + 1);
  // The first read ends the window that was open, then reads a new one.
  const pages = await readPages(source, cursor, 5);
  take(known, pages);
  take(known, await readPages(source, lastCursor(pages, cursor)));
  const settled = settledVersions(world, projectId);
  expect(settled.filter((version) => !known.has(version))).toEqual([]);
}

describe('a transaction of 70,000 rows', () => {
  it('with one pagination key, or none, is read whole in 75 requests', async () => {
    const world = await startWorld();
    try {
      const { plane } = world;
      plane.control.rewritePaginationKeys((key, index) =>
        index % 3 === 0 ? null : key.slice(0, 16).padEnd(21, '0'),
      );
      const projectId = plane.createProject('large').id;
      plane.control.nextTransaction({ counter: 65_535 });
      plane.insert('project_logs', projectId, spanEvents(70_000));
      plane.insert('project_logs', projectId, spanEvents(10, 'after-the-wrap'));
      world.pass(300);
      const pages = await readPages(world.source({ projectId }));
      const versions = newVersionsOf(pages);
      expect(versions).toHaveLength(70_010);
      expect(new Set(versions).size).toBe(70_010);
      expect(plane.requests.count({ path: '/btql' })).toBeLessThanOrEqual(75);
    } finally {
      await world.plane.close();
    }
  });
});
