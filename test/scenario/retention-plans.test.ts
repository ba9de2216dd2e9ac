import { beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { RetentionPolicyOptions } from '../../src/create-retention-policy.js';
import type { RetentionTarget, UnitPage } from '../../src/interfaces/index.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { override } from '../support/override.js';
import { documentsOf, EventLog, exportedWorld, markAndWait } from '../support/policy-scenes.js';
import { DAY_MS, HOUR_MS, PolicyWorld, traceEvents } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

describe('a plan', () => {
  it('counts what would go by the UTC day of its creation, with the oldest and the newest', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(2, 40);
    world.writeTraces(1, 35, { children: 4 });
    world.writeTraces(3, 29);
    await world.exporter().run();
    expect(await world.policy().plan()).toMatchObject({
      policyId: 'logs',
      markId: null,
      unit: 'trace',
      keepDays: 30,
      cutoff: '2026-01-30T12:00:00.000Z',
      before: '2026-03-01T12:00:00.000Z',
      createdAt: '2026-03-01T12:00:00.000Z',
      expiresAt: '2026-03-02T12:00:00.000Z',
      survey: { of: 'rows', existing: 20, candidates: 11 },
      go: { units: 3, rows: 11 },
      days: [
        { day: '2026-01-20', count: 6 },
        { day: '2026-01-25', count: 5 },
      ],
      oldest: '2026-01-20T12:00:00.000Z',
      newest: '2026-01-25T12:00:00.000Z',
      kept: {},
      held: {},
      brakes: [],
      willRun: true,
    });
  });

  it('tells what the rows that would go take in the objects of the export', async () => {
    const sink = memorySink();
    world = await exportedWorld({ sink });
    const { archivedBytes } = await world.policy().plan();
    const objects = [...sink.objects].filter(([key]) => key.endsWith('.jsonl'));
    expect(objects).toHaveLength(1);
    // Half of its rows go, and all rows take the same there on average.
    expect(archivedBytes).toBe(Math.round((objects[0]?.[1].byteLength ?? 0) / 2));
  });

  it('does not know the bytes when no proof is asked for', async () => {
    const policy = world.policy({ requireExported: false, receipts: world.sink });
    expect(await policy.plan()).toMatchObject({ archivedBytes: null, go: { rows: 15 } });
  });

  it('shows ten units that would go and ten that stay, by their ids', async () => {
    world = await PolicyWorld.start();
    world.writeTraces(12, 41);
    await world.exporter().run();
    world.writeTraces(12, 42);
    const { samples } = await world.policy().plan();
    const going = samples.filter(({ reason }) => reason === null);
    expect(going).toHaveLength(10);
    expect(samples.filter(({ reason }) => reason === 'not-exported')).toHaveLength(10);
    expect(going[0]).toEqual({ id: 'd41-0-s0', rows: 3, reason: null });
  });

  it('changes nothing, neither rows nor objects nor documents', async () => {
    const sink = memorySink();
    world = await exportedWorld({ sink });
    const before = {
      documents: await documentsOf(world.store),
      rows: world.liveIds(),
      keys: [...sink.objects.keys()],
      versions: world.plane.history.length,
    };
    await world.policy().plan();
    expect({
      documents: await documentsOf(world.store),
      rows: world.liveIds(),
      keys: [...sink.objects.keys()],
      versions: world.plane.history.length,
    }).toEqual(before);
  });

  it('reads what a sweep reads: it says of each page what would stay', async () => {
    const log = new EventLog();
    await world.policy({ observer: log.observer }).plan();
    expect(log.of('units-judge')).toEqual([
      { type: 'units-judge', policyId: 'logs', markId: null, units: 5, rows: 15, keptRows: 0 },
    ]);
  });

  it('made while a mark waits is one of that mark, with its bounds', async () => {
    const policy = world.policy();
    const marked = await policy.run();
    await world.pass(5 * HOUR_MS);
    expect(await policy.plan()).toMatchObject({
      markId: marked.markId,
      cutoff: marked.cutoff?.toISOString(),
      before: '2026-03-01T12:00:00.000Z',
      createdAt: '2026-03-01T17:00:00.000Z',
    });
  });
});

