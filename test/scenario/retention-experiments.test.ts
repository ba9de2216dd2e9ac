import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { experiments } from '../../src/braintrust/retention/experiments.js';
import { isExportError } from '../../src/errors/index.js';
import type { TargetUnit } from '../../src/interfaces/index.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import {
  idsOf,
  onlyUnit,
  rowIdsOf,
  startExperimentsWorld,
} from '../support/retained-experiments.js';
import type { ExperimentsWorld } from '../support/retained-experiments.js';
import { pagesOf, scopeNow, stepsOf, unitsOf } from '../support/retention-world.js';

let world: ExperimentsWorld;
let plane: DataPlane;
let projectId: string;

beforeEach(async () => {
  world = await startExperimentsWorld();
  ({ plane, projectId } = world);
});

afterEach(async () => {
  await plane.close();
});

describe('units', () => {
  it('are the experiments older than the cutoff, oldest first, each with all its rows', async () => {
    const ids = [
      await world.experiment('a'),
      await world.experiment('b', 0),
      await world.experiment('c', 3),
    ];
    const reader = await world.open();
    await world.experiment('young');
    const units = await unitsOf(reader);
    expect(idsOf(units)).toEqual(ids);
    expect(units.map(rowIdsOf)).toEqual([
      ['a-000000', 'a-000001'],
      [],
      ['c-000000', 'c-000001', 'c-000002'],
    ]);
    expect(units.every(({ isTooLarge }) => !isTooLarge)).toBe(true);
  });

  it('go with the experiment, of which everything is told that the service says', async () => {
    const id = await world.experiment('a', 1, { metadata: { model: 'm' }, tags: ['x'] });
    const { object } = await onlyUnit(await world.open());
    expect(object).toMatchObject({
      id,
      created: '2026-03-01T12:00:00.500Z',
      heldBy: [],
      members: { id, name: 'a', project_id: projectId, metadata: { model: 'm' }, tags: ['x'] },
    });
  });

  it('hold also rows that were written after the cutoff', async () => {
    const id = await world.experiment('a', 1);
    const reader = await world.open();
    await world.passDays(1);
    plane.insert('experiment', id, [{ id: 'late', input: 'x' }]);
    expect(rowIdsOf(await onlyUnit(reader))).toEqual(['a-000000', 'late']);
  });

  it('have rows that others hang on last', async () => {
    const id = await world.experiment('a', 0);
    plane.insert('experiment', id, [
      { id: 'root', span_id: 's', root_span_id: 's' },
      { id: 'child', span_id: 't', root_span_id: 's', span_parents: ['s'] },
    ]);
    expect(rowIdsOf(await onlyUnit(await world.open()))).toEqual(['child', 'root']);
  });

  it('have all rows over many pages, also where one transaction fills them', async () => {
    await world.experiment('a', 2_500);
    const unit = await onlyUnit(await world.open());
    expect(new Set(rowIdsOf(unit)).size).toBe(2_500);
  });

  it('are read in smaller pages where large ones take too long', async () => {
    await world.experiment('a', 900);
    plane.control.timeOutAbove(300);
    expect((await onlyUnit(await world.open())).rows).toHaveLength(900);
  });

  it('resume after any page, whatever has gone before it', async () => {
    const ids = [
      await world.experiment('a'),
      await world.experiment('b'),
      await world.experiment('c'),
    ];
    const reader = await world.open();
    const [first, second] = await pagesOf(reader);
    plane.deleteObject('experiment', ids[0] ?? '');
    expect(idsOf(await unitsOf(reader, first?.cursor))).toEqual(ids.slice(1));
    plane.deleteObject('experiment', ids[1] ?? '');
    expect(idsOf(await unitsOf(reader, second?.cursor))).toEqual(ids.slice(2));
  });

  it('of one moment come in the order of their ids', async () => {
    const made = ['a', 'b', 'c', 'd'].map((name) => plane.createExperiment(projectId, name).id);
    await world.passDays(1);
    const reader = await world.open();
    expect(idsOf(await unitsOf(reader))).toEqual([...made].sort());
    const [first] = await pagesOf(reader);
    expect(idsOf(await unitsOf(reader, first?.cursor))).toEqual([...made].sort().slice(1));
  });

  it('may be some experiments of the project only', async () => {
    await world.experiment('a');
    const id = await world.experiment('b');
    const options = { experimentIds: [id, 'gone'] };
    expect(idsOf(await unitsOf(await world.open([], options)))).toEqual([id]);
  });

  it('are none of another project', async () => {
    const other = plane.createProject('other').id;
    plane.createExperiment(other, 'a');
    await world.passDays(1);
    expect(await unitsOf(await world.open())).toEqual([]);
  });

  it('leave out an experiment that is deleted after it was listed', async () => {
    const [first, second] = [await world.experiment('a'), await world.experiment('b')];
    const pages = (await world.open()).units(null, {})[Symbol.asyncIterator]();
    expect(((await pages.next()).value as { units: TargetUnit[] }).units[0]?.id).toBe(first);
    plane.deleteObject('experiment', second);
    expect((await pages.next()).done).toBe(true);
  });

  it('of a list that is longer than a page are all there', async () => {
    for (let count = 0; count < 1_200; count += 1) plane.createExperiment(projectId, `e${count}`);
    await world.passDays(1);
    expect(await (await world.open()).survey({})).toMatchObject({
      existing: 1_200,
      candidates: 1_200,
    });
  });
});

