/** Which deletes are acknowledged and do not happen. */
export interface LostDeletes {
  /** Whether the delete of a row may be lost. @defaultValue every one may */
  readonly of?: (rowId: string) => boolean;
  /** Every how manieth of those is lost. @defaultValue 1 */
  readonly every?: number;
  /** How many are lost altogether. @defaultValue no limit */
  readonly times?: number;
}

/** Loses deletes as it was told to. */
export class DeleteLosses {
  #plan: Required<LostDeletes> | null = null;
  #seen = 0;
  #lost = 0;

  /** Begins a plan anew; `null` ends it. */
  plan(lost: LostDeletes | null): void {
    this.#seen = 0;
    this.#lost = 0;
    this.#plan = lost === null ? null : { of: () => true, every: 1, times: Infinity, ...lost };
  }

  /** Whether the delete of a row is lost. Counts it. */
  take(rowId: string): boolean {
    if (this.#plan === null || this.#lost >= this.#plan.times || !this.#plan.of(rowId))
      return false;
    this.#seen += 1;
    if (this.#seen % this.#plan.every !== 0) return false;
    this.#lost += 1;
    return true;
  }
}
