import { describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { RetentionUnit } from '../../src/interfaces/index.js';
import { PolicyWorld } from '../support/policy-world.js';

const ROWS = 5_000;
/** Most rows of an answer. */
const PAGE_ROWS = 1_000;
/** Traces are read together up to so many rows, or roots. */
const GROUP_ROWS = 4_000;
const GROUP_ROOTS = 1_000;
/** The clock; all rows; old rows by day. */
const OPENING = 3;

interface Work {
  readonly unit: RetentionUnit;
  readonly spans: number;
}

const WORKS: readonly Work[] = [
  { unit: 'row', spans: 10 },
  { unit: 'trace', spans: 10 },
  { unit: 'trace', spans: 2 },
  { unit: 'trace', spans: 1 },
];

/** So many pages, and one without rows that tells the end. */
function pagesOf(rows: number): number {
  return Math.ceil(rows / PAGE_ROWS) + 1;
}

/** Requests that find the units of all rows: a scan, and reads of whole traces. */
function findingRequests({ unit, spans }: Work): number {
  let requests = pagesOf(ROWS);
  if (unit === 'row') return requests;
  const together = Math.min(GROUP_ROWS, GROUP_ROOTS * spans);
  for (let done = 0; done < ROWS; done += together)
    requests += pagesOf(Math.min(together, ROWS - done));
  return requests;
}

/** Requests for one batch: it is read again, deleted, and asked for. Of rows by their ids no page tells the end. */
function batchRequests({ unit }: Work): number {
  return unit === 'row' ? 3 : 4;
}

async function exportedWorld({ spans }: Work): Promise<PolicyWorld> {
  const world = await PolicyWorld.start();
  world.writeTraces(ROWS / spans, 40, { children: spans - 1 });
  await world.exporter('spans', world.projectId).run();
  return world;
}

describe.each(WORKS)('5,000 rows by $unit, $spans spans a trace', (work) => {
  it('take as many requests as the pages of a scan, of their traces and of each batch', async () => {
    const world = await exportedWorld(work);
    const policy = world.policy({ unit: work.unit, graceHours: 0 });
    const { deleted, sourceRequests } = await policy.run();
    expect(deleted.rows).toBe(ROWS);
    const batches = ROWS / PAGE_ROWS;
    expect(sourceRequests).toBe(OPENING + findingRequests(work) + batches * batchRequests(work));
  });

  it('take a plan no request but those that find them', async () => {
    const world = await exportedWorld(work);
    const policy = world.policy({ unit: work.unit, graceHours: 0 });
    const before = world.plane.requests.count();
    const { go } = await policy.plan();
    expect(go.rows).toBe(ROWS);
    expect(world.plane.requests.count() - before).toBe(OPENING + findingRequests(work));
  });
});

describe('a scan for traces', () => {
  it('reads no further ahead of what it gives than two groups of rows', async () => {
    const world = await PolicyWorld.start();
    const rows = 3 * GROUP_ROWS;
    world.writeTraces(rows / 10, 40, { children: 9 });
    const target = projectLogs({ client: world.client(), projectId: world.projectId });
    const now = world.clock.now();
    const reader = await target.open({ unit: 'trace', cutoff: now, before: now, holds: [] }, {});
    let given = 0;
    for await (const { rowsRead, units } of reader.units(null, {})) {
      expect(units.length).toBeLessThanOrEqual(GROUP_ROWS / 10);
      given += rowsRead;
      // All of them are of whole groups so far, each with a page that tells its end.
      const reads = given / PAGE_ROWS + given / GROUP_ROWS;
      const scanned = (world.plane.requests.count() - reads) * PAGE_ROWS;
      expect(scanned - given).toBeLessThanOrEqual(2 * GROUP_ROWS);
    }
    expect(given).toBe(rows);
  });
});
