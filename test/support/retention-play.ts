import { expect } from 'vitest';

import {
  type FaultPlan,
  type FaultPlanOptions,
  faultPlan,
} from '../../src/testing/adapters/fault-plan.js';
import { DAY_MS, HOUR_MS } from './policy-world.js';
import { RetentionStory, type StoryProcess } from './retention-story.js';

/** What must be left in the end: on hold, never exported, late in a trace, or young. */
export const LEFT: readonly string[] = [
  'held-0',
  'held-root',
  'late-span',
  'late-span-alone',
  'new-root',
  'behind-0',
  'behind-root',
].sort();

type Run = 'export' | 'policy';

interface Step {
  readonly act: (story: RetentionStory) => void | Promise<void>;
  readonly runs: readonly Run[];
}

const STEPS: readonly Step[] = [
  {
    act: (story) => {
      story.write('large', 40, 5);
      story.write('touched', 40);
      story.write('small', 40, 0);
      story.write('held', 40);
      story.heldIds.add('held-root');
      story.write('mixed', 40, 0);
      // Written long ago by a client whose clock was wrong: only its creation keeps it.
      const at = new Date(story.world.clock.now().getTime() - 40 * DAY_MS);
      story.writeSpan('mixed', { id: 'mixed-young', ageDays: 10, at });
      story.write('behind', 40);
      story.writeSpan('behind', { id: 'late-span', ageDays: 40, held: true });
      story.writeSpan('late', { id: 'late-span-alone', ageDays: 40, held: true });
    },
    runs: ['export', 'policy'],
  },
  {
    act: async (story) => {
      await story.world.pass(25 * HOUR_MS);
      story.touch('touched-0');
      story.world.plane.control.surface();
      story.world.plane.control.delayDeletes({ afterMs: 20_000 });
      // Named in one request with its root after a death, it may stay while the root goes.
      story.lossyIds.add('large-1');
      story.world.plane.control.loseDeletes({ of: (id) => id === 'large-1', times: 3 });
    },
    runs: ['policy', 'export'],
  },
  {
    act: async (story) => {
      await story.world.pass(40 * DAY_MS);
      story.write('new', 0, 0);
      const delay = { reappearAfterMs: 40_000, reappearForMs: 15_000 };
      story.world.plane.control.delayDeletes(delay);
    },
    runs: ['export', 'policy'],
  },
  { act: (story) => story.world.pass(25 * HOUR_MS), runs: ['policy'] },
];

/** Plays the story; after a run that failed, runs again hours later, without faults, in a new process. */
export async function play(plan: FaultPlan): Promise<RetentionStory> {
  const story = await RetentionStory.start();
  for (const { act, runs } of STEPS) {
    await act(story);
    for (const run of runs) {
      if (!(await runOnce(story, run, plan.crashed ? {} : { plan }))) continue;
      await story.world.pass(3 * HOUR_MS);
      const failure = await runOnce(story, run, {});
      if (failure !== null) throw failure;
    }
  }
  await story.settle();
  await story.audit.checkReceipts();
  await story.world.plane.close();
  return story;
}

async function runOnce(
  story: RetentionStory,
  run: Run,
  process: StoryProcess,
): Promise<Error | null> {
  if (run === 'export') return (await story.runExport(process)) as Error | null;
  const result = await story.runPolicy(process);
  if (result instanceof Error) return result;
  expect(['marked', 'grace', 'swept', 'nothing-due']).toContain(result.stopReason);
  return null;
}

/** Which of the effects are struck: every one, or every so-manieth from one on. */
interface Strikes {
  readonly from: number;
  readonly every: number;
}

/** Plays the story once for each effect that a fault can hit, and audits each. */
export async function playStruck(
  fault: FaultPlanOptions,
  { from, every }: Strikes = { from: 1, every: 1 },
): Promise<void> {
  const counting = faultPlan();
  await play(counting);
  const isHit = (name: string): boolean => fault.effect === undefined || fault.effect === name;
  const names = counting.effects.filter(isHit);
  for (let at = from; at <= names.length; at += every) {
    const place = `effect ${at} (${names[at - 1]})`;
    const story = await play(faultPlan({ ...fault, at })).catch((cause: unknown) => {
      throw new Error(place, { cause });
    });
    expect(story.audit.problems, place).toEqual([]);
    expect(story.world.liveIds(), place).toEqual(LEFT);
  }
}
