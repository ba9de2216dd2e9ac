import { describe, expect, it } from 'vitest';

import { isExportError } from '../../src/errors/index.js';
import type { RetentionResult } from '../../src/index.js';
import type { Runtime } from '../../src/interfaces/index.js';
import { type FaultPlan, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { HOUR_MS } from '../support/policy-world.js';
import { RetentionStory } from '../support/retention-story.js';

const TIMEOUT_MS = 300_000;
const TEN_MINUTES_MS = 600_000;

type End = RetentionResult | Error;

/** What one worker did while another one was held at an effect. */
interface Meeting {
  readonly story: RetentionStory;
  readonly effect: string;
  readonly first: End;
  readonly second: End;
}

/** A story with a mark whose grace is over. */
async function markedStory(): Promise<RetentionStory> {
  const story = await RetentionStory.start();
  story.write('large', 40, 5);
  story.write('small', 40);
  story.write('young', 3);
  await story.runExport();
  await story.runPolicy();
  await story.world.pass(25 * HOUR_MS);
  return story;
}

/** The clock of a story, as a worker sees it whose own is wrong. */
function shifted({ clock }: RetentionStory['world'], ms: number): Runtime {
  return {
    now: () => new Date(clock.now().getTime() + ms),
    sleep: (...input) => clock.sleep(...input),
    random: () => clock.random(),
    id: () => clock.id(),
  };
}

async function endOf(run: Promise<RetentionResult>): Promise<End> {
  return await run.catch((error: unknown) => error as Error);
}

/** Holds a sweep at one of its effects, does something else meanwhile, and lets it go on. */
async function meet(
  at: number,
  meanwhile: (story: RetentionStory) => Promise<End>,
): Promise<Meeting> {
  const story = await markedStory();
  const plan = faultPlan({ at, mode: 'hold' });
  let second: End = new Error('the first one ended before');
  const { result: first } = await story.audited(async () => {
    const ending = endOf(story.policy({ plan }).run());
    await Promise.race([plan.reached, ending]);
    second = await meanwhile(story);
    await plan.release();
    return await ending;
  });
  return { story, effect: plan.effects[at - 1] ?? 'none', first, second };
}

async function countEffects(): Promise<FaultPlan> {
  const plan = faultPlan();
  const story = await markedStory();
  await story.runPolicy({ plan });
  await story.world.plane.close();
  return plan;
}

/** After the two: a sound end, with every row told of, and nothing left to delete. */
async function finish({ story }: Meeting, place: string): Promise<void> {
  await story.settle();
  await story.audit.checkReceipts();
  expect(story.audit.problems, place).toEqual([]);
  expect(story.world.liveIds(), place).toEqual(['young-0', 'young-root']);
  await story.world.plane.close();
}

function nameOf(end: End): string {
  if (end instanceof Error) return isExportError(end) ? end.code : end.message;
  return end.stopReason;
}

/** Deletions of rows that were gone already. */
function repeatedDeletions({ world }: RetentionStory): number {
  const deleted = world.plane.history.filter((version) => version.deleted).map(({ id }) => id);
  return deleted.length - new Set(deleted).size;
}

describe('two workers of one policy', { timeout: TIMEOUT_MS }, () => {
  it('one is locked out while the other sweeps, wherever it is', async () => {
    const { count } = await countEffects();
    const seconds: string[] = [];
    for (let at = 1; at <= count; at += 1) {
      const meeting = await meet(at, async (story) => await endOf(story.policy().run()));
      const place = `effect ${at} (${meeting.effect}): ${nameOf(meeting.first)}`;
      seconds.push(nameOf(meeting.second));
      expect(repeatedDeletions(meeting.story), place).toBe(0);
      expect(['swept', 'locked', 'nothing-due'], place).toContain(nameOf(meeting.first));
      await finish(meeting, place);
    }
    expect(seconds.filter((name) => name === 'locked').length).toBeGreaterThan(30);
  });

  it('one whose clock is ten minutes ahead takes over; the other deletes nothing after that', async () => {
    const { count } = await countEffects();
    const firsts: string[] = [];
    for (let at = 1; at <= count; at += 1) {
      const meeting = await meet(at, async (story) => {
        const runtime = shifted(story.world, TEN_MINUTES_MS);
        return await endOf(story.policy({ runtime }).run());
      });
      const { story, effect } = meeting;
      const place = `effect ${at} (${effect}): ${nameOf(meeting.first)}, ${nameOf(meeting.second)}`;
      firsts.push(nameOf(meeting.first));
      // A deletion that is on its way when the other takes over arrives all the same.
      if (effect !== 'plane.delete') expect(repeatedDeletions(story), place).toBe(0);
      // An outcome that the other one has written is not replaced.
      const ends = ['swept', 'locked', 'nothing-due', 'LEASE_LOST'];
      if (effect === 'sink.put') ends.push('OBJECT_EXISTS');
      expect(ends, place).toContain(nameOf(meeting.first));
      await finish(meeting, place);
    }
    expect(firsts.filter((name) => name === 'LEASE_LOST').length).toBeGreaterThan(30);
  });
});

describe('taking a mark back', { timeout: TIMEOUT_MS }, () => {
  it('lets no deletion be sent after it, at whatever effect of the sweep it comes', async () => {
    const { count } = await countEffects();
    let cancelled = 0;
    for (let at = 1; at <= count; at += 1) {
      let sent = -1;
      const meeting = await meet(at, async (story) => {
        const mark = await story.mark();
        if (mark === null) return new Error('over');
        await story.policy().cancel(mark.id);
        cancelled += 1;
        sent = story.watch.sent;
        return new Error('cancelled');
      });
      const { story, effect, first, second } = meeting;
      const place = `effect ${at} (${effect}): ${nameOf(first)}, ${nameOf(second)}`;
      if (sent >= 0) expect(story.watch.sent, place).toBe(sent);
      await story.audit.checkReceipts();
      expect(story.audit.problems, place).toEqual([]);
      await story.world.plane.close();
    }
    expect(cancelled).toBeGreaterThan(30);
  });

  it('changes nothing when the sweep has ended and only its last save is missing', async () => {
    const { effects } = await countEffects();
    const story = await markedStory();
    const mark = await story.mark();
    const at = effects.lastIndexOf('sink.put') + 1;
    await story.runPolicy({ plan: faultPlan({ at, mode: 'crash-after' }) });
    await story.policy().cancel(mark?.id ?? '');
    expect(await story.mark()).toBeNull();
    await story.audit.checkReceipts();
    story.audit.assertSound();
  });
});
