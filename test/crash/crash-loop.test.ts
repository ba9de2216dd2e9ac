import assert from 'node:assert/strict';

import { describe, expect, it } from 'vitest';

import type { CursorStore, Sink } from '../../src/interfaces/index.js';
import {
  type FaultMode,
  type FaultPlan,
  faultPlan,
} from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { plainKeys } from '../support/plain-keys.js';
import { assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { Table } from '../support/table-source.js';

interface World {
  readonly sink: Sink;
  readonly store: CursorStore;
}

const OPTIONS = [
  { name: 'one partition', keys: plainKeys() },
  { name: 'several partitions', keys: plainKeys('value', 3) },
] as const;

/** A single lost call, an outage that outlasts every retry, and process death. */
const FAULTS: readonly { mode: FaultMode; times: number }[] = [
  { mode: 'before', times: 1 },
  { mode: 'after', times: 1 },
  { mode: 'before', times: 9 },
  { mode: 'after', times: 9 },
  { mode: 'crash-before', times: 1 },
  { mode: 'crash-after', times: 1 },
];

/** Writes, late writes, updates and deletions, with a run after each. */
const STEPS: readonly ((table: Table) => void)[] = [
  (table) => {
    for (let row = 0; row < 15; row += 1) table.write(`a${row}`, row, row % 5);
    table.settled = 12;
  },
  (table) => {
    for (let row = 0; row < 4; row += 1) table.write(`a${row}`, 20 + row, row % 5);
    table.write('late', 9, 1);
    table.remove('a5');
    table.settled = 25;
  },
  (table) => {
    table.write('later', 24, 2);
    table.write('a1', 30, 3);
    table.settled = 31;
  },
];

/** Plays the scenario; after a run that failed, runs again without faults, as a scheduler would. */
async function play(
  world: World,
  plan: FaultPlan,
  keys: (typeof OPTIONS)[number]['keys'],
): Promise<Table> {
  const table = new Table();
  for (const step of STEPS) {
    step(table);
    const struck = plan.crashed;
    const sink = struck ? world.sink : faulty(world.sink, plan);
    const cursorStore = struck ? world.store : faulty(world.store, plan);
    const source = struck ? table.source() : faulty(table.source(), plan);
    const first = tableExporter({ source, sink, cursorStore }, { keys });
    const result = await first.run().catch((error: unknown) => error);
    if (result instanceof Error || plan.crashed) await runClean(world, table, keys);
    else assert('stopReason' in (result as object));
  }
  await runClean(world, table, keys);
  return table;
}

/** A run in a new process: after a death, the lease of the dead run has to run out first. */
async function runClean(
  world: World,
  table: Table,
  keys: (typeof OPTIONS)[number]['keys'],
): Promise<void> {
  const exporter = tableExporter(
    { source: table.source(), sink: world.sink, cursorStore: world.store },
    { keys, runtime: laterClock() },
  );
  const result = await exporter.run();
  expect(result.stopReason).toBe('caught-up');
}

let hours = 1;

/** Clocks of later processes stand an hour apart. */
function laterClock(): ManualClock {
  hours += 1;
  const now = new Date(Date.UTC(2026, 0, 1) + hours * 3_600_000);
  return manualClock({ autoAdvance: true, seed: 1_000 + hours, now });
}

describe.each(OPTIONS)('crash loop, $name', ({ keys }) => {
  it('has enough effects to be worth it, and loses and doubles nothing without a fault', async () => {
    const world = { sink: memorySink(), store: memoryCursorStore() };
    const plan = faultPlan();
    const table = await play(world, plan, keys);
    await assertExactlyOnce(world.sink, table);
    expect(plan.count).toBeGreaterThan(60);
  });

  it.each(FAULTS)(
    'loses and doubles nothing: $mode, $times in a row, at any effect',
    async (fault) => {
      const counting = faultPlan();
      await play({ sink: memorySink(), store: memoryCursorStore() }, counting, keys);
      for (let at = 1; at <= counting.count; at += 1) {
        const world = { sink: memorySink(), store: memoryCursorStore() };
        const plan = faultPlan({ at, ...fault });
        const table = await play(world, plan, keys);
        await assertExactlyOnce(world.sink, table).catch((error: unknown) => {
          throw new Error(`effect ${at} (${plan.effects[at - 1]})`, { cause: error });
        });
      }
    },
  );
});
