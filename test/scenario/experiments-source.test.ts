import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { datasetsSource } from '../../src/braintrust/datasets/datasets.js';
import type { DatasetsSourceOptions } from '../../src/braintrust/datasets/datasets.js';
import { experimentsSource } from '../../src/braintrust/experiments/experiments.js';
import type { ExperimentsSourceOptions } from '../../src/braintrust/experiments/experiments.js';
import type { Cursor, ExportEvent, Page, Source } from '../../src/interfaces/index.js';
import { idsOf, lastCursor, readPages, rowsOf, spanEvents, startWorld } from '../support/spans.js';
import type { SpansWorld } from '../support/spans.js';

let world: SpansWorld;
let projectId: string;

beforeEach(async () => {
  world = await startWorld();
  projectId = world.plane.createProject('evals').id;
});

afterEach(async () => {
  await world.plane.close();
});

const experiments = (options: Partial<ExperimentsSourceOptions> = {}): Source =>
  experimentsSource({ client: world.client, projectId, ...options });
const datasets = (options: Partial<DatasetsSourceOptions> = {}): Source =>
  datasetsSource({ client: world.client, projectId, ...options });

/** Makes an experiment with rows of its own name, and lets them settle. */
function experiment(name: string, rows = 2): string {
  const { id } = world.plane.createExperiment(projectId, name, { metadata: { name } });
  if (rows > 0) world.plane.insert('experiment', id, spanEvents(rows, name));
  world.pass(200);
  return id;
}

const queries = (): number => world.plane.requests.count({ path: '/btql' });
const freshIds = (pages: readonly Page[]): unknown[] =>
  pages.flatMap((page) => idsOf([page]).slice(page.repeats ?? 0));

describe('all experiments of a project', () => {
  it('are found by themselves when they are new, and none of another project', async () => {
    experiment('a');
    const first = await readPages(experiments());
    expect(idsOf(first)).toEqual(['a-000000', 'a-000001']);
    experiment('b', 1);
    const { id } = world.plane.createExperiment(world.plane.createProject('x').id, 'foreign');
    world.plane.insert('experiment', id, spanEvents(1, 'foreign'));
    world.pass(200);
    expect(freshIds(await readPages(experiments(), lastCursor(first)))).toEqual(['b-000000']);
  });

  it('share queries: a run over settled ones asks one for each 25', async () => {
    for (let count = 0; count < 60; count += 1) experiment(`e${count}`, 1);
    const first = await readPages(experiments());
    expect(idsOf(first)).toHaveLength(60);
    world.pass(2_000);
    const second = await readPages(experiments(), lastCursor(first));
    world.pass(2_000);
    const before = queries();
    expect(idsOf(await readPages(experiments(), lastCursor(second)))).toEqual([]);
    expect(queries() - before).toBe(3);
  });

  it('have a watermark once all were read, which never falls', async () => {
    experiment('a');
    experiment('b');
    const source = experiments({ objectsPerQuery: 1 });
    const marks = (pages: readonly Page[]): (Date | null | undefined)[] =>
      pages.map(({ cursor }) => source.watermarkOf?.(cursor));
    const first = await readPages(source);
    const end = marks(first).at(-1);
    expect(
      marks(first)
        .slice(0, -1)
        .every((mark) => mark === null),
    ).toBe(true);
    expect(end).toEqual(new Date(Math.floor(world.clock.nowMs / 1000) * 1000 - 120_000));
    experiment('c');
    const second = marks(await readPages(source, lastCursor(first)));
    expect(second.slice(0, -1).every((mark) => mark?.getTime() === end?.getTime())).toBe(true);
    expect(second.at(-1)?.getTime()).toBeGreaterThan(end?.getTime() ?? Infinity);
  });

  it('may be none', async () => {
    const pages = await readPages(experiments());
    expect(idsOf(pages)).toEqual([]);
    expect(queries()).toBe(0);
  });

  it('of a project that is not there are refused, not taken for none', async () => {
    await expect(readPages(experiments({ projectId: 'nowhere' }))).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      details: { projectId: 'nowhere' },
    });
  });

  it('fit the cursor by thousands', async () => {
    const made = Array.from({ length: 2_500 }, (_, index) => index);
    for (const index of made) world.plane.createExperiment(projectId, `e${index}`);
    experiment('a');
    const source = experiments({ objectsPerQuery: 500 });
    const pages = await readPages(source);
    const cursor = lastCursor(pages) ?? '';
    expect(idsOf(pages)).toHaveLength(2);
    expect(cursor.length).toBeLessThan(48 * 1024 * (2_501 / 4_500));
    experiment('b', 1);
    expect(freshIds(await readPages(source, cursor))).toEqual(['b-000000']);
  });
});

