import { describe, it } from 'vitest';

import type { FaultPlanOptions } from '../../src/testing/adapters/fault-plan.js';
import { playStruck } from '../support/retention-play.js';

const TIMEOUT_MS = 300_000;

/**
 * An outage that outlasts every retry of a store, and process death. Death after an effect is death before the next one,
 * so only deletions are struck in both ways.
 */
const FAULTS: readonly FaultPlanOptions[] = [
  { mode: 'before', times: 9 },
  { mode: 'crash-before' },
  { mode: 'crash-after', effect: 'plane.delete' },
];

describe('export and retention that die at any effect', { timeout: TIMEOUT_MS }, () => {
  it.each(FAULTS)('delete nothing unproven and tell all: $mode', async (fault) => {
    // An outage lasts over the next effects, too: every third one begins one, unless all are asked for.
    const isThinned = fault.times !== undefined && process.env['EXPORT_CASES'] !== 'all';
    await playStruck(fault, { from: 1, every: isThinned ? 3 : 1 });
  });
});
