import type { RowIdentity } from '../../interfaces/index.js';
import type { BraintrustClient } from '../client/client.js';
import type { QueryParameters } from '../client/query-parameters.js';
import type { ObjectScope } from './object-scope.js';
import type { RecordChoice, RecordKind } from './record-kind.js';
import type { CursorFormat } from './records-cursor.js';
import type { WindowScan } from './window-scan.js';

/** Everything that decides what a read of rows gives. */
export interface RecordsSettings extends RecordChoice {
  readonly client: BraintrustClient;
  /** Ascending, without duplicates. Empty when there is a `scope`. */
  readonly objectIds: readonly string[];
  /** Finds the objects of each read. @defaultValue those of `objectIds` */
  readonly scope?: ObjectScope | undefined;
  readonly cursorFormat: CursorFormat;
  /** Members of each request besides the query. */
  readonly parameters: QueryParameters;
  /** Seconds since 1970; a second that has begun counts as whole. */
  readonly from: number;
  /** Seconds since 1970. */
  readonly until: number;
  readonly settleMs: number;
  readonly lookbackSeconds: number;
  /** How long the plan keeps rows, in seconds; `undefined` when that is not known. */
  readonly retentionSeconds: number | undefined;
  /** Most objects that share one query. */
  readonly objectsPerQuery: number;
  /** Whether an object that may not be read ends the read, or is told and left out. */
  readonly onObjectError: 'stop' | 'continue';
  /** How a window is read; `undefined` for its rows as they are. */
  readonly scan?: WindowScan | undefined;
}

/** What tells row versions of such objects apart. */
export function rowIdentityOf({ objectField }: RecordKind): RowIdentity {
  return Object.freeze({
    object: objectField,
    id: 'id',
    version: '_xact_id',
    created: 'created',
  });
}
