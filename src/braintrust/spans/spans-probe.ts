import { isExportError } from '../../errors/index.js';
import type { OperationOptions, ProbeStep } from '../../interfaces/index.js';
import { emptyQuery, scanConditions, spansQuery } from '../query/query.js';
import type { QueryAnswer } from '../query/query-answer.js';
import type { SpansSettings } from './spans-options.js';

const SKEW_MAX_SECONDS = 60;

/**
 * Tries what a read needs: the key and its rights for each project, the clocks, the filter, the columns.
 * Every failure is a failed step; only an abort throws.
 */
export async function* probeSpans(
  settings: Readonly<SpansSettings>,
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  let first: { readonly projectId: string; readonly answer: QueryAnswer } | undefined;
  for (const projectId of settings.projectIds) {
    yield await tried('query', operation, async () => {
      const answer = await settings.client.query(emptyQuery(projectId), operation);
      first ??= { projectId, answer };
      return `The project ${projectId} can be read.`;
    });
  }
  if (first === undefined) return;
  yield clockStep(first.answer);
  yield* choiceSteps(settings, operation, first.projectId);
}

function clockStep({ planeNow, receivedAt }: QueryAnswer): ProbeStep {
  const step = 'clock';
  if (planeNow === null)
    return {
      step,
      outcome: 'failed',
      detail: 'The answer has no usable `Date` header.',
      remedy: 'Let what stands before the data plane, or your own `fetch`, pass it on.',
    };
  const skew = Math.round((receivedAt.getTime() - planeNow.getTime()) / 1_000);
  if (Math.abs(skew) <= SKEW_MAX_SECONDS)
    return { step, outcome: 'passed', detail: `This clock and Braintrust's differ by ${skew} s.` };
  return {
    step,
    outcome: 'failed',
    detail: `This clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} Braintrust's.`,
    remedy: 'Set the clock of this machine by NTP: keys by run date and leases use it.',
  };
}

async function* choiceSteps(
  settings: Readonly<SpansSettings>,
  operation: OperationOptions,
  projectId: string,
): AsyncGenerator<ProbeStep> {
  const { client, filter, columns, from, until } = settings;
  const range = { projectIds: [projectId], from, until, after: null };
  const query = { projectIds: [projectId], conditions: scanConditions(range), limit: 1 };
  const ask = async (choice: Pick<SpansSettings, 'filter' | 'columns'>): Promise<QueryAnswer> =>
    await client.query(spansQuery({ ...query, ...choice, sort: ['_xact_id'] }), operation);
  if (filter !== undefined)
    yield await tried('filter', operation, async () => {
      await ask({ filter, columns: ['id'] });
      return 'Braintrust accepts the filter.';
    });
  if (columns !== undefined)
    yield await tried('columns', operation, async () => {
      await ask({ filter: undefined, columns });
      return 'Braintrust accepts the columns.';
    });
}

async function tried(
  step: string,
  { signal }: OperationOptions,
  work: () => Promise<string>,
): Promise<ProbeStep> {
  try {
    return { step, outcome: 'passed', detail: await work() };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isExportError(error)) throw error;
    return { step, outcome: 'failed', detail: error.message, remedy: error.remedy };
  }
}
