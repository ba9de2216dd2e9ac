/** Why a request is made. */
export type RequestPurpose =
  'scan' | 'units' | 'reread' | 'delete' | 'confirm' | 'survey' | 'other';

/** Counts requests by what they are made for, one after the other. */
export class RequestCounts {
  readonly #counts = new Map<RequestPurpose, number>();
  /** What is under way. */
  phase: RequestPurpose = 'other';

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get byPurpose(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  clear(): void {
    this.#counts.clear();
  }

  /** Counts, then sends: for the `fetch` of a client. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const purpose = this.phase === 'scan' && readsUnits(init) ? 'units' : this.phase;
    this.#counts.set(purpose, (this.#counts.get(purpose) ?? 0) + 1);
    return await fetch(url, init);
  };

  /** Makes what a function asks for count for one purpose. */
  async during<T>(phase: RequestPurpose, work: () => Promise<T>): Promise<T> {
    const before = this.phase;
    this.phase = phase;
    try {
      return await work();
    } finally {
      this.phase = before;
    }
  }
}

/** Scans go by version; traces are read by the ids of their rows. */
function readsUnits({ body }: RequestInit): boolean {
  const { query } = JSON.parse(typeof body === 'string' ? body : '{}') as {
    readonly query?: { readonly sort?: readonly { readonly expr: { readonly name: string[] } }[] };
  };
  return query?.sort?.[0]?.expr.name[0] === 'id';
}
