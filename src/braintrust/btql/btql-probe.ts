import { isExportError } from '../../errors/index.js';
import type { OperationOptions, ProbeStep } from '../../interfaces/index.js';
import type { BtqlSettings } from './btql-options.js';
import { writeQuery } from './write-query.js';

const MODES = {
  incremental: 'Each run exports the rows that were written since the last one',
  snapshot: 'Each run exports the whole result, in one commit',
} as const;

/** Says how the query is read. */
export function modeStep({ plan }: Readonly<BtqlSettings>): ProbeStep {
  return {
    step: 'mode',
    outcome: 'passed',
    detail: `${plan.mode}: ${MODES[plan.mode]}, because ${plan.reason}.`,
  };
}

/** Says how the query is read, and asks for one row of its result. Only an abort throws. */
export async function* probeQuery(
  settings: Readonly<BtqlSettings>,
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  yield modeStep(settings);
  const step = 'query';
  try {
    const text = writeQuery(settings.query, { limit: '1' });
    await settings.client.query(text, { ...settings.parameters, ...operation });
    yield { step, outcome: 'passed', detail: 'Braintrust answers the query.' };
  } catch (error) {
    operation.signal?.throwIfAborted();
    if (!isExportError(error)) throw error;
    yield { step, outcome: 'failed', detail: error.message, remedy: error.remedy };
  }
}
