const STEADY_PAGES = 8;

/** How many rows to ask for: halved when an answer is too slow or too large, doubled again after eight good ones. */
export class PageSize {
  readonly #most: number;
  #rows: number;
  #good = 0;

  constructor(most: number) {
    this.#most = most;
    this.#rows = most;
  }

  get rows(): number {
    return this.#rows;
  }

  shrink(): void {
    this.#rows = Math.max(1, Math.floor(this.#rows / 2));
    this.#good = 0;
  }

  keep(): void {
    this.#good += 1;
    if (this.#good < STEADY_PAGES) return;
    this.#rows = Math.min(this.#most, this.#rows * 2);
    this.#good = 0;
  }
}
