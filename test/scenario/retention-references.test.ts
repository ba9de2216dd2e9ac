import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findReferences } from '../../src/braintrust/retention/references.js';
import type {
  OriginType,
  References,
  ReferencesBy,
} from '../../src/braintrust/retention/references.js';
import type { DataPlane } from '../../src/testing/plane/data-plane.js';
import { startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

let world: SpansWorld;
let plane: DataPlane;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  plane = world.plane;
  projectId = plane.createProject('evals').id;
});

afterEach(async () => {
  await plane.close();
});

const experiment = (name: string, datasetId: string | null = null): string =>
  plane.createExperiment(projectId, name, { datasetId }).id;
const dataset = (name: string): string => plane.createDataset(projectId, name).id;

/** A row that names another one as its origin. */
function origin(id: string, named: readonly [OriginType, string, string]): Record<string, unknown> {
  const [object_type, object_id, row] = named;
  return { id, input: 'x', origin: { object_type, object_id, id: row, _xact_id: '1' } };
}

async function find(
  by: ReferencesBy = ['experiments', 'datasets'],
  to?: OriginType,
  signal?: AbortSignal,
): Promise<References> {
  return await findReferences(world.client, { projectId, by, to }, { signal });
}

const queries = (): number => plane.requests.count({ path: '/btql' });

describe('references', () => {
  it('are the origins of rows of experiments and of datasets', async () => {
    const into = dataset('golden');
    plane.insert('dataset', into, [
      origin('d1', ['project_logs', projectId, "it's 日本"]),
      { id: 'd2', input: 'of nowhere' },
    ]);
    plane.insert('experiment', experiment('e'), [origin('e1', ['dataset', into, 'd2'])]);
    const found = await find();
    expect(found.hasRow('project_logs', projectId, "it's 日本")).toBe(true);
    expect(found.hasRow('dataset', into, 'd2')).toBe(true);
    expect(found.hasObject(projectId)).toBe(true);
    expect(found.hasObject(into)).toBe(true);
  });

  it('are told apart by kind, object and row', async () => {
    plane.insert('dataset', dataset('golden'), [origin('d', ['project_logs', projectId, 'a'])]);
    const found = await find();
    expect(found.hasRow('project_logs', projectId, 'b')).toBe(false);
    expect(found.hasRow('experiment', projectId, 'a')).toBe(false);
    expect(found.hasRow('project_logs', 'another', 'a')).toBe(false);
    expect(found.hasObject('a')).toBe(false);
  });

  it('count only where they were asked for', async () => {
    plane.insert('dataset', dataset('golden'), [origin('d', ['project_logs', projectId, 'a'])]);
    plane.insert('experiment', experiment('e'), [origin('e', ['project_logs', projectId, 'b'])]);
    const [byExperiments, byDatasets] = [await find(['experiments']), await find(['datasets'])];
    expect(byExperiments.hasRow('project_logs', projectId, 'a')).toBe(false);
    expect(byExperiments.hasRow('project_logs', projectId, 'b')).toBe(true);
    expect(byDatasets.hasRow('project_logs', projectId, 'a')).toBe(true);
    expect(byDatasets.hasRow('project_logs', projectId, 'b')).toBe(false);
  });

  it('of another project are not looked at', async () => {
    const other = plane.createProject('other').id;
    const { id } = plane.createDataset(other, 'golden');
    plane.insert('dataset', id, [origin('d', ['project_logs', projectId, 'a'])]);
    expect((await find()).hasRow('project_logs', projectId, 'a')).toBe(false);
  });

  it('of an object that is deleted are gone', async () => {
    const id = dataset('golden');
    plane.insert('dataset', id, [origin('d', ['project_logs', projectId, 'a'])]);
    plane.deleteObject('dataset', id);
    expect((await find()).hasRow('project_logs', projectId, 'a')).toBe(false);
  });

  it('are also the datasets that experiments ran on', async () => {
    const on = dataset('golden');
    experiment('e', on);
    expect((await find(['experiments'])).hasObject(on)).toBe(true);
    expect((await find(['datasets'])).hasObject(on)).toBe(false);
  });

  it('may be searched for one kind only, which reads no other rows', async () => {
    const on = dataset('golden');
    const rows = Array.from({ length: 3_000 }, (_, row) =>
      origin(`e${row}`, ['dataset', on, `d${row}`]),
    );
    plane.insert('experiment', experiment('e'), rows);
    plane.insert('experiment', experiment('f'), [origin('f', ['project_logs', projectId, 'a'])]);
    const found = await find(['experiments'], 'project_logs');
    expect(found.hasRow('project_logs', projectId, 'a')).toBe(true);
    expect(found.hasRow('dataset', on, 'd0')).toBe(false);
    expect(queries()).toBe(2);
  });

  it('come from every page, also where one transaction fills several', async () => {
    const ids = Array.from({ length: 2_500 }, (_, row) => String(row));
    const rows = ids.map((id) => origin(`d${id}`, ['project_logs', projectId, id]));
    plane.insert('dataset', dataset('golden'), rows);
    const found = await find();
    expect(ids.filter((id) => !found.hasRow('project_logs', projectId, id))).toEqual([]);
  });

  it('come from every object, 25 of them by one query', async () => {
    const ids = Array.from({ length: 60 }, (_, count) => String(count));
    for (const id of ids)
      plane.insert('experiment', experiment(id), [origin(id, ['project_logs', projectId, id])]);
    const found = await find();
    expect(ids.filter((id) => !found.hasRow('project_logs', projectId, id))).toEqual([]);
    expect(queries()).toBe(6);
  });

  it('of a row that is written again while it is searched are found', async () => {
    const id = dataset('golden');
    const rows = Array.from({ length: 1_500 }, (_, row) =>
      origin(`d${String(row).padStart(4, '0')}`, ['project_logs', projectId, String(row)]),
    );
    plane.insert('dataset', id, rows);
    const held = plane.control.hold();
    const search = find();
    await held.arrived;
    held.release();
    const second = plane.control.hold();
    await second.arrived;
    world.pass(60);
    plane.insert('dataset', id, [origin('d1400', ['project_logs', projectId, 'moved'])]);
    second.release();
    expect((await search).hasRow('project_logs', projectId, 'moved')).toBe(true);
  });

  it('of a project without experiments and datasets are none, and cost no query', async () => {
    const found = await find();
    expect(found.hasObject(projectId)).toBe(false);
    expect(queries()).toBe(0);
  });
});

