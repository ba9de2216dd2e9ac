import { FadingRows } from './fading-rows.js';
import { badRequest } from './refusal.js';
import type { ObjectType } from './row-shape.js';
import { RowTable } from './row-table.js';
import type { StoredRow } from './row-table.js';
import { RowVersions } from './row-versions.js';

/** What a test may make the plane say about how far it has indexed an object. */
export interface FreshnessOverride {
  /** `last_processed_xact_id`. */
  readonly processedXactId?: string;
  /** `last_considered_xact_id`. */
  readonly consideredXactId?: string;
  /** `realtime_state.type`: `on`, or `exhausted_timeout` when the tail was not read. */
  readonly realtime?: string;
  /** `realtime_state.actual_xact_id`. */
  readonly actualXactId?: string;
  /** `realtime_state.read_bytes`. */
  readonly readBytes?: number;
  /** Rows of later transactions are left out of answers, as when the tail was not read. */
  readonly hiddenAbove?: string;
}

/** The names and times of a project, an experiment or a dataset. */
export interface ObjectRecord {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly created: string;
  readonly description: string | null;
  readonly metadata: unknown;
  readonly tags: readonly string[] | null;
  /** The dataset that an experiment ran on, and its version. */
  readonly datasetId: string | null;
  readonly datasetVersion: string | null;
}

/** What may be said of an experiment or a dataset when it is made. */
export interface ObjectDescription {
  readonly description?: string | null;
  readonly metadata?: unknown;
  readonly tags?: readonly string[] | null;
  readonly datasetId?: string | null;
  readonly datasetVersion?: string | null;
}

/** What a query reads: an object as it is, or as it was at some transaction. */
export type QueriedObject = Pick<
  PlaneObject,
  'type' | 'record' | 'rowFields' | 'table' | 'freshness' | 'lastXactId'
>;

/** Something that holds rows: the logs of a project, an experiment or a dataset. */
export class PlaneObject {
  readonly type: ObjectType;
  readonly record: ObjectRecord;
  /** What every row of this object carries about it. */
  readonly rowFields: Readonly<Record<string, string>>;
  /** What queries see. A deleted row may be in it for a while. */
  readonly table: RowTable = new RowTable();
  readonly fading: FadingRows = new FadingRows();
  /** The transaction that deleted a row, by the row's id. */
  readonly tombstones: Map<string, string> = new Map();
  freshness: FreshnessOverride = {};
  /** The highest transaction that wrote to this object and is visible. */
  lastXactId: string | null = null;
  /** When it was deleted. */
  deletedAt: string | null = null;
  readonly #versions: RowVersions | null;

  constructor(type: ObjectType, record: ObjectRecord, organizationId: string) {
    this.type = type;
    this.record = record;
    this.rowFields = rowFieldsOf(type, record, organizationId);
    this.#versions = type === 'project_logs' ? null : new RowVersions();
  }

  /** A row that was written and not deleted since, whatever queries show. */
  written(id: string): StoredRow | undefined {
    return this.fading.has(id) ? undefined : this.table.get(id);
  }

  /** The last transaction that wrote or deleted a row. */
  lastXactOf(id: string): string | undefined {
    return this.written(id)?.xactId ?? this.tombstones.get(id);
  }

  /** Makes a row version, or the end of a row, what queries see. */
  keep(id: string, xactId: string, row: StoredRow | null): void {
    if (this.lastXactId === null || xactId > this.lastXactId) this.lastXactId = xactId;
    this.#versions?.add(id, xactId, row);
    if (row === null) {
      this.table.remove(id);
      this.tombstones.set(id, xactId);
      return;
    }
    this.tombstones.delete(id);
    this.fading.end(id);
    this.table.put(row);
  }

  /** The object with the rows that it had after a transaction. */
  asOf(xactId: string): QueriedObject {
    if (this.#versions === null) throw badRequest('`version` does not work on project logs.');
    const { type, record, rowFields, freshness, lastXactId } = this;
    return { type, record, rowFields, freshness, lastXactId, table: this.#versions.at(xactId) };
  }
}

function rowFieldsOf(
  type: ObjectType,
  record: ObjectRecord,
  organizationId: string,
): Record<string, string> {
  const { id, projectId } = record;
  if (type === 'project_logs') return { project_id: id, org_id: organizationId, log_id: 'g' };
  return { project_id: projectId, [`${type}_id`]: id };
}
