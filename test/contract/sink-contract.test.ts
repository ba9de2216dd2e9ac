import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { fileSink } from 'tracehaul/fs';
import { memorySink, sinkContract } from 'tracehaul/testing';

import { temporaryFolder } from '../support/temporary-folder.js';
import { WRONG_SINKS } from '../support/wrong-sinks.js';

const ADAPTERS = {
  memorySink: sinkContract({ create: () => memorySink() }),
  fileSink: sinkContract({
    create: async () => fileSink({ root: await temporaryFolder(), fsync: false }),
    reopen: (sink) => fileSink({ root: fileURLToPath(sink.location), fsync: false }),
  }),
  'fileSink that waits for the disk': sinkContract({
    create: async () => fileSink({ root: await temporaryFolder() }),
    supports: { manyObjects: false },
  }),
};

describe.each(Object.entries(ADAPTERS))('%s', (_name, cases) => {
  for (const { name, skip, run } of cases) it.skipIf(skip)(name, run);
});

describe('sinkContract', () => {
  it.each(WRONG_SINKS)('catches a sink that $fault', async ({ caught, create, reopen }) => {
    const named = sinkContract({ create, reopen }).find(({ name }) => name === caught);
    expect(named).toBeDefined();
    await expect(named?.run()).rejects.not.toBeInstanceOf(TypeError);
  });

  it('has a wrong sink for every case', () => {
    const caught = new Set(WRONG_SINKS.map((wrong) => wrong.caught));
    const cases = sinkContract({ create: () => memorySink() });
    expect(cases.filter(({ name }) => !caught.has(name)).map(({ name }) => name)).toEqual([]);
  });

  it('skips only what a sink says it does not support', () => {
    const supports = { exclusiveCommit: false, exclusivePut: false, manyObjects: false };
    const cases = sinkContract({ create: () => memorySink(), supports });
    expect(cases.filter(({ skip }) => skip)).toHaveLength(4);
    expect(sinkContract({ create: () => memorySink() }).some(({ skip }) => skip)).toBe(false);
  });
});
