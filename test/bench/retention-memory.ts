/** Resident memory of the process in megabytes: the most near two points of the way, and of all. */
export interface MemoryReport {
  readonly rssQuarterMb: number;
  readonly rssEndMb: number;
  readonly rssPeakMb: number;
}

/** The most memory near two points of the way, and of all. */
export class MemoryByShare {
  readonly #rows: number;
  #done = 0;
  #quarter = 0;
  #end = 0;
  #peak = 0;

  constructor(all: number) {
    this.#rows = all;
  }

  get report(): MemoryReport {
    return { rssQuarterMb: this.#quarter, rssEndMb: this.#end, rssPeakMb: this.#peak };
  }

  gone(more: number): void {
    this.#done += more;
    const rss = process.memoryUsage.rss() / 1e6;
    const share = this.#done / this.#rows;
    this.#peak = Math.max(this.#peak, rss);
    if (share > 0.2 && share <= 0.25) this.#quarter = Math.max(this.#quarter, rss);
    if (share > 0.94 && share <= 0.99) this.#end = Math.max(this.#end, rss);
  }
}
