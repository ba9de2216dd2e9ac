import type { Observer, RowBatch } from '../interfaces/index.js';
import { emit } from '../util/observe.js';
import type { PageWork } from './page-work.js';

/** Athena reads no longer text in one cell; other readers have limits of their own above it. */
export const LARGE_ROW_BYTES: number = 32 * 1024 * 1024;
/** So many rows are named one by one in a run, then only those that bring the count to a power of ten. */
const NAMED_MAX = 10;

/** What is looked at of a page. */
export interface PageOutputs extends Pick<PageWork, 'fates' | 'starts' | 'ids'> {
  readonly outputs: Pick<RowBatch, 'text'>;
}

/** Warns of rows that some readers cannot read. They are exported as they are. */
export class LargeRows {
  readonly #exportId: string;
  #count = 0;

  constructor(exportId: string) {
    this.#exportId = exportId;
  }

  /** Looks at what a page gives to objects. */
  note(work: PageOutputs, observer: Observer | undefined): void {
    const { bounds } = work.outputs.text();
    for (let row = 0; row < work.fates.length; row += 1) {
      if (work.fates[row]?.kind !== 'deliver') continue;
      for (let output = work.starts[row] ?? 0; output < (work.starts[row + 1] ?? 0); output += 1) {
        const bytes = (bounds[2 * output + 1] ?? 0) - (bounds[2 * output] ?? 0);
        if (bytes > LARGE_ROW_BYTES) this.#warn(work.ids[row] ?? null, bytes, observer);
      }
    }
  }

  #warn(rowId: string | null, bytes: number, observer: Observer | undefined): void {
    this.#count += 1;
    const count = this.#count;
    if (count > NAMED_MAX && !Number.isInteger(Math.log10(count))) return;
    emit(observer, { type: 'large-row', exportId: this.#exportId, rowId, bytes, count });
  }
}
