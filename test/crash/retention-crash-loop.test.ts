import { describe, expect, it } from 'vitest';

import { type FaultPlanOptions, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { LEFT, play, playStruck } from '../support/retention-play.js';

const TIMEOUT_MS = 300_000;

/** A single lost call, and a single lost answer. */
const FAULTS: readonly FaultPlanOptions[] = [{ mode: 'before' }, { mode: 'after' }];
/** By turns, every effect is lost in one of the two ways; `EXPORT_CASES=all` loses each in both. */
const EVERY = process.env['EXPORT_CASES'] === 'all' ? 1 : FAULTS.length;

describe('export and retention, struck at any effect', { timeout: TIMEOUT_MS }, () => {
  it('has enough effects to be worth it, and deletes what it should without a fault', async () => {
    const plan = faultPlan();
    const story = await play(plan);
    story.audit.assertSound();
    expect(story.world.liveIds()).toEqual(LEFT);
    expect(plan.count).toBeGreaterThan(150);
    expect(story.watch.sent).toBeGreaterThan(4);
  });

  it.each(FAULTS)('delete nothing unproven and tell all: $mode, once', async (fault) => {
    const from = EVERY === 1 ? 1 : FAULTS.indexOf(fault) + 1;
    await playStruck(fault, { from, every: EVERY });
  });
});
