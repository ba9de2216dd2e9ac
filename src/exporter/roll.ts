import type { PageWork } from './page-work.js';

/** What is open when rows ask for room. */
export interface Room {
  /** Rows so far in each open object, by the name of its partition. */
  readonly openRows: ReadonlyMap<string, number>;
  /** Source rows of the commit so far. */
  readonly commitRows: number;
  readonly maxOpenPartitions: number;
  readonly objectMaxRows: number;
  readonly commitMaxRows: number;
  /** Rows that this run may still export. */
  readonly rowsLeft: number;
}

export type FitReason = 'page-end' | 'partitions' | 'object-rows' | 'commit-rows' | 'row-limit';

/** The rows up to, not including, `to` fit into the commit; `reason` is what ended it. */
export interface Fit {
  readonly to: number;
  readonly reason: FitReason;
}

/** Pure: how many rows of a page, from `from` on, fit into the commit being filled. */
export function fitRows(work: PageWork, from: number, room: Room): Fit {
  const rows = new Map(room.openRows);
  let delivered = 0;
  for (let row = from; row < work.fates.length; row += 1) {
    if (work.fates[row]?.kind === 'bad' || work.fates[row]?.kind === 'deliver') {
      if (room.commitRows + (row - from) >= room.commitMaxRows)
        return { to: row, reason: 'commit-rows' };
    }
    if (work.fates[row]?.kind !== 'deliver') continue;
    if (delivered >= room.rowsLeft) return { to: row, reason: 'row-limit' };
    const added = outputsByName(work, row);
    const reason = refusal(added, rows, room);
    if (reason !== null) return { to: row, reason };
    for (const [name, count] of added) rows.set(name, (rows.get(name) ?? 0) + count);
    delivered += 1;
  }
  return { to: work.fates.length, reason: 'page-end' };
}

/** How many outputs a row has in each partition; nearly always one in one. */
function outputsByName(work: PageWork, row: number): readonly (readonly [string, number])[] {
  const from = work.starts[row] ?? 0;
  const to = work.starts[row + 1] ?? 0;
  const nameOf = (output: number): string => work.names[work.places[output] ?? 0] ?? '';
  if (to - from === 1) return [[nameOf(from), 1]];
  const added = new Map<string, number>();
  for (let output = from; output < to; output += 1) {
    const name = nameOf(output);
    added.set(name, (added.get(name) ?? 0) + 1);
  }
  return [...added];
}

function refusal(
  added: readonly (readonly [string, number])[],
  rows: Map<string, number>,
  room: Room,
): FitReason | null {
  let opened = 0;
  for (const [name, count] of added) {
    const held = rows.get(name);
    if (held === undefined) opened += 1;
    else if (held + count > room.objectMaxRows) return 'object-rows';
  }
  return rows.size + opened > room.maxOpenPartitions && opened > 0 ? 'partitions' : null;
}
