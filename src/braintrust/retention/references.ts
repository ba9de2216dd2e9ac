import { hash } from 'node:crypto';

import { SourceError } from '../../errors/index.js';
import type { Json, OperationOptions, RowBatch } from '../../interfaces/index.js';
import { DIGEST_BYTES, DigestTable } from '../../util/digest-table.js';
import type { BraintrustClient } from '../client/client.js';
import { listObjects } from '../projects/list-objects.js';
import type { ListedObject } from '../projects/list-objects.js';
import { PageSize } from '../query/page-size.js';
import { LAST_SECOND } from '../query/xact.js';
import { DATASETS, EXPERIMENTS, selectFields } from '../records/record-kind.js';
import type { RecordKind } from '../records/record-kind.js';
import { scanWindow } from '../records/window-scan.js';
import type { ScanContext } from '../records/window-scan.js';

/** The kinds of objects that an `origin` can name rows of, as the service spells them. */
export type OriginType = 'project_logs' | 'experiment' | 'dataset';

/** Whose rows are searched for origins. */
export type ReferencesBy = readonly ('experiments' | 'datasets')[];

/** What was found to be named by something else. */
export interface References {
  /** Whether a row is named as an origin. */
  hasRow(objectType: OriginType, objectId: string, rowId: string): boolean;
  /** Whether an object is named, or a row of it, or an experiment says that it ran on it. */
  hasObject(objectId: string): boolean;
}

/** Where to search, and for what. */
export interface ReferenceSearch {
  readonly projectId: string;
  readonly by: ReferencesBy;
  /** Only origins of this kind are searched for, which asks for fewer rows. @defaultValue every kind */
  readonly to?: OriginType | undefined;
}

/** 32 to 64 bytes of memory for each. */
const REFERENCES_MAX = 1_000_000;

const OBJECTS_PER_QUERY = 25;
const PAGE_ROWS = 1_000;
const ORIGIN_TYPES: ReadonlySet<string> = new Set<OriginType>([
  'project_logs',
  'experiment',
  'dataset',
]);

/** Aliases of the queries. */
const ORIGIN_TYPE = 'origin_type';
const ORIGIN_OBJECT = 'origin_object';
const ORIGIN_ROW = 'origin_row';

/**
 * Finds the rows and objects that experiments or datasets of a project name as their `origin`, and the datasets that
 * its experiments ran on. Reads only rows that have an origin, and of these nothing but what it names.
 * @throws SourceError as `client.query` does; `SOURCE_BEHIND` when the service cannot answer for all that it has;
 *   `LIMIT_EXCEEDED` for more than 1,000,000 references: what is not known must be taken for named.
 */
export async function findReferences(
  client: BraintrustClient,
  search: ReferenceSearch,
  operation: OperationOptions,
): Promise<References> {
  const found = new FoundReferences();
  for (const by of new Set(search.by)) {
    const kind = by === 'experiments' ? EXPERIMENTS : DATASETS;
    const objects = await listKind(client, kind, { search, operation });
    for (const object of objects) found.addObject(object.members['dataset_id']);
    const ids = objects.map(({ id }) => id).sort();
    for (let from = 0; from < ids.length; from += OBJECTS_PER_QUERY) {
      const objectIds = ids.slice(from, from + OBJECTS_PER_QUERY);
      const context = scanContext(client, kind, { search, operation });
      const range = { objectIds, from: 0, until: LAST_SECOND, after: null };
      for await (const page of scanWindow(context, range)) found.addOrigins(page.rows);
    }
  }
  return found;
}

interface Searching {
  readonly search: ReferenceSearch;
  readonly operation: OperationOptions;
}

async function listKind(
  client: BraintrustClient,
  { noun }: RecordKind,
  { search, operation }: Searching,
): Promise<readonly ListedObject[]> {
  const kind = noun === 'experiment' ? 'experiment' : 'dataset';
  const parameters = { project_id: search.projectId };
  const { objects } = await listObjects(client, { kind, parameters }, operation);
  // A list is empty, too, for a project that is not there.
  if (objects.length === 0)
    await client.get(`/v1/project/${encodeURIComponent(search.projectId)}`, operation);
  return objects;
}

/** The range of a scan has no end: a row that is written again moves forward, and is then met there. */
function scanContext(
  client: BraintrustClient,
  kind: RecordKind,
  { search, operation }: Searching,
): ScanContext {
  const select = [
    ...selectFields(['id', '_xact_id', kind.objectField ?? 'id']),
    { alias: ORIGIN_TYPE, expr: originField('object_type') },
    { alias: ORIGIN_OBJECT, expr: originField('object_id') },
    { alias: ORIGIN_ROW, expr: originField('id') },
  ];
  return {
    ...operation,
    client,
    choice: { kind, shape: 'spans', select, filter: originFilter(search.to) },
    parameters: {},
    pageSize: new PageSize(PAGE_ROWS),
    oneSortField: false,
    checkClock: () => undefined,
  };
}

function originFilter(to: OriginType | undefined): Json {
  if (to === undefined) return { op: 'isnotnull', expr: originField('object_id') };
  return { op: 'eq', left: originField('object_type'), right: { op: 'literal', value: to } };
}

function originField(name: string): Json {
  return { op: 'ident', name: ['origin', name] };
}

/** References as digests of what they name. */
class FoundReferences implements References {
  readonly #named = new DigestTable();

  hasRow(objectType: OriginType, objectId: string, rowId: string): boolean {
    return this.#named.has(digestText([objectType, objectId, rowId]));
  }

  hasObject(objectId: string): boolean {
    return this.#named.has(digestText([objectId]));
  }

  addObject(objectId: unknown): void {
    if (typeof objectId === 'string') this.#add([objectId]);
  }

  addOrigins(rows: RowBatch): void {
    const columns = rows.fields([ORIGIN_TYPE, ORIGIN_OBJECT, ORIGIN_ROW]);
    for (let index = 0; index < rows.length; index += 1) {
      const objectType = columns[ORIGIN_TYPE]?.[index] ?? '';
      const objectId = columns[ORIGIN_OBJECT]?.[index];
      const rowId = columns[ORIGIN_ROW]?.[index];
      if (typeof objectId !== 'string') continue;
      this.#add([objectId]);
      if (typeof rowId === 'string' && ORIGIN_TYPES.has(objectType))
        this.#add([objectType, objectId, rowId]);
    }
  }

  #add(names: readonly string[]): void {
    this.#named.add(Buffer.from(digestText(names), 'latin1'), 0);
    if (this.#named.length > REFERENCES_MAX) throw tooManyError();
  }
}

function digestText(names: readonly string[]): string {
  return hash('sha256', JSON.stringify(names), 'binary').slice(0, DIGEST_BYTES);
}

function tooManyError(): SourceError {
  const message = `More than ${REFERENCES_MAX} rows and objects are named as the origin of others.`;
  return new SourceError('LIMIT_EXCEEDED', message, {
    remedy: 'Leave `referencedBy` out, and hold by ids, tags or a filter what must stay.',
  });
}
