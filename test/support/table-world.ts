import { expect } from 'vitest';

import type { CursorStore } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import { tableExporter } from './table-export.js';
import { Table } from './table-source.js';

const START = Date.UTC(2026, 0, 1);

/** A table of settled rows, written one a second. */
export function filled(rows: number): Table {
  const table = new Table();
  for (let row = 0; row < rows; row += 1) table.write(`r${row}`, row, row);
  table.settled = rows;
  return table;
}

/** Where an export writes and remembers. */
export interface World {
  readonly sink: MemorySink;
  readonly cursorStore: CursorStore;
}

/** A fresh world in memory. */
export function world(): World {
  return { sink: memorySink(), cursorStore: memoryCursorStore() };
}

/** A clock that advances by itself, set some minutes after a fixed start. */
export function clockAt(minutes: number, seed: number): ManualClock {
  return manualClock({ autoAdvance: true, seed, now: new Date(START + minutes * 60_000) });
}

/** A run that dies at its first commit of an object, leaving a decided commit behind. */
export async function dieInCommit(
  table: Table,
  parts: World,
  mode: 'crash-before' | 'crash-after',
): Promise<void> {
  const plan = faultPlan({ at: 1, mode, effect: 'sink.commit' });
  const dying = tableExporter({
    source: table.source(),
    sink: faulty(parts.sink, plan),
    cursorStore: faulty(parts.cursorStore, plan),
  });
  await expect(dying.run()).rejects.toThrow('crash');
}
