import { describe, expect, it } from 'vitest';

import type { Sink } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { PolicyWorld } from '../support/policy-world.js';

/** An export whose last commit was decided, and whose manifest is there, but not its end in the checkpoint. */
async function withPendingCommit(): Promise<PolicyWorld> {
  const world = await PolicyWorld.start();
  world.writeTraces(3, 40);
  const dying = faulty(world.sink, faultPlan({ at: 1, mode: 'crash-after', effect: 'sink.put' }));
  await expect(world.exporter('spans', world.projectId, dying).run()).rejects.toThrow('injected');
  return world;
}

async function firstManifest(sink: Sink): Promise<string> {
  for await (const { key } of sink.list('_manifests/spans/')) return key;
  throw new Error('no manifest');
}

describe('the proof of a commit that may still be given up', () => {
  it('does not count while the checkpoint calls the commit decided', async () => {
    const world = await withPendingCommit();
    await firstManifest(world.sink);
    const plan = await world.policy().plan();
    expect(plan).toMatchObject({
      go: { rows: 0 },
      kept: { 'not-exported': { units: 3, rows: 9 } },
    });
  });

  it('does not count once the commit was given up, and counts again when its rows are committed', async () => {
    const world = await withPendingCommit();
    await world.pass(3_600_000);
    const exporter = world.exporter();
    await exporter.resolve('export-again');
    expect(await world.policy().plan()).toMatchObject({ go: { rows: 0 } });
    await exporter.run();
    expect(await world.policy().plan()).toMatchObject({ go: { units: 3, rows: 9 }, kept: {} });
  });

  it('does not count for the newest manifest when no checkpoint can be asked', async () => {
    const world = await PolicyWorld.start();
    world.writeTraces(3, 40);
    await world.exporter().run();
    const elsewhere = world.policy({ cursorStore: memoryCursorStore() });
    expect(await elsewhere.plan()).toMatchObject({ go: { rows: 0 } });
    const told = world.policy({
      cursorStore: memoryCursorStore(),
      requireExported: { sink: world.sink, exportId: 'spans', cursorStore: world.store },
    });
    expect(await told.plan()).toMatchObject({ go: { units: 3, rows: 9 } });
  });
});

describe('the checkpoint of the export', () => {
  it('tells of a newest manifest that is gone, and nothing is planned', async () => {
    const world = await PolicyWorld.start();
    world.writeTraces(3, 40);
    await world.exporter().run();
    world.writeTraces(3, 0);
    await world.pass(3_600_000);
    await world.exporter().run();
    const keys: string[] = [];
    for await (const { key } of world.sink.list('_manifests/spans/')) keys.push(key);
    expect(keys).toHaveLength(2);
    await world.sink.remove(keys.at(-1) ?? '');
    await expect(world.policy().plan()).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
  });

  it('refuses a sink that is not the one of the export', async () => {
    const world = await PolicyWorld.start();
    world.writeTraces(3, 40);
    await world.exporter().run();
    const requireExported = { sink: memorySink({ location: 'memory:other' }), exportId: 'spans' };
    const policy = world.policy({ requireExported });
    await expect(policy.plan()).rejects.toMatchObject({ code: 'PROOF_UNFIT' });
  });
});
