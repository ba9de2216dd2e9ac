import type { Page, ReadOptions, RowIdentity, Source } from '../../interfaces/index.js';
import { rowBatchFromObjects } from '../../rows/row-batch.js';
import { withoutFields } from '../../rows/without-fields.js';
import { rowIdentityOf } from '../records/records-settings.js';
import { recordsSource } from '../records/records-source.js';
import { identityOf } from './btql-options.js';
import type { BtqlSettings } from './btql-options.js';
import { modeStep } from './btql-probe.js';
import { kindOfSource, rowChoiceOf } from './row-choice.js';

const CURSOR_FORMAT = Object.freeze({ name: 'btql', version: 1, objects: 'objects' });
/** Most objects that share one query. */
const OBJECTS_PER_QUERY = 25;

/** The rows of a query as they are written, read by their transactions. */
export function incrementalSource(settings: Readonly<BtqlSettings>): Source {
  const { client, query, from, until, settleMs, lookbackSeconds, retentionSeconds } = settings;
  const kind = kindOfSource(query.from?.kind ?? 'project_logs');
  const { select, filter, added, hasCreated } = rowChoiceOf(query, kind);
  const rowIdentity: RowIdentity = hasCreated
    ? rowIdentityOf(kind)
    : { ...rowIdentityOf(kind), created: null };
  const rows = recordsSource(
    { name: 'braintrust-btql', identity: identityOf(settings), rowIdentity },
    {
      client,
      kind,
      shape: 'spans',
      objectIds: query.from?.ids ?? [],
      select,
      filter,
      parameters: settings.parameters,
      from,
      until,
      settleMs,
      lookbackSeconds,
      retentionSeconds,
      cursorFormat: CURSOR_FORMAT,
      objectsPerQuery: OBJECTS_PER_QUERY,
      onObjectError: 'stop',
    },
  );
  return Object.freeze<Source>({
    ...rows,
    read: (options) => (added.length === 0 ? rows.read(options) : readCut(rows, added, options)),
    probe: async function* probe(operation = {}) {
      yield modeStep(settings);
      yield* rows.probe?.(operation) ?? [];
    },
  });
}

/** The pages of a source without the fields that were read to tell rows apart: they are told beside the rows. */
async function* readCut(
  source: Source,
  added: readonly string[],
  options: ReadOptions,
): AsyncGenerator<Page> {
  const { object, id, version, created } = source.rowIdentity;
  const names = [object, id, version, created].filter((name) => name !== null);
  for await (const page of source.read(options)) {
    const batch = 'byteLength' in page.rows ? page.rows : rowBatchFromObjects(page.rows);
    yield { ...page, rows: withoutFields(batch, added), identities: batch.fields(names) };
  }
}
