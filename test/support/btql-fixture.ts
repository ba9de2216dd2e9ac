import { btqlSource } from '../../src/braintrust/btql/btql.js';
import type { BtqlSourceOptions } from '../../src/braintrust/btql/btql-options.js';
import type { Source } from '../../src/interfaces/index.js';
import type { SourceFixture } from '../../src/testing/contracts/source-contract.js';
import { spanEvents, startWorld } from './spans.js';
import type { SpansWorld } from './spans.js';

/** A plane with one project, and sources of queries over it; `{id}` in a query stands for the project. */
export interface BtqlWorld extends SpansWorld {
  readonly projectId: string;
  btql(query: BtqlSourceOptions['query'], more?: Partial<BtqlSourceOptions>): Source;
}

export async function startBtqlWorld(): Promise<BtqlWorld> {
  const world = await startWorld();
  const { id: projectId } = world.plane.createProject('queries');
  return {
    ...world,
    projectId,
    btql: (query, more = {}) => {
      const text = typeof query === 'string' ? query.replaceAll('{id}', projectId) : query;
      return btqlSource({ client: world.client, query: text, ...more });
    },
  };
}

/** Rows of a data plane in several transactions, read by a query. */
export async function btqlFixture(
  rows: number,
  query: string | ((projectId: string) => BtqlSourceOptions['query']),
): Promise<SourceFixture> {
  const world = await startBtqlWorld();
  const { plane, projectId } = world;
  let added = 0;
  const add = (count: number): void => {
    for (let left = count; left > 0; left -= 9) {
      plane.insert('project_logs', projectId, spanEvents(Math.min(9, left), `t${added}`));
      added += 1;
      world.pass(1);
    }
    world.pass(200);
  };
  add(rows);
  const source = (): Source => world.btql(typeof query === 'string' ? query : query(projectId));
  return { source: source(), add, reopen: source, close: () => plane.close() };
}
