/**
 * A process that runs one export of a table to local files and reports every effect to its parent, which may kill
 * it at any of them. Arguments: folder, stage of the table, minutes by which the clock is ahead.
 */
import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import type { Runtime } from '../../src/interfaces/index.js';
import { type FaultPlan, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { systemRuntime } from '../../src/util/runtime.js';
import { stagedTable } from './staged-table.js';
import { tableExporter } from './table-export.js';

const [root = '', stage = '0', minutesAhead = '0'] = process.argv.slice(2);

const runtime: Runtime = {
  ...systemRuntime,
  now: () => new Date(Date.now() + Number(minutesAhead) * 60_000),
};

const plan = faultPlan();
let begun = 0;

/** Tells the parent of every effect as it begins. */
const reporting: FaultPlan = {
  get count() {
    return plan.count;
  },
  get crashed() {
    return plan.crashed;
  },
  effects: plan.effects,
  reached: plan.reached,
  run: async (effect) => {
    begun += 1;
    process.send?.({ effect: begun });
    return await plan.run(effect);
  },
  release: () => plan.release(),
  throwIfCrashed: () => plan.throwIfCrashed(),
};

const table = stagedTable(Number(stage));
const exporter = tableExporter(
  {
    source: faulty(table.source(), reporting),
    sink: faulty(fileSink({ root: `${root}/data` }), reporting),
    cursorStore: faulty(fileCursorStore({ root: `${root}/cursors` }), reporting),
  },
  { runtime },
);
const result = await exporter.run();
process.send?.({ result: { stopReason: result.stopReason, rows: result.rows } });
process.disconnect?.();