describe('the list', () => {
  const rewriteList = (from: string, to: string): void =>
    plane.control.fail(
      { kind: 'rewrite', rewrite: (body) => Buffer.from(body.toString().replaceAll(from, to)) },
      { path: '/v1/experiment' },
    );

  it('is refused when it names an experiment of another project', async () => {
    await world.experiment('a');
    rewriteList(projectId, 'another');
    await expect(unitsOf(await world.open())).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('is refused when a tag cannot be read', async () => {
    await world.experiment('a', 1, { tags: ['x'] });
    rewriteList('["x"]', '"x"');
    await expect(unitsOf(await world.open())).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('of a project that is not there is no empty one', async () => {
    const reader = await world.open([], { projectId: 'nowhere' });
    await expect(reader.survey({})).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
    await expect(unitsOf(reader)).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  });

  it('gives an experiment without a creation time for judgement, and counts it', async () => {
    const id = await world.experiment('a', 1);
    const created = '"2026-03-01T12:00:00.500Z"';
    for (let times = 0; times < 4; times += 1) rewriteList(created, 'null');
    const reader = await world.open();
    const unit = await onlyUnit(reader);
    expect(unit).toMatchObject({ id, object: { created: null } });
    expect(await reader.survey({})).toMatchObject({ candidates: 1, days: [], oldest: null });
  });
});

describe('a survey', () => {
  it('counts experiments by the day of their creation', async () => {
    await world.experiment('a');
    plane.createExperiment(projectId, 'b');
    plane.createExperiment(projectId, 'c');
    await world.passDays(3);
    const reader = await world.open();
    await world.experiment('young');
    expect(await reader.survey({})).toEqual({
      of: 'experiments',
      existing: 4,
      candidates: 3,
      days: [
        { day: '2026-03-01', count: 1 },
        { day: '2026-03-02', count: 2 },
      ],
      oldest: '2026-03-01T12:00:00.500Z',
      newest: '2026-03-02T12:00:00.500Z',
    });
  });

  it('of a project without experiments counts none', async () => {
    const none = { existing: 0, candidates: 0, days: [], oldest: null, newest: null };
    expect(await (await world.open()).survey({})).toEqual({ of: 'experiments', ...none });
  });
});

describe('holds', () => {
  it('exempt an experiment by its id, by a tag, and by ids and tags of its rows', async () => {
    const [byId, byTag] = [
      await world.experiment('a', 1),
      await world.experiment('b', 1, { tags: ['keep', 'x'] }),
    ];
    const byRow = await world.experiment('c', 0);
    plane.insert('experiment', byRow, [{ id: "it's", tags: ['keep'] }, { id: 'q' }]);
    const holds = [{ ids: [byId] }, { tags: ['keep'] }, { ids: ["it's", 'none'] }];
    const units = await unitsOf(await world.open(holds));
    expect(units.map((unit) => unit.object?.heldBy)).toEqual([[0], [1], []]);
    expect(units.map(({ rows }) => rows.map(({ heldBy }) => heldBy))).toEqual([
      [[]],
      [[]],
      [[1, 2], []],
    ]);
    expect(units[1]?.id).toBe(byTag);
  });

  it('exempt rows by a filter', async () => {
    const id = await world.experiment('a', 0);
    plane.insert('experiment', id, [
      { id: 'r1', metadata: { keep: true } },
      { id: 'r2', metadata: { keep: false } },
      { id: 'r3' },
    ]);
    const { rows } = await onlyUnit(await world.open([{ filter: 'metadata.keep = true' }]));
    expect(rows.map(({ heldBy }) => heldBy)).toEqual([[0], [], []]);
  });

  it('exempt what rows of datasets name, the row and its experiment', async () => {
    const id = await world.experiment('a');
    await world.experiment('b');
    const dataset = plane.createDataset(projectId, 'golden').id;
    const origin = { object_type: 'experiment', object_id: id, id: 'a-000001' };
    plane.insert('dataset', dataset, [{ id: 'd', input: 'x', origin }]);
    const units = await unitsOf(await world.open([{ referencedBy: ['datasets'] }]));
    expect(units.map((unit) => unit.object?.heldBy)).toEqual([[0], []]);
    expect(units[0]?.rows.map(({ heldBy }) => heldBy)).toEqual([[], [0]]);
  });

  it('that cannot be known let nothing be read', async () => {
    await world.experiment('a');
    const dataset = plane.createDataset(projectId, 'golden').id;
    plane.control.setFreshness(dataset, { realtime: 'exhausted_timeout' });
    await expect(world.open([{ referencedBy: ['datasets'] }])).rejects.toMatchObject({
      code: 'SOURCE_BEHIND',
    });
  });
});

describe('the target', () => {
  it('refuses wrong options, all in one message', () => {
    const wrong = { client: {}, projectId: '', experimentIds: [], other: 1 };
    try {
      experiments(wrong as never);
      expect.unreachable();
    } catch (error) {
      expect(isExportError(error, 'OPTION_INVALID')).toBe(true);
      for (const part of ['client', 'send, reserve', 'projectId', 'experimentIds', 'other'])
        expect((error as Error).message).toContain(part);
    }
  });

  it('refuses another unit than the experiment', async () => {
    await expect(world.target().open(scopeNow(world, { unit: 'row' }), {})).rejects.toThrow(
      "no unit 'row'",
    );
  });

  it('refuses cursors of others', async () => {
    await world.experiment('a');
    const reader = await world.open();
    for (const cursor of ['', 'x', 'null', '{}', '{"retainedExperiments":2,"createdMs":0,"id":""}'])
      await expect(unitsOf(reader, cursor)).rejects.toMatchObject({
        code: 'SOURCE_CURSOR_INVALID',
      });
  });

  it('takes its time from the plane, in whole seconds', async () => {
    expect(await world.target().now({})).toEqual(new Date('2026-03-01T12:00:00.000Z'));
  });

  it('is proven by rows of whole experiments only', () => {
    const identity = { apiUrl: plane.url, filter: null, columns: null, from: 0 };
    const problem = (name: string): string | null =>
      world.target().proofProblem({ name, identity });
    expect(problem('braintrust-experiments')).toBe(null);
    expect(problem('braintrust-experiment-metadata')).toContain('is not');
    expect(problem('braintrust-spans')).toContain('is not');
  });

  it('tries all but the deletion of an experiment, and deletes nothing', async () => {
    const id = await world.experiment('a');
    const holds = [{ filter: 'metadata.keep = true' }, { filter: 'id' }];
    const steps = await stepsOf(world.target().probe(holds, {}));
    expect(steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'list passed',
      'query passed',
      'clock passed',
      'filter passed',
      'filter failed',
      'delete passed',
      'delete-experiment skipped',
    ]);
    expect(plane.requests.list.every(({ method }) => method !== 'DELETE')).toBe(true);
    expect(plane.liveRows('experiment', id)).toHaveLength(2);
  });

  it('tells in its steps when nothing can be read', async () => {
    const steps = await stepsOf(world.target({ projectId: 'nowhere' }).probe([], {}));
    expect(steps.map(({ outcome }) => outcome)).toEqual(['failed', 'skipped']);
  });
});
