import type { RowTable, StoredRow } from './row-table.js';

/** How long deleted rows can still be seen. Every time counts from the delete, by the plane's clock. */
export interface DeleteDelay {
  /** How long a deleted row stays as if nothing had happened. @defaultValue 0 */
  readonly afterMs?: number;
  /** When it comes back in its old version. @defaultValue never */
  readonly reappearAfterMs?: number;
  /** How long it stays when it came back. @defaultValue 10,000 */
  readonly reappearForMs?: number;
}

const DEFAULT_REAPPEAR_MS = 10_000;

interface FadingRow {
  readonly row: StoredRow;
  readonly deletedAt: number;
  readonly delay: Required<DeleteDelay>;
}

/**
 * Deleted rows that queries still show, or will show again. Their state follows from the time that is
 * asked about: nothing happens by itself.
 */
export class FadingRows {
  readonly #rows = new Map<string, FadingRow>();

  /** Notes the last version of a row that was deleted. */
  add(row: StoredRow, deletedAt: Date, delay: DeleteDelay): void {
    const { afterMs = 0, reappearAfterMs = Infinity, reappearForMs = DEFAULT_REAPPEAR_MS } = delay;
    this.#rows.set(row.id, {
      row,
      deletedAt: deletedAt.getTime(),
      delay: { afterMs, reappearAfterMs, reappearForMs },
    });
  }

  /** Whether a row is deleted, whatever queries show. */
  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** Forgets a row, because it was written anew. */
  end(id: string): void {
    this.#rows.delete(id);
  }

  /** Puts into a table what is to be seen at `now`, and takes out what is not. */
  settle(table: RowTable, now: Date): void {
    for (const [id, { row, deletedAt, delay }] of this.#rows) {
      const age = now.getTime() - deletedAt;
      if (isShown(delay, age)) {
        if (table.get(id) === undefined) table.put(row);
        continue;
      }
      table.remove(id);
      if (isOver(delay, age)) this.#rows.delete(id);
    }
  }
}

function isShown(delay: Required<DeleteDelay>, age: number): boolean {
  const { afterMs, reappearAfterMs, reappearForMs } = delay;
  return age < afterMs || (age >= reappearAfterMs && age < reappearAfterMs + reappearForMs);
}

function isOver({ afterMs, reappearAfterMs }: Required<DeleteDelay>, age: number): boolean {
  return age >= afterMs && (reappearAfterMs === Infinity || age >= reappearAfterMs);
}
