import { expect, it } from 'vitest';

import type { Sink } from '../../src/interfaces/index.js';
import { readExportState } from '../../src/retention/proof/export-state.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { override } from '../support/override.js';
import { PolicyWorld } from '../support/policy-world.js';

const exportId = 'spans';

async function keysOf(sink: Sink, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of sink.list(prefix)) keys.push(key);
  return keys;
}

it('a checkpoint is no witness for another sink, even one that holds the same', async () => {
  const world = await PolicyWorld.start();
  world.writeTraces(1, 40);
  await world.exporter().run();
  const sink = override<Sink>(world.sink, { location: 'memory:copy' });
  await expect(readExportState({ store: world.store, sink, exportId }, {})).rejects.toMatchObject({
    code: 'PROOF_UNFIT',
    message: expect.stringContaining('memory:copy'),
    remedy: expect.stringMatching(/./),
    details: { exportId },
  });
});

it('a checkpoint names the newest manifest, and nothing that is settled', async () => {
  const world = await PolicyWorld.start();
  const from = { store: world.store, sink: world.sink, exportId };
  expect(await readExportState(from, {})).toBeNull();
  world.writeTraces(1, 40);
  await world.exporter().run();
  const [lastManifestKey] = await keysOf(world.sink, '_manifests/');
  expect(await readExportState(from, {})).toEqual({ unsettled: new Set(), lastManifestKey });
});

it('a checkpoint names manifest and objects of a commit that may be given up', async () => {
  const world = await PolicyWorld.start();
  world.writeTraces(1, 40);
  const dying = faulty(world.sink, faultPlan({ at: 1, mode: 'crash-after', effect: 'sink.put' }));
  const run = world.exporter(exportId, world.projectId, dying).run();
  await expect(run).rejects.toThrow('injected');
  const state = await readExportState({ store: world.store, sink: world.sink, exportId }, {});
  const manifests = await keysOf(world.sink, '_manifests/');
  const objects = (await keysOf(world.sink, '')).filter((key) => !key.startsWith('_'));
  expect(manifests.length + objects.length).toBeGreaterThan(0);
  expect([...(state?.unsettled ?? [])]).toEqual(expect.arrayContaining([...manifests, ...objects]));
});
