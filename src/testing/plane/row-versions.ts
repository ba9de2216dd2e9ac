import { RowTable } from './row-table.js';
import type { StoredRow } from './row-table.js';

interface Version {
  readonly id: string;
  readonly xactId: string;
  /** `null` where the transaction deleted the row. */
  readonly row: StoredRow | null;
}

/** Every version of the rows of one object, for reads of the past. */
export class RowVersions {
  readonly #versions: Version[] = [];
  /** The table that was asked for last: a reader asks for one version page by page. */
  #last: { readonly xactId: string; readonly count: number; readonly table: RowTable } | null =
    null;

  add(id: string, xactId: string, row: StoredRow | null): void {
    this.#versions.push({ id, xactId, row });
  }

  /** The rows as they were after a transaction. */
  at(xactId: string): RowTable {
    const count = this.#versions.length;
    if (this.#last?.xactId === xactId && this.#last.count === count) return this.#last.table;
    const table = new RowTable();
    // Each row's versions were added in the order of their transactions.
    for (const version of this.#versions) {
      if (version.xactId > xactId) continue;
      if (version.row === null) table.remove(version.id);
      else table.put(version.row);
    }
    this.#last = { xactId, count, table };
    return table;
  }
}
