import type { IncomingMessage } from 'node:http';

/** The newest requests are kept up to this number; counts cover all of them. */
const KEPT_REQUESTS = 10_000;

/** One request that reached the plane. */
export interface PlaneRequest {
  readonly method: string;
  readonly path: string;
  /** The status that was sent; 0 when the connection was closed without one; `null` while it is under way. */
  readonly status: number | null;
}

/** What reached the plane, for assertions. */
export interface PlaneRequests {
  /** The newest 10,000 requests, oldest first. */
  readonly list: readonly PlaneRequest[];
  /** How many requests have been answered, or those to one path, or those with one status. */
  count(filter?: { readonly path?: string; readonly status?: number }): number;
}

type OpenRequest = { -readonly [K in keyof PlaneRequest]: PlaneRequest[K] };

/** Notes requests as they come and go. */
export class RequestLog implements PlaneRequests {
  readonly list: OpenRequest[] = [];
  readonly #counts = new Map<string, number>();

  begin(request: IncomingMessage, path: string): { end(status: number): void } {
    const entry: OpenRequest = { method: request.method ?? '', path, status: null };
    this.list.push(entry);
    if (this.list.length > KEPT_REQUESTS) this.list.shift();
    return {
      end: (status) => {
        entry.status = status;
        const name = JSON.stringify([path, status]);
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      },
    };
  }

  count(filter: { readonly path?: string; readonly status?: number } = {}): number {
    let sum = 0;
    for (const [name, count] of this.#counts) {
      const [path, status] = JSON.parse(name) as [string, number];
      const wanted = filter.path === undefined || filter.path === path;
      if (wanted && (filter.status === undefined || filter.status === status)) sum += count;
    }
    return sum;
  }
}
