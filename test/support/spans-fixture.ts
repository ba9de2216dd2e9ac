import type { SourceFixture } from '../../src/testing/contracts/source-contract.js';
import { spanEvents, startWorld } from './spans.js';

export interface SpansFixtureOptions {
  readonly refuseSecondSortKey?: boolean;
  readonly projects?: number;
}

/** Spans of a data plane: several transactions, one of them larger than a page, then rows that change. */
export async function spansFixture(
  rows: number,
  options: SpansFixtureOptions = {},
): Promise<SourceFixture> {
  const world = await startWorld();
  const { plane } = world;
  plane.control.refuseSecondSortKey(options.refuseSecondSortKey ?? false);
  const projectIds = Array.from(
    { length: options.projects ?? 1 },
    (_, index) => plane.createProject(`project ${index}`).id,
  );
  let added = 0;
  const add = (count: number): void => {
    for (let left = count; left > 0; left -= 9) {
      const projectId = projectIds[added % projectIds.length] ?? '';
      plane.insert('project_logs', projectId, spanEvents(Math.min(9, left), `t${added}`));
      added += 1;
      world.pass(1);
    }
    world.pass(200);
  };
  add(rows);
  return {
    source: world.source({ projectIds }),
    add,
    reopen: () => world.source({ projectIds }),
    close: () => plane.close(),
  };
}
