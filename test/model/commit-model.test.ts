import { describe, expect, it } from 'vitest';

import { VIOLATIONS, commitModel } from './commit-model.js';
import { RULES, type Rule } from './commit-state.js';
import { search, type Model } from './search.js';

/** A search of all states takes seconds; a busy machine may need a minute. */
const TIME_LIMIT_MS = 180_000;

interface Counterexample {
  readonly violation: string;
  /** Length of a shortest trace to it. */
  readonly steps: number;
}

/** What happens without each rule. */
const COUNTEREXAMPLES: Readonly<Record<Rule, Counterexample>> = {
  'a save names the revision it replaces': { violation: VIOLATIONS.stuck, steps: 10 },
  'a write id tells an own save from another': { violation: VIOLATIONS.twice, steps: 18 },
  'an unknown save is settled before anything is done': { violation: VIOLATIONS.twice, steps: 17 },
  'uploads are never aborted once their save was sent': { violation: VIOLATIONS.stuck, steps: 7 },
  'a visible object is never removed': { violation: VIOLATIONS.removed, steps: 12 },
  'pending is never dropped without a decision': { violation: VIOLATIONS.twice, steps: 20 },
  'strays are listed before the checkpoint is read again': {
    violation: VIOLATIONS.stuck,
    steps: 8,
  },
  'strays are aborted under an unchanged revision only': { violation: VIOLATIONS.stuck, steps: 10 },
  'every attempt has keys of its own': { violation: VIOLATIONS.replaced, steps: 20 },
  'pending is saved before the first commit': { violation: VIOLATIONS.twice, steps: 14 },
  'the cursor moves after the last commit': { violation: VIOLATIONS.lost, steps: 10 },
  'the manifest is put after the last commit': { violation: VIOLATIONS.early, steps: 7 },
  'a failed completion is settled by looking': { violation: VIOLATIONS.early, steps: 12 },
  'a decision is saved before it is acted on': { violation: VIOLATIONS.stuck, steps: 12 },
  'the next run rolls pending forward': { violation: VIOLATIONS.undecided, steps: 7 },
  'the host can decide what no run can settle': { violation: VIOLATIONS.blocked, steps: 8 },
};

describe('the search', () => {
  /** A counter that must never show seven, and that counts by two or three. */
  const counter: Model<number> = {
    initial: 0,
    key: String,
    steps: (state) => [2, 3].map((add) => ({ label: `+${add}`, state: (state + add) % 50 })),
    violation: (state) => (state === 7 ? 'seven' : null),
  };

  it('finds a violation by a shortest trace', () => {
    const { violation } = search(counter);
    expect(violation?.name).toBe('seven');
    expect(violation?.trace).toHaveLength(3);
  });

  it('visits every state when there is none', () => {
    expect(search({ ...counter, violation: () => null })).toEqual({ states: 50, violation: null });
  });
});

describe('the commit protocol', () => {
  it(
    'loses nothing, doubles nothing and can always be finished, in every interleaving of two workers',
    () => {
      const result = search(commitModel({ attempts: 2, meddling: 1, faults: true }));
      expect(result.violation).toBeNull();
      // Far fewer would mean that the model has stopped to try what it is for.
      expect(result.states).toBeGreaterThan(200_000);
    },
    TIME_LIMIT_MS,
  );

  for (const rule of RULES) {
    const { violation, steps } = COUNTEREXAMPLES[rule];
    it(
      `needs the rule that ${rule}: without it, after ${steps} steps ${violation}`,
      () => {
        const found = search(
          commitModel({ attempts: 3, meddling: 1, faults: true }, rule),
        ).violation;
        expect(found?.name).toBe(violation);
        expect(found?.trace, found?.trace.join('\n')).toHaveLength(steps);
      },
      TIME_LIMIT_MS,
    );
  }
});
