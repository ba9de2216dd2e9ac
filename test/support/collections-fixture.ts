import type { Source } from '../../src/interfaces/index.js';
import type { SourceFixture } from '../../src/testing/contracts/source-contract.js';
import { datasetsSource } from '../../src/braintrust/datasets/datasets.js';
import { experimentsSource } from '../../src/braintrust/experiments/experiments.js';
import { spanEvents, startWorld } from './spans.js';

export type CollectionType = 'experiment' | 'dataset';

interface FixtureOptions {
  readonly type: CollectionType;
  /** How objects are chosen: all of a project, or those that there are by id. */
  readonly choice: 'project' | 'name' | 'ids';
  readonly refuseSecondSortKey?: boolean;
}

/** Rows of three experiments or datasets, and more of them with everything that is added. */
export async function collectionsFixture(
  rows: number,
  options: FixtureOptions,
): Promise<SourceFixture> {
  const world = await startWorld();
  const { plane } = world;
  plane.control.refuseSecondSortKey(options.refuseSecondSortKey ?? false);
  const project = plane.createProject('evals');
  const make = (name: string): string =>
    options.type === 'experiment'
      ? plane.createExperiment(project.id, name).id
      : plane.createDataset(project.id, name).id;
  const ids = ['one', 'two', 'three'].map(make);
  let added = 0;
  const add = (count: number): void => {
    if (added > 0 && options.choice !== 'ids') ids.push(make(`later ${added}`));
    for (let left = count; left > 0; left -= 9) {
      const id = ids[added % ids.length] ?? '';
      plane.insert(options.type, id, spanEvents(Math.min(9, left), `t${added}`));
      added += 1;
      world.pass(1);
    }
    world.pass(200);
  };
  add(rows);
  const chosen = {
    project: { projectId: project.id },
    name: { projectName: 'evals' },
    ids: { [`${options.type}Ids`]: ids.slice(0, 3) },
  }[options.choice];
  const open = (): Source => {
    const both = { client: world.client, objectsPerQuery: 2, ...chosen };
    return options.type === 'experiment' ? experimentsSource(both) : datasetsSource(both);
  };
  return { source: open(), add, reopen: open, close: () => plane.close() };
}

/** So many experiments themselves. */
export async function metadataFixture(count: number): Promise<SourceFixture> {
  const world = await startWorld();
  const { plane, client } = world;
  const { id: projectId } = plane.createProject('evals');
  let made = 0;
  const add = (more: number): void => {
    for (let left = more; left > 0; left -= 1) {
      plane.createExperiment(projectId, `experiment ${made}`);
      made += 1;
      world.pass(1);
    }
  };
  add(count);
  const open = (): Source => experimentsSource({ client, projectId, content: 'metadata' });
  return { source: open(), add, reopen: open, close: () => plane.close() };
}
