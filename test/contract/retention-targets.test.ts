import { describe, expect, it } from 'vitest';

import { targetContract } from '../../src/testing/contracts/target-contract.js';
import { targetFixture } from '../support/targets-fixture.js';
import { WRONG_TARGETS } from '../support/wrong-targets.js';

const ALL = { wholeUnits: true, objects: true };

const ADAPTERS = {
  'projectLogs by traces': targetContract({
    create: () => targetFixture('traces'),
    supports: { wholeUnits: true },
  }),
  'projectLogs by rows': targetContract({ create: () => targetFixture('logs') }),
  datasets: targetContract({ create: () => targetFixture('datasets') }),
  experiments: targetContract({ create: () => targetFixture('experiments'), supports: ALL }),
};

describe.each(Object.entries(ADAPTERS))('%s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

describe('targetContract', () => {
  it.each(WRONG_TARGETS)('catches a target that $fault: $caught', async ({ caught, create }) => {
    const named = targetContract({ create, supports: ALL }).find(({ name }) => name === caught);
    expect(named).toBeDefined();
    await expect(named?.run()).rejects.toMatchObject({ name: 'AssertionError' });
  });

  it('has a wrong target for each of its cases', () => {
    const caught = new Set(WRONG_TARGETS.map((wrong) => wrong.caught));
    const names = ADAPTERS.experiments.map(({ name }) => name);
    expect(names.filter((name) => !caught.has(name))).toEqual([]);
  });

  it('skips what a target says it does not support, and nothing else', () => {
    const skipped = ADAPTERS.datasets.filter(({ skip }) => skip);
    expect(skipped).toHaveLength(6);
    expect(ADAPTERS.experiments.filter(({ skip }) => skip)).toEqual([]);
  });
});