describe('a plan says that nothing would run', () => {
  it('when nothing would go', async () => {
    const plan = await world.policy({ keepDays: 50 }).plan();
    expect(plan).toMatchObject({ go: { units: 0, rows: 0 }, willRun: false });
    expect(plan).toMatchObject({ days: [], oldest: null, newest: null, samples: [] });
    expect(plan.outlook).toContain('Nothing would go');
  });

  it('when all that is old stays', async () => {
    const plan = await world.policy({ holds: [{ filter: 'true' }] }).plan();
    expect(plan).toMatchObject({ go: { units: 0 }, kept: { 'on-hold': { units: 5, rows: 15 } } });
    expect(plan.willRun).toBe(false);
  });

  it('while the policy is paused', async () => {
    const policy = world.policy();
    await policy.pause();
    const plan = await policy.plan();
    expect(plan).toMatchObject({ willRun: false, go: { rows: 15 } });
    expect(plan.outlook).toContain('paused');
    await policy.resume();
    expect(await policy.plan()).toMatchObject({ willRun: true });
  });

  it('during the grace, and that the sweep would run after it', async () => {
    const policy = world.policy();
    const { markId } = await policy.run();
    await world.pass(24 * HOUR_MS - 1_000);
    const waiting = await policy.plan();
    expect(waiting).toMatchObject({ willRun: false, markId });
    expect(waiting.outlook).toContain('grace');
    await world.pass(1_000);
    const due = await policy.plan();
    expect(due).toMatchObject({ willRun: true, markId, go: { rows: 15 } });
    expect(due.outlook).toContain('sweep');
  });

  it('while a brake holds, and which', async () => {
    const plan = await world.policy({ brakes: { maxFraction: 0.25 } }).plan();
    expect(plan).toMatchObject({ willRun: false, brakes: ['fraction'], go: { rows: 15 } });
    expect(plan.outlook).toContain('fraction');
  });

  it('says the same as the run that follows', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const plan = await policy.plan();
    const swept = await policy.run();
    expect(swept).toMatchObject({ stopReason: 'swept', deleted: plan.go, kept: plan.kept });
  });
});

/** The moment so many days before the world's. */
function daysAgo(days: number): Date {
  return new Date(world.clock.now().getTime() - days * DAY_MS);
}

describe('a plan says of what stays', () => {
  const keptBy = async (options: Partial<RetentionPolicyOptions> = {}): Promise<unknown> => {
    const { kept, go } = await world.policy(options).plan();
    return { kept, go };
  };
  const rest = { units: 5, rows: 15 };

  it('that one span of a trace is too young', async () => {
    const [root, old, young] = traceEvents('mixed', 2, daysAgo(40));
    world.plane.insert('project_logs', world.projectId, [root!, old!], { at: daysAgo(40) });
    const late = { ...young, created: daysAgo(10).toISOString() };
    world.plane.insert('project_logs', world.projectId, [late], { at: daysAgo(39) });
    await world.exporter().run();
    expect(await keptBy()).toEqual({ kept: { 'too-young': { units: 1, rows: 3 } }, go: rest });
  });

  it('that a span of a trace was written after the cutoff', async () => {
    const change = { id: 'd40-0-0', _is_merge: true, scores: { good: 1 } };
    world.plane.insert('project_logs', world.projectId, [change], { at: daysAgo(20) });
    await world.exporter().run();
    expect(await keptBy()).toEqual({
      kept: { 'written-since': { units: 1, rows: 3 } },
      go: { units: 4, rows: 12 },
    });
  });

  it('that a span of a trace has no time that can be read', async () => {
    const [root, child] = traceEvents('odd', 1, daysAgo(40));
    const undated = { ...child, created: 'yesterday' };
    world.plane.insert('project_logs', world.projectId, [root!, undated], { at: daysAgo(40) });
    await world.exporter().run();
    expect(await keptBy()).toEqual({ kept: { undated: { units: 1, rows: 2 } }, go: rest });
  });

  it('that a version was never exported, and keeps its trace with it', async () => {
    const late = { ...traceEvents('d40-0', 3, daysAgo(40))[3], id: 'late' };
    world.plane.insert('project_logs', world.projectId, [late], { at: daysAgo(38) });
    expect(await keptBy()).toEqual({
      kept: { 'not-exported': { units: 1, rows: 4 } },
      go: { units: 4, rows: 12 },
    });
  });

  it('that a trace has more rows than can be judged together', async () => {
    const target = projectLogs({ client: world.client(), projectId: world.projectId });
    const open: RetentionTarget['open'] = async (scope, options) => {
      const reader = await target.open(scope, options);
      return override(reader, { units: (...from) => cutUnits(reader.units(...from)) });
    };
    expect(await keptBy({ target: override(target, { open }) })).toEqual({
      kept: { 'too-large': { units: 1, rows: 1 } },
      go: { units: 4, rows: 12 },
    });
  });
});

/** The pages with one trace cut, as a target gives those of too many rows. */
async function* cutUnits(pages: AsyncIterable<UnitPage>): AsyncGenerator<UnitPage> {
  for await (const page of pages) {
    const units = page.units.map((unit) =>
      unit.id === 'd40-3-s0' ? { ...unit, rows: unit.rows.slice(0, 1), isTooLarge: true } : unit,
    );
    yield { ...page, units };
  }
}
