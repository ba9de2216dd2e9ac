import { describe, expect, it } from 'vitest';

import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { HOUR_MS } from '../support/policy-world.js';
import { RetentionStory } from '../support/retention-story.js';

const TIMEOUT_MS = 300_000;

/** A story with a mark whose grace is over: one trace of two rows goes. */
async function markedStory(): Promise<RetentionStory> {
  const story = await RetentionStory.start();
  story.write('old', 40);
  await story.runExport();
  await story.runPolicy();
  await story.world.pass(25 * HOUR_MS);
  return story;
}

/** Holds a sweep at one of its effects, writes meanwhile, and lets it go on. */
async function writeAt(
  at: number,
  write: (story: RetentionStory) => void,
): Promise<RetentionStory> {
  const story = await markedStory();
  const plan = faultPlan({ at, mode: 'hold' });
  await story.audited(async () => {
    const run = story.policy({ plan }).run();
    await Promise.race([plan.reached, run]);
    write(story);
    await plan.release();
    return await run;
  });
  await story.world.plane.close();
  return story;
}

/** The effects of a sweep, and the places where the read before its only deletion begins, and of that deletion. */
async function sweepEffects(): Promise<{
  readonly count: number;
  readonly read: number;
  readonly deletion: number;
}> {
  const story = await markedStory();
  const plan = faultPlan();
  await story.runPolicy({ plan });
  await story.world.plane.close();
  const deletion = plan.effects.indexOf('plane.delete') + 1;
  // A trace is read until a page is empty: its age counts from the first of these queries.
  let read = plan.effects.lastIndexOf('plane.query', deletion - 1) + 1;
  while (plan.effects[read - 2] === 'plane.query') read -= 1;
  return { count: plan.count, read, deletion };
}

describe('a write while a sweep is under way', { timeout: TIMEOUT_MS }, () => {
  it('is lost between the read and the deletion that follows it, and kept everywhere else', async () => {
    const { count, read, deletion } = await sweepEffects();
    const lost: number[] = [];
    for (let at = 1; at <= count; at += 1) {
      const story = await writeAt(at, (held) => held.touch('old-root'));
      const { problems } = story.audit;
      const unproven = problems.filter((problem) => problem.startsWith('unproven: old-root@'));
      expect(problems, `effect ${at}`).toEqual(unproven);
      if (unproven.length > 0) lost.push(at);
      const isThere = story.world.liveIds().includes('old-root');
      // One that comes when the row is gone writes a new one.
      expect(isThere, `effect ${at}`).toBe(unproven.length === 0);
    }
    const window = Array.from({ length: deletion - read }, (_, place) => read + 1 + place);
    expect(lost).toEqual(window);
    expect(lost.length).toBeGreaterThan(2);
  });

  it('keeps the whole trace when it is a new row before the read', async () => {
    const { read } = await sweepEffects();
    for (let at = 1; at <= read; at += 1) {
      const story = await writeAt(at, (held) => held.writeSpan('old', { id: 'late', ageDays: 40 }));
      story.audit.assertSound();
      expect(story.world.liveIds(), `effect ${at}`).toEqual(['late', 'old-0', 'old-root']);
    }
  });

  it('is lost while the deletion is on its way', async () => {
    const story = await markedStory();
    const { plane, projectId } = story.world;
    const held = plane.control.hold(`/v1/project_logs/${projectId}/insert`);
    await story.audited(async () => {
      const run = story.policy().run();
      await held.arrived;
      story.touch('old-root');
      held.release();
      return await run;
    });
    expect(story.audit.problems).toEqual([expect.stringMatching(/^unproven: old-root@/)]);
    expect(story.world.liveIds()).toEqual([]);
  });
});
