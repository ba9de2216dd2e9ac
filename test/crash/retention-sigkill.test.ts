import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { fileCursorStore, fileSink } from '../../src/entries/fs.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { seededRandom } from '../../src/testing/adapters/seeded-random.js';
import { DAY_MS, HOUR_MS } from '../support/policy-world.js';
import { endOf, heldProcess, RetentionProcesses } from '../support/retention-process.js';
import { RetentionStory } from '../support/retention-story.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Each process takes a second or more to start. */
const TIMEOUT_MS = 300_000;
const SEED = Number(process.env['EXPORT_SEED'] ?? 20_261_121);
/** Effects of a run that is left alone; kills fall anywhere among them. */
const EFFECTS = { export: 40, policy: 50 } as const;
const KILLS_PER_RUN = 2;
/** Past the lease of whoever died. */
const LATER_MS = 600_000;

async function fileStory(): Promise<{ story: RetentionStory; processes: RetentionProcesses }> {
  const folder = await temporaryFolder();
  const sink = fileSink({ root: join(folder, 'data') });
  const store = fileCursorStore({ root: join(folder, 'cursors') });
  const story = await RetentionStory.start({ sink, store });
  return { story, processes: new RetentionProcesses(story, folder) };
}

describe(`processes killed at any point (EXPORT_SEED=${SEED})`, { timeout: TIMEOUT_MS }, () => {
  it('delete nothing unproven, and tell all', async () => {
    const { story, processes } = await fileStory();
    const random = seededRandom(SEED);
    let kills = 0;
    /** Some runs that are killed, then one that is left alone. */
    const run = async (kind: 'export' | 'policy'): Promise<void> => {
      for (let attempt = 0; attempt < KILLS_PER_RUN; attempt += 1) {
        const effect = 1 + Math.floor(random() * EFFECTS[kind]);
        await story.audited(async () => {
          if (await processes.killAt(kind, effect)) kills += 1;
          return new Error('killed');
        });
        await story.world.pass(LATER_MS);
      }
      const end = kind === 'export' ? await story.runExport() : await story.runPolicy();
      if (end instanceof Error) throw end;
    };
    story.write('large', 40, 5);
    story.write('small', 40);
    story.write('held', 40);
    story.heldIds.add('held-root');
    story.write('touched', 40);
    story.write('young', 3, 0);
    story.writeSpan('behind', { id: 'late', ageDays: 40, held: true });
    await run('export');
    await run('policy');
    await story.world.pass(25 * HOUR_MS);
    story.touch('touched-0');
    story.world.plane.control.surface();
    await run('policy');
    await story.world.pass(40 * DAY_MS);
    await run('export');
    await run('policy');
    await story.settle();
    await story.audit.checkReceipts();
    story.audit.assertSound();
    expect(story.world.liveIds()).toEqual(['held-0', 'held-root', 'late']);
    expect(kills).toBeGreaterThan(3);
  });
});

/** Number of the effect that saves the decision for the first deletion of a sweep. */
async function decisionOfSweep(): Promise<number> {
  const story = await RetentionStory.start();
  await markSmall(story);
  const plan = faultPlan();
  await story.runPolicy({ plan });
  return plan.effects.indexOf('plane.delete');
}

async function markSmall(story: RetentionStory): Promise<void> {
  story.write('small', 40);
  await story.runExport();
  await story.runPolicy();
  await story.world.pass(25 * HOUR_MS);
}

/** Starts a sweep in a process that is stopped when the deletion is decided and not sent. */
async function stopBeforeDeletion(processes: RetentionProcesses): Promise<ChildProcess> {
  const child = processes.start('policy', await decisionOfSweep());
  await heldProcess(child);
  child.kill('SIGSTOP');
  return child;
}

async function wake(child: ChildProcess, processes: RetentionProcesses): Promise<string> {
  processes.showTime();
  child.kill('SIGCONT');
  child.send('go');
  return await endOf(child);
}

describe(
  'a process that stops between its decision and its deletion',
  { timeout: TIMEOUT_MS },
  () => {
    it('sends nothing when it wakes and another one has taken over', async () => {
      const { story, processes } = await fileStory();
      await markSmall(story);
      const { result } = await story.audited(async () => {
        const child = await stopBeforeDeletion(processes);
        await story.world.pass(LATER_MS);
        const second = await story.policy().run();
        story.touch('small-root');
        const sent = insertsOf(story);
        expect(await wake(child, processes)).toBe('LEASE_LOST');
        expect(insertsOf(story)).toBe(sent);
        return second;
      });
      expect(result.stopReason).toBe('swept');
      expect(story.world.liveIds()).toEqual(['small-root']);
      await story.audit.checkReceipts();
      story.audit.assertSound();
    });

    it('reads again when it wakes after more than ten seconds, and keeps what was written', async () => {
      const { story, processes } = await fileStory();
      await markSmall(story);
      await story.audited(async () => {
        const child = await stopBeforeDeletion(processes);
        await story.world.pass(11_000);
        story.touch('small-root');
        expect(await wake(child, processes)).toBe('swept');
        return new Error('in a process of its own');
      });
      expect(story.world.liveIds()).toEqual(['small-0', 'small-root']);
      await story.audit.checkReceipts();
      story.audit.assertSound();
    });
  },
);

/** Requests to the path of deletions. */
function insertsOf({ world }: RetentionStory): number {
  return world.plane.requests.count({ path: `/v1/project_logs/${world.projectId}/insert` });
}
