import type { EncodedRowGroup } from '../row-groups.js';

/** A row group that is made elsewhere. */
export class PendingRowGroup {
  readonly inputBytes: number;
  readonly group: Promise<EncodedRowGroup>;
  /** The row group, once it is there. */
  #outcome: EncodedRowGroup | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(inputBytes: number, group: Promise<EncodedRowGroup>) {
    this.inputBytes = inputBytes;
    this.group = group;
    group.then(
      (outcome) => {
        this.#outcome = outcome;
      },
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  get outcome(): EncodedRowGroup | null {
    return this.#outcome;
  }

  /** Throws what its making threw. */
  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