describe('a search for references', () => {
  it('of a project that is not there fails', async () => {
    const search = { projectId: 'nowhere', by: ['datasets'] } as const;
    await expect(findReferences(world.client, search, {})).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
    });
  });

  it('fails when the service cannot answer for all that it has', async () => {
    const id = dataset('golden');
    plane.insert('dataset', id, [origin('d', ['project_logs', projectId, 'a'])]);
    plane.control.setFreshness(id, { realtime: 'exhausted_timeout' });
    await expect(find()).rejects.toMatchObject({ code: 'SOURCE_BEHIND', retryable: true });
  });

  it('fails when a query is refused', async () => {
    const id = dataset('golden');
    plane.insert('dataset', id, [origin('d', ['project_logs', projectId, 'a'])]);
    plane.control.fail({ kind: 'status', status: 403 }, { times: 1 });
    await expect(find()).rejects.toMatchObject({ code: 'SOURCE_FORBIDDEN' });
  });

  it('refuses pages that repeat', async () => {
    const rows = Array.from({ length: 1_500 }, (_, row) =>
      origin(`d${row}`, ['project_logs', projectId, String(row)]),
    );
    plane.insert('dataset', dataset('golden'), rows);
    plane.control.repeatPage(true);
    await expect(find()).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('asks for smaller pages where large ones take too long', async () => {
    const rows = Array.from({ length: 900 }, (_, row) =>
      origin(`d${row}`, ['project_logs', projectId, String(row)]),
    );
    plane.insert('dataset', dataset('golden'), rows);
    plane.control.timeOutAbove(300);
    expect((await find()).hasRow('project_logs', projectId, '899')).toBe(true);
  });

  it('ends with the reason of an abort, before it and in the middle', async () => {
    plane.insert('dataset', dataset('golden'), [origin('d', ['project_logs', projectId, 'a'])]);
    const reason = new Error('enough');
    await expect(find(['datasets'], undefined, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const held = plane.control.hold();
    const search = find(['datasets'], undefined, controller.signal);
    await held.arrived;
    controller.abort(reason);
    await expect(search).rejects.toBe(reason);
    held.release();
  });
});
