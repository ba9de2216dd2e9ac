import type { RowVersion } from '../../src/testing/plane/plane-state.js';

/** A version that was live and could be seen when its row was deleted. */
export interface Kill {
  /** Place of the deletion in the history. */
  readonly place: number;
  readonly id: string;
  readonly version: string;
  /** The transaction that deleted it. */
  readonly by: string;
}

interface Write {
  readonly place: number;
  readonly version: string;
}

/** What a history of row versions of one object comes to. */
export class PlaneReplay {
  /** The rows that are there, with their versions. */
  readonly live: ReadonlyMap<string, string>;
  readonly kills: readonly Kill[];
  readonly #writes: ReadonlyMap<string, Write>;

  constructor(history: readonly RowVersion[]) {
    const live = new Map<string, string>();
    const kills: Kill[] = [];
    const writes = new Map<string, Write>();
    history.forEach(({ id, xactId, deleted, shown }, place) => {
      if (!shown) return;
      const version = live.get(id);
      if (deleted) {
        if (version !== undefined) kills.push({ place, id, version, by: xactId });
        live.delete(id);
        return;
      }
      live.set(id, xactId);
      writes.set(id, { place, version: xactId });
    });
    this.live = live;
    this.kills = kills;
    this.#writes = writes;
  }

  /** The last write of a row that was no deletion. */
  lastWrite(id: string): Write | undefined {
    return this.#writes.get(id);
  }
}

/** `id@version`. */
export function rowName({
  id,
  version,
}: {
  readonly id: string;
  readonly version: string;
}): string {
  return `${id}@${version}`;
}
