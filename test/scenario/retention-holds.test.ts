import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import type { Hold, ProbeStep, RetentionUnit } from '../../src/interfaces/index.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { quickClient } from '../support/braintrust.js';
import { batchOf, rowsOfUnits, startRetentionWorld, unitsInScope } from '../support/retention.js';
import type { RetentionWorld } from '../support/retention.js';

let world: RetentionWorld;
let projectId: string;

beforeEach(async () => {
  world = await startRetentionWorld();
  projectId = world.plane.createProject('assistant').id;
  world.plane.insert('project_logs', projectId, [
    { id: 'root', span_id: 'root-span', tags: ['keep', 'x'], metadata: { tier: 'gold', rank: 3 } },
    { id: 'child', span_id: 'child-span', root_span_id: 'root-span', span_parents: ['root-span'] },
    { id: 'other', metadata: { tier: "it's" } },
  ]);
  world.passDays(40);
});

afterEach(() => world.plane.close());

/** `row: places of its holds` of every row that is held. */
async function held(holds: readonly Hold[], unit: RetentionUnit = 'trace'): Promise<string[]> {
  const target = projectLogs({ client: world.client, projectId });
  const { reader, units } = await unitsInScope(target, world.scope(unit, holds));
  const reread = await reader.reread(batchOf(...units), {});
  const byId = (read: typeof units): string[] =>
    rowsOfUnits(read)
      .filter(({ heldBy }) => heldBy.length > 0)
      .map(({ id, heldBy }) => `${id}: ${heldBy.join(' ')}`)
      .sort();
  expect(byId(reread.units)).toEqual(byId(units));
  return byId(units);
}

describe('rows are held', () => {
  it('by their id, that of their span and that of their trace', async () => {
    expect(await held([{ ids: ['other'] }])).toEqual(['other: 0']);
    expect(await held([{ ids: ['child-span'] }])).toEqual(['child: 0']);
    expect(await held([{ ids: ['root-span'] }])).toEqual(['child: 0', 'root: 0']);
    expect(await held([{ ids: ['Other', 'root-spa', ''] }])).toEqual([]);
  });

  it('by any of their tags', async () => {
    expect(await held([{ tags: ['y', 'x'] }])).toEqual(['root: 0']);
    expect(await held([{ tags: ['kee'] }])).toEqual([]);
  });

  it('by filters that are true for them, not by those that are false or cannot be told', async () => {
    expect(await held([{ filter: `metadata.tier = 'gold'` }])).toEqual(['root: 0']);
    expect(await held([{ filter: `metadata.tier = 'it''s'` }])).toEqual(['other: 0']);
    expect(await held([{ filter: `metadata.tier != 'gold'` }])).toEqual(['other: 0']);
    expect(await held([{ filter: 'metadata.tier is null' }])).toEqual(['child: 0']);
  });

  it('by several holds at once, each by its place', async () => {
    const holds = [
      { filter: `metadata.tier = 'gold'` },
      { ids: ['nobody'] },
      { tags: ['keep'] },
      { filter: 'metadata.rank > 2 or metadata.rank is null' },
    ];
    for (const unit of ['trace', 'row'] as const)
      expect(await held(holds, unit)).toEqual(['child: 3', 'other: 3', 'root: 0 2 3']);
  });

  it('when experiments or datasets of the project name them as their origin', async () => {
    const experiment = world.plane.createExperiment(projectId, 'e').id;
    const dataset = world.plane.createDataset(projectId, 'd').id;
    const originOf = (id: string): object => ({
      origin: { object_type: 'project_logs', object_id: projectId, id },
    });
    world.plane.insert('experiment', experiment, [{ id: 'e1', ...originOf('child') }]);
    world.plane.insert('dataset', dataset, [{ id: 'd1', ...originOf('other') }]);
    expect(await held([{ referencedBy: ['experiments'] }])).toEqual(['child: 0']);
    expect(await held([{ referencedBy: ['datasets'] }])).toEqual(['other: 0']);
    expect(await held([{ referencedBy: ['datasets', 'experiments'] }])).toEqual([
      'child: 0',
      'other: 0',
    ]);
    expect(await held([{ tags: ['nothing'] }])).toEqual([]);
  });
});

