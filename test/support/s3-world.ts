import assert from 'node:assert/strict';

import { expect } from 'vitest';

import { type ExportError, isExportError } from '../../src/errors/index.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import type { RunResult } from '../../src/exporter/results.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { type ManualClock, manualClock } from '../../src/testing/adapters/manual-clock.js';
import { RequestPlan, type Strike } from './request-strikes.js';
import type { S3Double } from './s3-double/index.js';
import {
  assertBucketExactlyOnce,
  freshPlace,
  openProcess,
  type ExportProcess,
  type S3ExportPlace,
  serverOf,
} from './bucket-export.js';
import { tableExporter } from './table-export.js';
import { Table } from './table-source.js';

const HOUR_MS = 3_600_000;

/** Writes, then late writes, updates and deletions, with a run after each. */
const STEPS: readonly ((table: Table) => void)[] = [
  (table) => {
    for (let row = 0; row < 10; row += 1) table.write(`a${row}`, row, row % 5);
    table.settled = 8;
  },
  (table) => {
    for (let row = 0; row < 3; row += 1) table.write(`a${row}`, 20 + row, row % 5);
    table.write('late', 5, 1);
    table.remove('a5');
    table.settled = 25;
  },
];

export interface PlayOptions {
  readonly plan: RequestPlan;
  /** Number of the page at which the source of each run fails. @defaultValue none */
  readonly sourceFault?: number | undefined;
}

/** One export of a table in one bucket. Each of its processes begins an hour after the one before. */
export class S3World {
  readonly table: Table = new Table();
  readonly place: S3ExportPlace;
  readonly #double: S3Double;
  #hours = 0;

  private constructor(double: S3Double, place: S3ExportPlace) {
    this.#double = double;
    this.place = place;
  }

  /** A new bucket; the double strikes no more, and forgets what it was asked. */
  static async open(double: S3Double): Promise<S3World> {
    double.intercept = null;
    double.clearRequests();
    return new S3World(double, await freshPlace(serverOf(double)));
  }

  /** A plan for the requests of this world. */
  plan(at?: number, strike?: Strike): RequestPlan {
    const target = at === undefined || strike === undefined ? null : { at, strike };
    return new RequestPlan(this.#double, target);
  }

  /** Does something with an exporter in a new process, where nothing goes wrong. */
  async with<T>(work: (exporter: Exporter, clock: ManualClock) => Promise<T>): Promise<T> {
    return await this.#inProcess(({ parts }, clock) => {
      const source = this.table.source();
      return work(tableExporter({ source, ...parts }, { runtime: clock }), clock);
    });
  }

  /**
   * A run in a new process that must read everything there is. It may be locked out once: a save of the dead that
   * lands between its load and its first save is a faster worker, as far as anyone can tell.
   */
  async runClean(): Promise<void> {
    const run = (): Promise<RunResult> => this.with((exporter) => exporter.run());
    let { stopReason } = await run();
    if (stopReason === 'locked') ({ stopReason } = await run());
    expect(stopReason).toBe('caught-up');
  }

  /** Changes the table as the scenario does; the number of the step is 0 or 1. */
  step(number: number): void {
    STEPS[number]?.(this.table);
  }

  /** Plays the scenario; after a run that failed, runs again without faults, as a scheduler would. */
  async play(options: PlayOptions): Promise<void> {
    for (const number of STEPS.keys()) {
      this.step(number);
      if ((await this.runStruck(options)) !== 'caught-up') await this.runClean();
    }
    await this.#double.settleLate();
    await this.runClean();
  }

  /** A run that the plan may strike at. Gives the error that it failed with, or how it ended. */
  async runStruck({
    plan,
    sourceFault = Infinity,
  }: PlayOptions): Promise<ExportError | 'caught-up' | 'locked'> {
    const failing = faultPlan({ effect: 'source.read', at: sourceFault });
    const source = faulty(this.table.source(), failing);
    return await this.#inProcess(async ({ parts, die }, clock) => {
      const exporter = tableExporter({ source, ...parts }, { runtime: clock });
      try {
        const { stopReason } = await plan.during({ die, clock }, () => exporter.run());
        assert(stopReason === 'caught-up' || stopReason === 'locked', stopReason);
        return stopReason;
      } catch (error) {
        if (!isExportError(error)) throw error;
        return error;
      }
    });
  }

  /** The oracle: nothing lost, nothing doubled, nothing left over in the bucket. */
  async assertExactlyOnce(): Promise<void> {
    this.#double.intercept = null;
    await assertBucketExactlyOnce(this.place, this.table);
  }

  async #inProcess<T>(
    work: (process: ExportProcess, clock: ManualClock) => Promise<T>,
  ): Promise<T> {
    this.#hours += 1;
    const now = new Date(Date.UTC(2026, 0, 1) + this.#hours * HOUR_MS);
    const clock = manualClock({ autoAdvance: true, seed: 1_000 + this.#hours, now });
    const process = openProcess(this.place, { runtime: clock });
    try {
      return await work(process, clock);
    } finally {
      process.close();
    }
  }
}
