import type { Hold, OperationOptions, ProbeStep } from '../../interfaces/index.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { xactIdAt } from '../query/xact.js';
import { EXPERIMENTS } from '../records/record-kind.js';
import { clockStep, tried } from '../records/records-probe.js';
import { compare, emptyQuery, recordsQuery } from '../records/records-query.js';
import { listExperiments } from './experiment-list.js';
import type { ExperimentChoice } from './experiment-list.js';
import { holdRules } from './holds.js';
import { readRetainedRows, retainedFields } from './retained-row.js';

/** Tries what retention needs. Deletes nothing. Every failure is a failed step; only an abort throws. */
export async function* probeExperiments(
  choice: ExperimentChoice,
  holds: readonly Hold[],
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  let newest: string | undefined;
  yield await tried('list', operation, async () => {
    const found = await listExperiments(choice, operation);
    newest = found.at(-1)?.id;
    return `There are ${found.length} experiments.`;
  });
  if (newest !== undefined) {
    yield* probeRows({ choice, experimentId: newest }, operation);
    yield* probeFilters({ choice, experimentId: newest }, holds, operation);
  }
  yield {
    step: 'delete',
    outcome: 'skipped',
    detail: 'Whether the key may delete experiments shows only when one is deleted.',
  };
}

interface Probed {
  readonly choice: ExperimentChoice;
  readonly experimentId: string;
}

async function* probeRows(
  { choice, experimentId }: Probed,
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  let answer: QueryAnswer | undefined;
  yield await tried('query', operation, async () => {
    answer = await choice.client.query(emptyQuery(EXPERIMENTS, experimentId), operation);
    return `The experiment ${experimentId} can be read.`;
  });
  if (answer !== undefined) yield clockStep(answer);
}

/** A filter is tried on a row, if there is one: it must say whether the row meets it. */
async function* probeFilters(
  { choice, experimentId }: Probed,
  holds: readonly Hold[],
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  for (const hold of holds.filter((each) => 'filter' in each))
    yield await tried('filter', operation, async () => {
      const rules = holdRules([hold], () => false);
      const query = recordsQuery({
        kind: EXPERIMENTS,
        shape: 'spans',
        select: retainedFields({ kind: EXPERIMENTS, holds: rules }),
        filter: undefined,
        objectIds: [experimentId],
        conditions: [compare('ge', '_xact_id', xactIdAt(0))],
        sort: ['_xact_id'],
        limit: 1,
      });
      const { rows } = await choice.client.query(query, operation);
      readRetainedRows(rows, experimentId, { kind: EXPERIMENTS, holds: rules });
      return 'Braintrust accepts the filter of the hold.';
    });
}
