import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import type { S3ExportPlace } from './bucket-export.js';
import { stagedTable } from './staged-table.js';
import type { Table } from './table-source.js';

const CHILD = fileURLToPath(new URL('export-child.ts', import.meta.url));
const MINUTES_APART = 10;
/** Effects of a run that is left alone; kills fall anywhere among them. */
const EFFECTS_PER_RUN = 90;
/** An effect in the middle of the first commit. */
const EFFECT_OF_A_COMMIT = 12;

/** Where the processes of one export write and remember. JSON. */
export type ExportPlace = { readonly folder: string } | S3ExportPlace;

export interface Outcome {
  readonly killed: boolean;
  readonly stopReason: string | null;
  /** Code of the error that ended the run, or `null`. */
  readonly code: string | null;
}

/** What a process tells its parent. */
export interface ChildMessage {
  /** Number of the effect that begins. */
  readonly effect?: number;
  readonly stopReason?: string;
  readonly code?: string;
}

/** Processes that run one export of the staged table. */
class ExportProcesses {
  readonly #place: ExportPlace;
  #minutesAhead = 0;

  constructor(place: ExportPlace) {
    this.#place = place;
  }

  /** Starts a process whose clock is some minutes ahead of the one before: leases of the dead have run out. */
  start(stage: number, minutesLater: number = MINUTES_APART): ChildProcess {
    this.#minutesAhead += minutesLater;
    const argv = [JSON.stringify(this.#place), String(stage), String(this.#minutesAhead)];
    return fork(CHILD, argv, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
  }

  /** A run that is left alone. */
  async run(stage: number, minutesLater?: number): Promise<Outcome> {
    return await outcomeOf(this.start(stage, minutesLater));
  }

  /** A run whose process is killed when it has begun `killAt` effects. */
  async runUntil(stage: number, killAt: number): Promise<Outcome> {
    const child = this.start(stage);
    void reached(child, killAt).then(() => child.kill('SIGKILL'));
    return await outcomeOf(child);
  }
}

/** How the run of a process ended. Rejects when the process itself failed. */
async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let errors = '';
  let stopReason: string | null = null;
  let code: string | null = null;
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.on('message', (message: ChildMessage) => {
    stopReason = message.stopReason ?? stopReason;
    code = message.code ?? code;
  });
  const [exitCode, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('close', (...ended) => resolve(ended));
  });
  if (signal === 'SIGKILL') return { killed: true, stopReason, code };
  if (exitCode !== 0) throw new Error(`the process failed with ${exitCode}: ${errors}`);
  return { killed: false, stopReason, code };
}

/** Resolves when a process begins an effect. */
async function reached(child: ChildProcess, effect: number): Promise<void> {
  await new Promise<void>((resolve) => {
    child.on('message', (message: ChildMessage) => {
      if (message.effect === effect) resolve();
    });
  });
}

export interface KillOptions {
  readonly stages: number;
  readonly killsPerStage: number;
  readonly seed: number;
  /** The oracle: after each stage, over the rows that any process can have seen. */
  readonly check: (table: Table) => Promise<unknown>;
}

/** Kills processes at random effects; after each stage a run that is left alone. Gives how many were killed. */
export async function killAnywhere(place: ExportPlace, options: KillOptions): Promise<number> {
  const processes = new ExportProcesses(place);
  const random = seededRandom(options.seed);
  let kills = 0;
  for (let stage = 0; stage < options.stages; stage += 1) {
    for (let attempt = 0; attempt < options.killsPerStage; attempt += 1) {
      const killAt = 1 + Math.floor(random() * EFFECTS_PER_RUN);
      const { killed } = await processes.runUntil(stage, killAt);
      if (killed) kills += 1;
    }
    assert.equal((await processes.run(stage)).stopReason, 'caught-up');
    // What the last dead process left behind is removed by the clean run: strays included.
    await options.check(seenTable(stage));
  }
  return kills;
}

/**
 * Stops a process in the middle of a commit. A second one is locked out, a third one past the lease overtakes it;
 * awake again, the first must change nothing.
 * @returns how the run of the stopped process ended: by the loss of its lease, or by that of what it had staged.
 */
export async function overtakeStopped(
  place: ExportPlace,
  check: (table: Table) => Promise<unknown>,
): Promise<Outcome> {
  const processes = new ExportProcesses(place);
  const first = processes.start(0);
  await reached(first, EFFECT_OF_A_COMMIT);
  first.kill('SIGSTOP');
  assert.equal((await processes.run(0, 0)).stopReason, 'locked');
  assert.equal((await processes.run(0)).stopReason, 'caught-up');
  const ended = outcomeOf(first);
  first.kill('SIGCONT');
  const outcome = await ended;
  assert.equal((await processes.run(0)).stopReason, 'caught-up');
  await check(seenTable(0));
  return outcome;
}

/** Runs two processes at a time, their leases ten minutes apart, so that each finds the other's run out. */
export async function runInPairs(
  place: ExportPlace,
  options: {
    readonly stages: number;
    readonly check: (table: Table) => Promise<unknown>;
  },
): Promise<readonly Outcome[]> {
  const processes = new ExportProcesses(place);
  const outcomes: Outcome[] = [];
  for (let stage = 0; stage < options.stages; stage += 1) {
    const pair = [processes.run(stage), processes.run(stage)];
    outcomes.push(...(await Promise.all(pair)));
    assert.equal((await processes.run(stage)).stopReason, 'caught-up');
    await options.check(seenTable(stage));
  }
  return outcomes;
}

/** The table with every version noted that any process can have seen. */
export function seenTable(stage: number): Table {
  const table = stagedTable(stage);
  for (let earlier = 0; earlier <= stage; earlier += 1) {
    for (const row of stagedTable(earlier).rows()) table.shown.add(`${row.id}@${row.version}`);
  }
  return table;
}
