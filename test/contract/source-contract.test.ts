import { describe, expect, it } from 'vitest';

import { sourceContract } from '../../src/testing/contracts/source-contract.js';
import { collectionsFixture, metadataFixture } from '../support/collections-fixture.js';
import { spansFixture } from '../support/spans-fixture.js';
import { tracesFixture } from '../support/traces.js';
import { WRONG_SOURCES, scriptedFixture } from '../support/wrong-sources.js';

const supports = { add: true, cursorAt: true };

const ADAPTERS = {
  scriptedSource: sourceContract({ create: scriptedFixture, supports }),
  spansSource: sourceContract({ create: (rows) => spansFixture(rows), supports }),
  'spansSource of a plane that sorts by one field': sourceContract({
    create: (rows) => spansFixture(rows, { refuseSecondSortKey: true }),
    supports,
  }),
  'spansSource of two projects': sourceContract({
    create: (rows) => spansFixture(rows, { projects: 2 }),
    supports,
  }),
  'experimentsSource of a project': sourceContract({
    create: (rows) => collectionsFixture(rows, { type: 'experiment', choice: 'project' }),
    supports,
  }),
  'experimentsSource of a project that sorts by one field': sourceContract({
    create: (rows) =>
      collectionsFixture(rows, { type: 'experiment', choice: 'name', refuseSecondSortKey: true }),
    supports,
  }),
  'experimentsSource of experiments by id': sourceContract({
    create: (rows) => collectionsFixture(rows, { type: 'experiment', choice: 'ids' }),
    supports,
  }),
  'datasetsSource of a project': sourceContract({
    create: (rows) => collectionsFixture(rows, { type: 'dataset', choice: 'name' }),
    supports,
  }),
  'experimentsSource of metadata': sourceContract({ create: metadataFixture, supports }),
  tracesSource: sourceContract({ create: (rows) => tracesFixture(rows), supports }),
  'tracesSource of a plane that sorts by one field': sourceContract({
    create: (rows) => tracesFixture(rows, { refuseSecondSortKey: true }),
    supports,
  }),
  'tracesSource of two projects': sourceContract({
    create: (rows) => tracesFixture(rows, { projects: 2 }),
    supports,
  }),
};

describe.each(Object.entries(ADAPTERS))('%s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

describe('sourceContract', () => {
  it.each(WRONG_SOURCES)('catches a source that $fault: $caught', async ({ caught, create }) => {
    const named = sourceContract({ create, supports }).find(({ name }) => name === caught);
    expect(named).toBeDefined();
    await expect(named?.run()).rejects.not.toBeInstanceOf(TypeError);
  });

  it('has a wrong source for each of its cases', () => {
    const caught = new Set(WRONG_SOURCES.map((wrong) => wrong.caught));
    const names = sourceContract({ create: scriptedFixture, supports }).map(({ name }) => name);
    expect(names.filter((name) => !caught.has(name))).toEqual([]);
  });

  it('skips what a source says it does not support, and nothing else', () => {
    const skipped = sourceContract({ create: scriptedFixture }).filter(({ skip }) => skip);
    expect(skipped.map(({ name }) => name)).toHaveLength(3);
  });
});
