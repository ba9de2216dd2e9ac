import type { Hold, OperationOptions, ProbeStep } from '../../interfaces/index.js';
import { tried } from '../records/records-probe.js';
import { probeRows } from './probe-rows.js';
import type { RowsTargetSettings, RowObjects } from './rows-target.js';

/**
 * Tries what a policy needs, as {@link probeRows} does, on the first of the objects. Every failure is a failed step;
 * only an abort throws.
 */
export async function* probeRowsTarget(
  settings: RowsTargetSettings,
  holds: readonly Hold[],
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  const { kind } = settings;
  let objects: RowObjects = { objectIds: [], projectIds: [] };
  const list = await tried('list', operation, async () => {
    objects = await settings.findObjects(operation);
    return `There are ${objects.objectIds.length} ${kind.noun}s to delete rows of.`;
  });
  if (list.outcome === 'failed' || settings.objectId === null) yield list;
  // What holds many holds them alike: one stands for all.
  const {
    objectIds: [objectId],
    projectIds,
  } = objects;
  if (objectId !== undefined)
    yield* probeRows({ settings, holds, operation }, { objectId, projectIds });
}
