/** How many traces one query asks for. */
export const TRACES_PER_QUERY: number = 200;
/** What the traces of a page are to come to. */
const PAGE_BYTES = 16 * 1024 * 1024;

/** How many traces are read at a time: as many as are about so large together, from what those before were. */
export class TracePace {
  #bytesOfTrace = PAGE_BYTES / TRACES_PER_QUERY;

  get traces(): number {
    return Math.max(1, Math.floor(PAGE_BYTES / this.#bytesOfTrace));
  }

  /** So many traces were too much. */
  slow(traces: number): void {
    this.#bytesOfTrace = (2 * PAGE_BYTES) / traces;
  }

  learn(bytes: number, traces: number): void {
    if (traces > 0) this.#bytesOfTrace = Math.max(1, bytes / traces);
  }
}
