import type { QueriedObject } from './plane-object.js';
import type { RowReader } from './query/values.js';
import type { JsonRow } from './row-shape.js';
import { parseStored } from './row-table.js';
import type { StoredRow } from './row-table.js';

/** A stored row as queries see it. Its text is parsed when a field is asked for that is not kept apart. */
export class StoredRowReader implements RowReader {
  readonly object: QueriedObject;
  readonly row: StoredRow;
  #parsed: JsonRow | null = null;

  constructor(object: QueriedObject, row: StoredRow) {
    this.object = object;
    this.row = row;
  }

  field(name: string): unknown {
    switch (name) {
      case 'id':
        return this.row.id;
      case '_xact_id':
        return this.row.xactId;
      case '_pagination_key':
        return this.row.paginationKey;
      case 'created':
        return this.row.created;
      case 'root_span_id':
        return this.row.rootSpanId;
      default:
        return this.object.rowFields[name] ?? this.parsed()[name];
    }
  }

  /** The whole row. */
  parsed(): JsonRow {
    this.#parsed ??= parseStored(this.row);
    return this.#parsed;
  }
}