describe('an experiment that is deleted', () => {
  /** Reads; before the page `at` is taken, something happens. */
  async function readAndThen(
    source: Source,
    at: number,
    happen: () => void,
  ): Promise<{ readonly pages: Page[]; readonly events: ExportEvent[]; readonly error: unknown }> {
    const pages: Page[] = [];
    const events: ExportEvent[] = [];
    const observer = (event: ExportEvent): number => events.push(event);
    try {
      for await (const page of source.read({ cursor: null, pageSize: 2, observer })) {
        if (pages.push(page) === at) happen();
      }
      return { pages, events, error: undefined };
    } catch (error) {
      return { pages, events, error };
    }
  }

  it('in mid-read is told, left out, and the others are read whole', async () => {
    const [first, second] = [experiment('a', 9), experiment('b', 9)];
    const gone = first < second ? second : first;
    const { pages, events, error } = await readAndThen(experiments(), 1, () => {
      world.plane.deleteObject('experiment', gone);
    });
    expect(error).toBeUndefined();
    expect(events.filter(({ type }) => type === 'object-error')).toMatchObject([
      { kind: 'experiment', objectId: gone, code: 'SOURCE_FORBIDDEN' },
    ]);
    const stays = gone === first ? 'b' : 'a';
    const ids = idsOf(pages).filter((id) => String(id).startsWith(stays));
    expect(ids).toEqual(spanEvents(9, stays).map(({ id }) => id));
    const later = await readPages(experiments(), lastCursor(pages));
    expect(freshIds(later)).toEqual([]);
    expect(experiments().watermarkOf?.(lastCursor(later) ?? '')).not.toBeNull();
  });

  it('ends the read when that is wanted, and the next one goes on with the others', async () => {
    const [first, second] = [experiment('a', 9), experiment('b', 9)];
    const choice = { projectId: undefined, experimentIds: [first, second] };
    const { pages, error } = await readAndThen(experiments(choice), 1, () => {
      world.plane.deleteObject('experiment', first);
    });
    expect(error).toMatchObject({ code: 'SOURCE_FORBIDDEN', details: { experimentId: first } });
    const left = { projectId: undefined, experimentIds: [second] };
    const rest = await readPages(experiments(left), lastCursor(pages));
    const ids = [...idsOf(pages), ...freshIds(rest)].filter((id) => String(id).startsWith('b'));
    expect(ids).toEqual(spanEvents(9, 'b').map(({ id }) => id));
  });

  it('goes on where it was when it comes back', async () => {
    const id = experiment('a');
    const choice = { projectId: undefined, experimentIds: [id] };
    const cursor = lastCursor(await readPages(experiments(choice)));
    const other = { projectId: undefined, experimentIds: [experiment('b')] };
    const next = lastCursor(await readPages(experiments(other), cursor));
    world.plane.insert('experiment', id, [{ id: 'new' }]);
    world.pass(200);
    expect(freshIds(await readPages(experiments(choice), next))).toEqual(['new']);
  });
});

describe('experiments by name', () => {
  it('are those of the project, and no other', async () => {
    experiment('a', 1);
    experiment('b', 1);
    const source = experiments({ experimentNames: ['b'] });
    const pages = await readPages(source);
    expect(idsOf(pages)).toEqual(['b-000000']);
    expect(source.watermarkOf?.(lastCursor(pages) ?? '')).not.toBeNull();
  });

  it('that are not there are refused by name', async () => {
    await expect(readPages(experiments({ experimentNames: ['b'] }))).rejects.toThrow('"b"');
  });
});