describe('a filter', () => {
  it('that gives something else than true, false or null is refused with its place', async () => {
    const holds = [{ tags: ['x'] }, { filter: 'metadata.rank' }];
    await expect(held(holds)).rejects.toMatchObject({
      code: 'SOURCE_PROTOCOL',
      message: expect.stringContaining('hold 1 gave a number') as string,
    });
  });

  it('that is no single expression is refused before anything is asked', async () => {
    const target = projectLogs({ client: world.client, projectId });
    for (const filter of ['', 'true | limit: 1', `tags = 'x`, 'true -- all']) {
      const scope = world.scope('trace', [{ filter }]);
      await expect(target.open(scope, {})).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.stringContaining('holds[0].filter') as string,
      });
    }
    expect(world.plane.requests.count()).toBe(0);
  });

  it('that the service cannot read is refused by the first read', async () => {
    await expect(held([{ filter: 'metadata.tier = = 1' }])).rejects.toMatchObject({
      code: 'SOURCE_QUERY_INVALID',
    });
  });
});

describe('a probe', () => {
  const holds = [
    { filter: 'metadata.tier = 1' },
    { name: 'gold', filter: `metadata.tier = 'gold'` },
    { referencedBy: ['experiments' as const] },
  ];

  async function probe(given: readonly Hold[] = holds): Promise<ProbeStep[]> {
    const runtime = manualClock({ autoAdvance: true, now: world.clock.now() });
    const client = quickClient(world.plane.url, { apiKey: world.plane.apiKey, runtime });
    const steps: ProbeStep[] = [];
    for await (const step of projectLogs({ client, projectId }).probe(given, {})) steps.push(step);
    return steps;
  }

  const outcomes = (steps: readonly ProbeStep[]): string[] =>
    steps.map(({ step, outcome }) => `${step} ${outcome}`);

  it('tries rights, clock and holds, and deletes nothing', async () => {
    const before = world.plane.liveRows('project_logs', projectId);
    const steps = await probe();
    expect(outcomes(steps)).toEqual([
      'query passed',
      'clock passed',
      'filter passed',
      'filter passed',
      'references passed',
      'delete passed',
    ]);
    expect(steps[3]?.detail).toContain('gold');
    expect(world.plane.liveRows('project_logs', projectId)).toEqual(before);
  });

  it('tells a filter that is refused, and one that is no condition', async () => {
    const steps = await probe([
      { filter: 'a = = 1' },
      { filter: 'metadata.rank' },
      { filter: ' ' },
    ]);
    expect(outcomes(steps)).toContain('filter failed');
    expect(steps.filter(({ step }) => step === 'filter').map(({ outcome }) => outcome)).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
  });

  it('tells a key that may not delete', async () => {
    world.plane.control.setRights(world.plane.apiKey, { readOnly: true });
    const steps = await probe([]);
    expect(outcomes(steps)).toEqual(['query passed', 'clock passed', 'delete failed']);
    expect(steps.at(-1)?.remedy).toBeDefined();
  });

  it('tells a project that cannot be read, and ends there', async () => {
    world.plane.deleteObject('project_logs', projectId);
    expect(outcomes(await probe())).toEqual(['query failed']);
  });

  it('ends with the reason of an abort', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const steps = projectLogs({ client: world.client, projectId }).probe([], { signal });
    const read = async (): Promise<void> => {
      for await (const _step of steps) continue;
    };
    await expect(read()).rejects.toBe(signal.reason);
  });
});

it('options that are missing, wrong or unknown are refused together', () => {
  const client = { apiUrl: 'x' } as typeof world.client;
  const options = { client, projectId: '', days: 3 };
  expect(() => projectLogs(options)).toThrow(
    /lacks query, get, send, reserve; `projectId` .*; `days` is not an option/u,
  );
});

it('rows are proven by a source of whole spans of the same service only', () => {
  const { apiUrl } = world.client;
  const target = projectLogs({ client: world.client, projectId });
  const identity = { apiUrl, filter: null, columns: null, from: 0, until: 4_294_967_295 };
  const problemOf = (name: string, changed: object): string | null =>
    target.proofProblem({ name, identity: { ...identity, ...changed } });
  expect(problemOf('braintrust-spans', {})).toBeNull();
  expect(problemOf('braintrust-traces', {})).not.toBeNull();
  for (const changed of [{ apiUrl: 'x' }, { filter: 'a' }, { columns: ['id'] }, { from: 1 }])
    expect(problemOf('braintrust-spans', changed)).not.toBeNull();
  expect(target.proofProblem(null)).not.toBeNull();
});
