import { beforeEach, describe, expect, it } from 'vitest';

import { braintrustClient } from '../../src/braintrust/client/client.js';
import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import { createExporter } from '../../src/create-exporter.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import {
  deletedIds,
  EventLog,
  exportedWorld,
  idsGone,
  markAndWait,
  receiptsOf,
  tracesOf,
} from '../support/policy-scenes.js';
import { DAY_MS, PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await PolicyWorld.start();
  world.writeTraces(5, 90);
  world.writeTraces(5, 40);
  world.writeTraces(5, 10);
  await world.exporter().run();
});

describe('two policies on one project', () => {
  it('that keep different times each delete what is old for them', async () => {
    const long = world.policy({ id: 'long', keepDays: 60 });
    const short = world.policy({ id: 'short', keepDays: 30 });
    await long.run();
    await markAndWait(world, short);
    expect(await long.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    expect(tracesOf(world.liveIds())).toHaveLength(10);
    expect(await short.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    expect(tracesOf(world.liveIds())).toHaveLength(5);
  });

  it('that sweep at once delete nothing twice and nothing else', async () => {
    const limits = { batchMaxRows: 3 };
    const long = world.policy({ id: 'long', keepDays: 60, limits });
    const short = world.policy({ id: 'short', keepDays: 30, limits });
    await long.run();
    await markAndWait(world, short);
    const ends = await Promise.all([long.run(), short.run()]);
    expect(ends.map(({ stopReason }) => stopReason)).toEqual(['swept', 'swept']);
    expect(world.liveIds().every((id) => id.startsWith('d10-'))).toBe(true);
    expect(world.liveIds()).toHaveLength(15);
    const gone = deletedIds(world.plane);
    expect(new Set(gone).size).toBe(30);
    const told = [
      ...idsGone(await receiptsOf(world.sink, 'long')),
      ...idsGone(await receiptsOf(world.sink, 'short')),
    ];
    expect(new Set(told)).toEqual(new Set(gone));
  });

  it('do not answer for each other: holds, pauses and receipts are their own', async () => {
    const long = world.policy({ id: 'long', keepDays: 60 });
    const short = world.policy({ id: 'short', holds: [{ ids: ['d90-0-s0'] }] });
    await long.run();
    await markAndWait(world, short);
    await long.pause();
    expect(await short.run()).toMatchObject({ deleted: { units: 9, rows: 27 } });
    expect(await receiptsOf(world.sink, 'long')).toEqual([]);
    await long.resume();
    expect(await long.run()).toMatchObject({ deleted: { units: 1, rows: 3 } });
    expect(idsGone(await receiptsOf(world.sink, 'long'))).toHaveLength(3);
  });
});

describe('two workers of one policy', () => {
  it('delete everything once between them, whoever begins', async () => {
    const policies = [world.policy(), world.policy(), world.policy()];
    const marks = await Promise.all(policies.map((policy) => policy.run()));
    expect(marks.filter(({ stopReason }) => stopReason === 'marked')).toHaveLength(1);
    await world.pass(DAY_MS);
    const sweeps = await Promise.all(policies.map((policy) => policy.run()));
    expect(sweeps.filter(({ stopReason }) => stopReason === 'swept')).toHaveLength(1);
    expect(sweeps.reduce((sum, { deleted }) => sum + deleted.rows, 0)).toBe(30);
    expect(new Set(deletedIds(world.plane)).size).toBe(30);
  });
});

describe('a policy and an exporter on one budget of requests', () => {
  it('both end, and each deletion is within ten seconds of its read', async () => {
    world = await exportedWorld({ plane: { requestsPerMinute: 20, countWrites: true } });
    const sentAt: number[] = [];
    const client = braintrustClient({
      apiUrl: world.plane.url,
      apiKey: world.plane.apiKey,
      requestsPerMinute: 20,
      runtime: world.clock,
      fetch: async (input, init) => {
        sentAt.push(world.clock.now().getTime());
        return await fetch(input, init);
      },
    });
    const log = new EventLog();
    const policy = world.policy({
      target: projectLogs({ client, projectId: world.projectId }),
      limits: { batchMaxRows: 3 },
      observer: log.observer,
    });
    const exporter = createExporter({
      id: 'second',
      source: spansSource({ client, projectId: world.projectId }),
      encoder: jsonlEncoder(),
      sink: world.sink,
      keys: datePartitionedKeys(),
      cursorStore: world.store,
      pageSize: 2,
      runtime: world.clock,
    });
    await markAndWait(world, policy);
    const [swept, exported] = await Promise.all([policy.run(), exporter.run()]);
    expect(swept).toMatchObject({ stopReason: 'swept', deleted: { rows: 15 } });
    expect(exported.stopReason).toBe('caught-up');
    const ages = log.of('rows-delete').map(({ readAgeMs }) => readAgeMs);
    expect(ages).toHaveLength(5);
    expect(Math.max(...ages)).toBeLessThanOrEqual(10_000);
    // By the clock at the sending: it can move while a request is on its way, and the plane then counts it later.
    expect(sentAt.length).toBeGreaterThan(20);
    const quick = sentAt.filter((time, place) => time - (sentAt[place - 20] ?? -Infinity) < 60_000);
    expect(quick).toEqual([]);
  });
});
