import { experiments } from '../../src/braintrust/retention/experiments.js';
import type { ExperimentsOptions } from '../../src/braintrust/retention/experiments.js';
import type {
  Hold,
  RetentionTarget,
  TargetObject,
  TargetReader,
  TargetUnit,
} from '../../src/interfaces/index.js';
import type { ObjectDescription } from '../../src/testing/plane/plane-object.js';
import { scopeNow, startRetentionWorld, unitsOf } from './retention-world.js';
import type { RetentionWorld } from './retention-world.js';
import { spanEvents } from './spans.js';

/** A project with experiments to delete. */
export interface ExperimentsWorld extends RetentionWorld {
  target(options?: Partial<ExperimentsOptions>): RetentionTarget;
  /** A reader whose scope is all that there is now. */
  open(holds?: readonly Hold[], options?: Partial<ExperimentsOptions>): Promise<TargetReader>;
  /** Makes an experiment with rows of its own name, and lets a day pass. */
  experiment(name: string, rows?: number, said?: ObjectDescription): Promise<string>;
  /** Requests of a method to a path. */
  sentTo(path: string, method: string): number;
}

export async function startExperimentsWorld(): Promise<ExperimentsWorld> {
  const world = await startRetentionWorld();
  const { plane, client, projectId } = world;
  const target = (options: Partial<ExperimentsOptions> = {}): RetentionTarget =>
    experiments({ client, projectId, ...options });
  return {
    ...world,
    target,
    open: (holds = [], options = {}) =>
      target(options).open(scopeNow(world, { unit: 'experiment', holds }), {}),
    experiment: async (name, rows = 2, said = {}) => {
      const { id } = plane.createExperiment(projectId, name, said);
      if (rows > 0) plane.insert('experiment', id, spanEvents(rows, name));
      await world.passDays(1);
      return id;
    },
    sentTo: (path, method) =>
      plane.requests.list.filter((each) => each.path === path && each.method === method).length,
  };
}

/** The unit of a reader that has but one. */
export async function onlyUnit(reader: TargetReader): Promise<TargetUnit> {
  const [unit, ...others] = await unitsOf(reader);
  if (unit === undefined || others.length > 0) throw new Error('There is not one unit.');
  return unit;
}

export function objectOf({ object }: TargetUnit): TargetObject {
  if (object === null) throw new Error('The unit has no object.');
  return object;
}

export function idsOf(units: readonly TargetUnit[]): string[] {
  return units.map(({ id }) => id);
}

export function rowIdsOf({ rows }: TargetUnit): string[] {
  return rows.map(({ id }) => id);
}

export function pathOf(experimentId: string): string {
  return `/v1/experiment/${experimentId}`;
}
