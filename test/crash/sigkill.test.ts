import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from 'vitest';

import { fileSink } from '../../src/entries/fs.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { stagedTable } from '../support/staged-table.js';
import { assertExactlyOnce } from '../support/table-export.js';

const CHILD = fileURLToPath(new URL('../support/export-child.ts', import.meta.url));
const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
const STAGES = 3;
const KILLS_PER_STAGE = 5;
/** Effects of a run that is left alone; kills fall anywhere among them. */
const EFFECTS_PER_RUN = 90;

interface Outcome {
  readonly killed: boolean;
  readonly stopReason: string | null;
}

let folder = '';
let minutesAhead = 0;

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function startChild(stage: number): ChildProcess {
  // Every process is ten minutes later than the one before: leases of the dead have run out.
  minutesAhead += 10;
  const argv = [folder, String(stage), String(minutesAhead)];
  return fork(CHILD, argv, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Runs the export in a process of its own, and kills it when it has begun `killAt` effects. */
async function runChild(stage: number, killAt: number): Promise<Outcome> {
  const child = startChild(stage);
  let errors = '';
  let stopReason: string | null = null;
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.on('message', (message: { effect?: number; result?: { stopReason: string } }) => {
    if (message.effect === killAt) child.kill('SIGKILL');
    stopReason = message.result?.stopReason ?? stopReason;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('close', (...ended) => resolve(ended));
  });
  if (signal === 'SIGKILL') return { killed: true, stopReason };
  if (code !== 0) throw new Error(`the child failed with ${code}: ${errors}`);
  return { killed: false, stopReason };
}

describe('a process killed at any point', () => {
  it(`loses and doubles nothing on local files (EXPORT_SEED=${SEED})`, async () => {
    folder = await mkdtemp(join(tmpdir(), 'kill-'));
    const random = seededRandom(SEED);
    let kills = 0;
    for (let stage = 0; stage < STAGES; stage += 1) {
      for (let attempt = 0; attempt < KILLS_PER_STAGE; attempt += 1) {
        const { killed } = await runChild(stage, 1 + Math.floor(random() * EFFECTS_PER_RUN));
        if (killed) kills += 1;
      }
      expect(await runChild(stage, Infinity)).toEqual({ killed: false, stopReason: 'caught-up' });
      // What the last dead process left behind is removed by the clean run: strays included.
      await assertExactlyOnce(fileSink({ root: join(folder, 'data') }), seenTable(stage));
    }
    expect(kills).toBeGreaterThan(STAGES);
  });

  it('locks out a second process while the first works', async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
    const first = startChild(0);
    await new Promise<void>((resolve) => {
      first.on('message', (message: { effect?: number }) => {
        if (message.effect === 12) {
          first.kill('SIGSTOP');
          resolve();
        }
      });
    });
    minutesAhead -= 10;
    expect(await runChild(0, Infinity)).toMatchObject({ stopReason: 'locked' });
    // Past its lease the stopped process is overtaken; awake again, it must change nothing.
    expect(await runChild(0, Infinity)).toMatchObject({ stopReason: 'caught-up' });
    const ended = new Promise((resolve) => first.once('close', resolve));
    first.kill('SIGCONT');
    await ended;
    expect(await runChild(0, Infinity)).toMatchObject({ stopReason: 'caught-up' });
    await assertExactlyOnce(fileSink({ root: join(folder, 'data') }), seenTable(0));
  });
});

/** The table with every version noted that any process can have seen. */
function seenTable(stage: number): ReturnType<typeof stagedTable> {
  const table = stagedTable(stage);
  for (let earlier = 0; earlier <= stage; earlier += 1) {
    for (const row of stagedTable(earlier).rows()) table.shown.add(`${row.id}@${row.version}`);
  }
  return table;
}
