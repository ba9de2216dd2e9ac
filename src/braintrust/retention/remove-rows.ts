import { assert, SourceError } from '../../errors/index.js';
import type { OperationOptions, SendWindow, TargetRow } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import type { RecordKind } from '../records/record-kind.js';

/** Where rows are deleted. */
export interface RowsRemoval {
  readonly client: Pick<BraintrustClient, 'send'>;
  readonly kind: RecordKind;
}

/**
 * Asks once for the deletion of rows of one object, in their order. That the service agrees proves nothing: it says
 * so of rows that it does not have, too.
 * @throws SourceError as `client.send` does; `SOURCE_PROTOCOL` when the answer is not about so many rows.
 */
export async function removeRows(
  { client, kind }: RowsRemoval,
  rows: readonly Pick<TargetRow, 'objectId' | 'id'>[],
  options: OperationOptions & SendWindow,
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const isOneObject = rows.every(({ objectId }) => objectId === first.objectId);
  assert(isOneObject, 'rows that are removed together are of one object');
  const path = `/v1/${kind.from}/${encodeURIComponent(first.objectId)}/insert`;
  const body = { events: rows.map(({ id }) => ({ id, _object_delete: true })) };
  const { notBefore, notAfter, signal, observer } = options;
  const { value } = await client.send(
    { method: 'POST', path, body },
    { reserved: true, notBefore, notAfter, signal, observer },
  );
  if (countOf(value) !== rows.length) throw countError();
}

function countOf(answer: unknown): number | undefined {
  const ids = (answer as { readonly row_ids?: unknown } | null)?.row_ids;
  return Array.isArray(ids) ? ids.length : undefined;
}

function countError(): SourceError {
  const message = "Braintrust's answer to a deletion is not about the rows that were named.";
  return new SourceError('SOURCE_PROTOCOL', message, {
    remedy: 'See which of the rows are left before they are deleted again.',
    details: { outcome: 'unknown' },
  });
}
