import { isExportError } from '../../errors/index.js';
import type { OperationOptions, ProbeStep } from '../../interfaces/index.js';
import type { FoundObjects } from './object-scope.js';
import { selectFields } from './record-kind.js';
import { emptyQuery, scanConditions, recordsQuery } from './records-query.js';
import type { QueryAnswer } from '../query/query-answer.js';
import type { RecordChoice } from './record-kind.js';
import type { RecordsSettings } from './records-settings.js';

const SKEW_MAX_SECONDS = 60;

/**
 * Tries what a read needs: the key and its rights for each object, the clocks, the filter, the columns.
 * Every failure is a failed step; only an abort throws.
 */
export async function* probeRecords(
  settings: Readonly<RecordsSettings>,
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  const { scope } = settings;
  if (scope === undefined) {
    yield* probeObjects(settings, operation);
    return;
  }
  let found: FoundObjects | undefined;
  yield await tried('list', operation, async () => {
    found = await scope.find(new Map(), operation);
    return `There are ${found.objectIds.length} ${settings.kind.noun}s to read.`;
  });
  // What comes and goes by itself is many: one of them stands for all.
  const objectIds = found?.objectIds.slice(0, scope.open ? 1 : undefined) ?? [];
  yield* probeObjects({ ...settings, objectIds }, operation);
}

async function* probeObjects(
  settings: Readonly<RecordsSettings>,
  operation: OperationOptions,
): AsyncGenerator<ProbeStep> {
  let first: { readonly objectId: string; readonly answer: QueryAnswer } | undefined;
  for (const objectId of settings.objectIds) {
    yield await tried('query', operation, async () => {
      const answer = await settings.client.query(emptyQuery(settings.kind, objectId), operation);
      first ??= { objectId, answer };
      return `The ${settings.kind.noun} ${objectId} can be read.`;
    });
  }
  if (first === undefined) return;
  yield clockStep(first.answer);
  yield* choiceSteps(settings, operation, first.objectId);
}

/** Compares the clocks of this host and of the plane. */
export function clockStep({ planeNow, receivedAt }: QueryAnswer): ProbeStep {
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
  settings: Readonly<RecordsSettings>,
  operation: OperationOptions,
  objectId: string,
): AsyncGenerator<ProbeStep> {
  const { client, kind, filter, select, from, until, parameters } = settings;
  const range = { objectIds: [objectId], from, until, after: null };
  const conditions = scanConditions(kind, range);
  const query = { ...settings, objectIds: [objectId], conditions, sort: ['_xact_id'], limit: 1 };
  const ask = async (choice: Pick<RecordChoice, 'filter' | 'select'>): Promise<QueryAnswer> =>
    await client.query(recordsQuery({ ...query, ...choice }), { ...parameters, ...operation });
  if (filter !== undefined)
    yield await tried('filter', operation, async () => {
      await ask({ filter, select: selectFields(['id']) });
      return 'Braintrust accepts the filter.';
    });
  if (select !== undefined)
    yield await tried('columns', operation, async () => {
      await ask({ filter: undefined, select });
      return 'Braintrust accepts the columns.';
    });
}

/** Does one step: a failure that has a code is told, all else is thrown. */
export async function tried(
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