describe('datasets', () => {
  function dataset(rows: readonly { readonly id: string; readonly input?: string }[]): string {
    const { id } = world.plane.createDataset(projectId, 'golden');
    world.plane.insert('dataset', id, rows);
    world.pass(200);
    return id;
  }

  it('by an id that is not there are refused by it', async () => {
    const source = datasets({ projectId: undefined, datasetIds: ['nothing'] });
    await expect(readPages(source)).rejects.toMatchObject({
      code: 'SOURCE_FORBIDDEN',
      details: { datasetId: 'nothing' },
    });
  });

  it('are read as of a version, and then no further', async () => {
    const id = dataset([{ id: 'a', input: 'old' }, { id: 'b' }]);
    const [version = ''] = world.plane.history.map(({ xactId }) => xactId);
    world.plane.insert('dataset', id, [{ id: 'a', input: 'new' }, { id: 'c' }]);
    world.plane.insert('dataset', id, [{ id: 'b', _object_delete: true }]);
    world.pass(200);
    const source = datasets({ version });
    const pages = await readPages(source);
    const rows = pages.flatMap(rowsOf).map((row) => [row['id'], row['input'], row['_xact_id']]);
    expect(rows).toEqual([
      ['a', 'old', version],
      ['b', null, version],
    ]);
    expect(freshIds(await readPages(source, lastCursor(pages)))).toEqual([]);
    expect(idsOf(await readPages(datasets()))).toEqual(['a', 'c']);
  });

  it('by name are the ones of the project', async () => {
    dataset([{ id: 'a' }]);
    expect(idsOf(await readPages(datasets({ datasetNames: ['golden'] })))).toEqual(['a']);
  });
});

describe('metadata', () => {
  const names = (pages: readonly Page[]): unknown[] =>
    pages.flatMap(rowsOf).map((row) => row['name']);

  it('is one row for each experiment, and again once it has changed', async () => {
    const id = experiment('a', 0);
    experiment('b', 0);
    const source = experiments({ content: 'metadata' });
    const first = await readPages(source);
    expect(new Set(names(first))).toEqual(new Set(['a', 'b']));
    const row = first.flatMap(rowsOf).find((each) => each['id'] === id);
    expect(row).toMatchObject({ id, project_id: projectId, metadata: { name: 'a' } });
    expect(row?.['_version']).toMatch(/^20260301T\d{6}Z-[0-9a-f]{16}$/);
    expect(await readPages(source, lastCursor(first))).toEqual([]);
    experiment('c', 0);
    world.plane.deleteObject('experiment', id);
    expect(names(await readPages(source, lastCursor(first)))).toEqual(['c']);
  });

  it('of thousands fits the cursor', async () => {
    for (let made = 0; made < 3_000; made += 1) world.plane.createDataset(projectId, `d${made}`);
    const pages = await readPages(datasets({ content: 'metadata' }));
    expect(names(pages)).toHaveLength(3_000);
    const cursor: Cursor = lastCursor(pages) ?? '';
    expect(cursor.length).toBeLessThan(48 * 1024 * (3_000 / 4_500));
    expect(await readPages(datasets({ content: 'metadata' }), cursor)).toEqual([]);
  });

  it('refuses the cursor of rows, and rows that of metadata', async () => {
    experiment('a');
    const [rows, metadata] = [experiments(), experiments({ content: 'metadata' })];
    const ofRows = lastCursor(await readPages(rows));
    const ofMetadata = lastCursor(await readPages(metadata));
    const invalid = { code: 'SOURCE_CURSOR_INVALID' };
    await expect(readPages(metadata, ofRows)).rejects.toMatchObject(invalid);
    await expect(readPages(rows, ofMetadata)).rejects.toMatchObject(invalid);
    await expect(readPages(datasets(), ofRows)).rejects.toMatchObject(invalid);
  });
});
