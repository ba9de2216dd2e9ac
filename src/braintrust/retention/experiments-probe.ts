import type { Hold, OperationOptions, ProbeStep } from '../../interfaces/index.js';
import { EXPERIMENTS } from '../records/record-kind.js';
import { tried } from '../records/records-probe.js';
import { listExperiments } from './experiment-list.js';
import type { ExperimentChoice } from './experiment-list.js';
import { probeRows } from './probe-rows.js';

/**
 * Tries what a policy needs: the list, and on the newest experiment what {@link probeRows} does. Every failure is a
 * failed step; only an abort throws.
 */
export async function* probeExperiments(
  choice: ExperimentChoice,
  holds: readonly Hold[],
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  const { client, projectId } = choice;
  let newest: string | undefined;
  yield await tried('list', operation, async () => {
    const found = await listExperiments(choice, operation);
    newest = found.at(-1)?.id;
    return `There are ${found.length} experiments.`;
  });
  if (newest !== undefined) {
    const settings = { client, kind: EXPERIMENTS, originType: 'experiment' } as const;
    const probed = { objectId: newest, projectIds: [projectId] };
    yield* probeRows({ settings, holds, operation }, probed);
  }
  // The service says the same of an experiment that is not there and of one that may not be deleted.
  yield {
    step: 'delete-experiment',
    outcome: 'skipped',
    detail: 'Whether the key may delete experiments shows only when one is deleted.',
  };
}
