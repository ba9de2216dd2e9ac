import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { secondsOfXactId, xactIdAt } from '../../src/braintrust/query/xact.js';
import { experiments } from '../../src/braintrust/retention/experiments.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { Hold, RetentionUnit, TargetReader, TargetUnit } from '../../src/interfaces/index.js';
import type { PlaneFault } from '../../src/testing/plane/faults.js';
import {
  batchOf,
  outline,
  readUnits,
  rewriteRows,
  rowsOfUnits,
  startRetentionWorld,
} from '../support/retention.js';
import type { RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;

const HOLD: Hold = { filter: 'metadata.keep = true' };

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  world.plane.insert('project_logs', projectId, traceOf('t'));
});

afterEach(() => world.plane.close());

/** The last of its rows, by id, is the one that is on hold. */
function traceOf(root: string): Record<string, unknown>[] {
  const child = { root_span_id: root, span_parents: [root] };
  return [
    { id: `${root}-0`, span_id: root },
    ...['1', '2', '3', '4'].map((n) => ({ ...child, id: `${root}-${n}`, span_id: `s${n}` })),
    { ...child, id: `${root}-5`, span_id: 's5', tags: ['keep'], metadata: { keep: true } },
  ];
}

async function open(unit: RetentionUnit, holds: readonly Hold[] = []): Promise<TargetReader> {
  return await projectLogs({ client: world.client, projectId }).open(world.scope(unit, holds), {});
}

/** A reader, and the trace as it finds it. */
async function found(
  holds: readonly Hold[] = [],
): Promise<{ readonly reader: TargetReader; readonly units: readonly TargetUnit[] }> {
  world.passDays(40);
  const reader = await open('trace', holds);
  return { reader, units: await readUnits(reader) };
}

describe('pages with fewer rows than were asked for', () => {
  const SHORT = rewriteRows((data) => data.splice(2));
  const ALL = ['t: t-1 t-2 t-3 t-4 t-5 t-0'];

  it('do not end a trace that is read again', async () => {
    const { reader, units } = await found();
    world.plane.control.fail(SHORT, { times: 50 });
    expect(outline((await reader.reread(batchOf(...units), {})).units)).toEqual(ALL);
  });

  it('do not hide rows that remain', async () => {
    const { reader, units } = await found();
    world.plane.control.fail(SHORT, { times: 50 });
    expect(await reader.remaining(rowsOfUnits(units), {})).toHaveLength(6);
  });

  it('do not end an experiment that is read again', async () => {
    const { client, plane } = world;
    const { id } = plane.createExperiment(projectId, 'old');
    plane.insert('experiment', id, traceOf('e'));
    world.passDays(40);
    const scope = world.scope('experiment');
    const reader = await experiments({ client, projectId }).open(scope, {});
    const units = await readUnits(reader);
    plane.control.fail(SHORT, { times: 50 });
    const [unit] = (await reader.reread(batchOf(...units), {})).units;
    expect(unit?.rows).toHaveLength(6);
  });
});

describe('a row that does not tell what was asked for', () => {
  const COLUMNS = ['hold_0', 'tags', 'created', 'span_id', 'root_span_id', 'is_root'];
  const without = (column: string): PlaneFault =>
    rewriteRows((data) => data.forEach((row) => delete row[column]));

  it.each(COLUMNS)('is refused by a scan: %s', async (column) => {
    world.passDays(40);
    const reader = await open('row', [HOLD]);
    world.plane.control.fail(without(column));
    await expect(readUnits(reader)).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it.each(COLUMNS)('is refused when it is read again: %s', async (column) => {
    const { reader, units } = await found([HOLD]);
    world.plane.control.fail(without(column));
    const reread = reader.reread(batchOf(...units), {});
    await expect(reread).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });
});

it('a row that is back in an earlier version remains', async () => {
  const { reader, units } = await found();
  const later = rowsOfUnits(units).map((row) => ({
    ...row,
    version: xactIdAt(secondsOfXactId(row.version) + 60),
  }));
  const ids = (await reader.remaining(later, {})).map(({ id }) => id);
  expect(ids).toEqual(['t-0', 't-1', 't-2', 't-3', 't-4', 't-5']);
});

describe('an answer that leaves out what the service knows of', () => {
  const now = (): number => Math.floor(world.clock.nowMs / 1_000);

  it.each([1, 30, 119])('%s seconds ago is no word about the present', async (seconds) => {
    const { reader, units } = await found();
    world.plane.control.setFreshness(projectId, {
      consideredXactId: xactIdAt(now()),
      actualXactId: xactIdAt(now() - seconds),
    });
    const behind = { code: 'SOURCE_BEHIND', retryable: true };
    await expect(reader.reread(batchOf(...units), {})).rejects.toMatchObject(behind);
    await expect(reader.remaining(rowsOfUnits(units), {})).rejects.toMatchObject(behind);
  });

  it('is refused though it does not tell its realtime state', async () => {
    const { reader, units } = await found();
    world.plane.control.setFreshness(projectId, {
      consideredXactId: xactIdAt(now()),
      processedXactId: xactIdAt(now() - 600),
    });
    const untold: PlaneFault = {
      kind: 'rewrite',
      rewrite: (body) => {
        const answer = JSON.parse(body.toString()) as Record<string, unknown>;
        delete answer['realtime_state'];
        return Buffer.from(JSON.stringify(answer));
      },
    };
    world.plane.control.fail(untold);
    const reread = reader.reread(batchOf(...units), {});
    await expect(reread).rejects.toMatchObject({ code: 'SOURCE_BEHIND' });
  });
});
