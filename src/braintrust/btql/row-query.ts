import { SourceError, isExportError } from '../../errors/index.js';
import type { Json } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import { xactIdAt } from '../query/xact.js';
import { emptyQuery, recordsQuery } from '../records/records-query.js';
import { selectFields } from '../records/record-kind.js';
import type { RowChoice } from './row-choice.js';
import { secondOf } from './snapshot-rows.js';
import type { SnapshotContext } from './snapshot-rows.js';

/** The plane's clock, in seconds since 1970. */
export async function askSecond(
  { settings, signal, observer }: SnapshotContext,
  { kind }: RowChoice,
): Promise<number> {
  const [first = ''] = settings.query.from?.ids ?? [];
  const answer = await settings.client.query(emptyQuery(kind, first), { signal, observer });
  return secondOf(answer) ?? noClock();
}

/**
 * How many rows were written before `second` and again since, as far as they still meet the filter: a snapshot that
 * was begun then has them in an old version, or not at all. Counts 1,000 at most, and none of objects whose rows the
 * service does not keep by their first writing.
 */
export async function countTornRows(
  { settings, signal, observer }: SnapshotContext,
  choice: RowChoice,
  second: number,
): Promise<number> {
  const query = recordsQuery({
    ...choice,
    shape: 'spans',
    select: selectFields(['id']),
    objectIds: settings.query.from?.ids ?? [],
    conditions: [
      { op: 'ge', left: field('_xact_id'), right: literal(xactIdAt(second)) },
      { op: 'lt', left: field('_pagination_key'), right: literal(paginationKeyAt(second)) },
    ],
    sort: ['_xact_id'],
    limit: 1_000,
  });
  try {
    const options = { ...settings.parameters, signal, observer };
    return (await settings.client.query(query, options)).rows.length;
  } catch (error) {
    // The rows themselves were answered: it is the count that cannot be asked for.
    if (isExportError(error, 'SOURCE_QUERY_INVALID')) return 0;
    throw error;
  }
}

/** What asks row queries with values cut to a length. */
export function withPreviewLength(
  client: Pick<BraintrustClient, 'query'>,
  previewLength: number | undefined,
): Pick<BraintrustClient, 'query'> {
  if (previewLength === undefined) return client;
  return {
    query: (query, options) => {
      // A text has its own clause; texts are not asked for through this.
      const members = query as Readonly<Record<string, Json>>;
      return client.query({ ...members, preview_length: previewLength }, options);
    },
  };
}

/** The lowest pagination key of a second: rows keep that of their first writing. */
function paginationKeyAt(second: number): string {
  return `p${String(BigInt(second) << 32n).padStart(20, '0')}`;
}

export function field(name: string): Json {
  return { op: 'ident', name: [name] };
}

export function literal(value: Json): Json {
  return { op: 'literal', value };
}

function noClock(): never {
  throw new SourceError('SOURCE_PROTOCOL', 'The answer has no usable `Date` header.', {
    remedy: 'Let what stands before the data plane, or your own `fetch`, pass it on.',
  });
}
