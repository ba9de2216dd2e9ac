import type { Hold, OperationOptions, ProbeStep } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import type { QueryAnswer } from '../query/query-answer.js';
import { xactIdAt } from '../query/xact.js';
import type { RecordKind } from '../records/record-kind.js';
import { clockStep, tried } from '../records/records-probe.js';
import { compare, emptyQuery, recordsQuery } from '../records/records-query.js';
import { holdRules, referencesWanted } from './holds.js';
import { findReferences } from './references.js';
import type { OriginType } from './references.js';
import { removeRows } from './remove-rows.js';
import { readRetainedRows, retainedFields } from './retained-row.js';

/** What is tried on one object, which stands for all. */
export interface Probing {
  readonly settings: {
    readonly client: BraintrustClient;
    readonly kind: RecordKind;
    /** What `origin` calls the objects. */
    readonly originType: OriginType;
  };
  readonly holds: readonly Hold[];
  readonly operation: OperationOptions;
}

/** The object that is tried, and the projects in which others may refer to it. */
export interface ProbedObject {
  readonly objectId: string;
  readonly projectIds: readonly string[];
}

/** The id of no row: its deletion proves the right to delete, and deletes nothing. */
const NO_ROW = 'tracehaul-probe-9f1c7a52-3d0e-4b86-8c1d-5e2f6a7b8c9d';

/**
 * Tries what the deletion of rows needs: the key's rights to read and to delete, the clocks, the holds. The right to
 * delete is tried on an id that no row has: the service agrees to it without a row, and at most keeps a note that
 * there is none. Every failure is a failed step; only an abort throws.
 */
export async function* probeRows(
  probing: Probing,
  { objectId, projectIds }: ProbedObject,
): AsyncGenerator<ProbeStep> {
  const { settings, operation } = probing;
  const { client, kind } = settings;
  let answer: QueryAnswer | undefined;
  yield await tried('query', operation, async () => {
    answer = await client.query(emptyQuery(kind, objectId), operation);
    return `The ${kind.noun} ${objectId} can be read.`;
  });
  if (answer === undefined) return;
  yield clockStep(answer);
  yield* holdSteps(probing, objectId);
  yield* referenceSteps(probing, projectIds);
  yield await tried('delete', operation, async () => {
    await tryToDelete(settings, objectId, operation);
    return `Rows of the ${kind.noun} ${objectId} can be deleted; none was.`;
  });
}

/** A filter is tried on a row, if there is one: it must say whether the row meets it. */
async function* holdSteps(
  { settings, holds, operation }: Probing,
  objectId: string,
): AsyncGenerator<ProbeStep> {
  const { client, kind } = settings;
  for (const [place, hold] of holds.entries()) {
    if (!('filter' in hold)) continue;
    yield await tried('filter', operation, async () => {
      const reading = { kind, holds: holdRules([hold], () => false) };
      const query = recordsQuery({
        kind,
        shape: 'spans',
        select: retainedFields(reading),
        filter: undefined,
        objectIds: [objectId],
        conditions: [compare('ge', '_xact_id', xactIdAt(0))],
        sort: ['_xact_id'],
        limit: 1,
      });
      const { rows } = await client.query(query, operation);
      readRetainedRows(rows, objectId, reading);
      return `Braintrust accepts the filter of ${hold.name ?? `hold ${place}`}.`;
    });
  }
}

async function* referenceSteps(
  { settings, holds, operation }: Probing,
  projectIds: readonly string[],
): AsyncGenerator<ProbeStep> {
  const by = referencesWanted(holds);
  if (by.length === 0) return;
  const { client, originType } = settings;
  yield await tried('references', operation, async () => {
    for (const projectId of projectIds)
      await findReferences(client, { projectId, by, to: originType }, operation);
    return `What ${by.join(' and ')} refer to can be read.`;
  });
}

async function tryToDelete(
  { client, kind }: Probing['settings'],
  objectId: string,
  operation: OperationOptions,
): Promise<void> {
  // A deletion needs what was reserved; one that rests on no row has no time to be over.
  await client.reserve(1, operation);
  const window = { notBefore: new Date(0), notAfter: new Date(8.64e15) };
  await removeRows({ client, kind }, [{ objectId, id: NO_ROW }], { ...operation, ...window });
}
