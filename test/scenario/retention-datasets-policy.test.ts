import { beforeEach, describe, expect, it } from 'vitest';

import { datasets } from '../../src/braintrust/retention/datasets.js';
import { createExporter } from '../../src/create-exporter.js';
import { datasetsSource } from '../../src/entries/braintrust.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import { deletedIds, idsGone, markAndWait, receiptsOf } from '../support/policy-scenes.js';
import { DAY_MS, PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;
let datasetId: string;

beforeEach(async () => {
  world = await PolicyWorld.start();
  datasetId = world.plane.createDataset(world.projectId, 'golden').id;
});

function write(ids: readonly string[], ageDays: number): void {
  const at = new Date(world.clock.now().getTime() - ageDays * DAY_MS);
  const events = ids.map((id) => ({ id, created: at.toISOString(), input: id }));
  world.plane.insert('dataset', datasetId, events, { at });
}

async function exportRows(): Promise<void> {
  const exporter = createExporter({
    id: 'rows',
    source: datasetsSource({ client: world.client(), projectId: world.projectId }),
    encoder: jsonlEncoder(),
    sink: world.sink,
    keys: datePartitionedKeys(),
    cursorStore: world.store,
    runtime: world.clock,
  });
  await exporter.run();
}

function policyOf(): RetentionPolicy {
  return world.policy({
    id: 'rows',
    target: datasets({ client: world.client(), projectId: world.projectId }),
    requireExported: { sink: world.sink, exportId: 'rows' },
  });
}

function liveIds(): readonly string[] {
  return world.plane.liveRows('dataset', datasetId).map((row) => String(row['id']));
}

describe('a policy on datasets', () => {
  it('deletes old rows; the dataset stays and can be written again', async () => {
    write(['a', 'b', 'c'], 40);
    write(['d'], 10);
    await exportRows();
    const policy = policyOf();
    expect(await policy.plan()).toMatchObject({ unit: 'row', go: { units: 3, rows: 3 } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ stopReason: 'swept', deleted: { rows: 3 } });
    expect(liveIds()).toEqual(['d']);
    world.plane.insert('dataset', datasetId, [{ id: 'e' }]);
    expect([...liveIds()].sort()).toEqual(['d', 'e']);
    expect(idsGone(await receiptsOf(world.sink, 'rows'))).toEqual(['a', 'b', 'c']);
  });

  it('keeps a row that is written anew under its id between mark and sweep', async () => {
    write(['a', 'b'], 40);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    world.plane.insert('dataset', datasetId, [{ id: 'a', _object_delete: true }]);
    world.plane.insert('dataset', datasetId, [{ id: 'a', input: 'again' }]);
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 1 } });
    expect(liveIds()).toEqual(['a']);
  });

  it('keeps a row that is written anew under its id after the sweep, and takes it when that is old', async () => {
    write(['a'], 40);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    await policy.run();
    world.plane.insert('dataset', datasetId, [{ id: 'a', input: 'again' }]);
    expect(await policy.run()).toMatchObject({ stopReason: 'nothing-due' });
    await world.pass(31 * DAY_MS);
    await exportRows();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 1 } });
    expect(liveIds()).toEqual([]);
    expect(deletedIds(world.plane)).toEqual(['a', 'a']);
  });

  it('keeps rows that an experiment refers to, and rows that are not exported', async () => {
    write(['a', 'b'], 40);
    await exportRows();
    write(['late'], 39);
    const { id } = world.plane.createExperiment(world.projectId, 'uses');
    const origin = { object_type: 'dataset', object_id: datasetId, id: 'a' };
    world.plane.insert('experiment', id, [{ id: 'case', origin }]);
    const policy = world.policy({
      id: 'rows',
      target: datasets({ client: world.client(), projectId: world.projectId }),
      requireExported: { sink: world.sink, exportId: 'rows' },
      holds: [{ name: 'used', referencedBy: ['experiments'] }],
    });
    expect(await policy.plan()).toMatchObject({
      kept: { 'on-hold': { rows: 1 }, 'not-exported': { rows: 1 } },
      held: { used: { units: 1, rows: 1 } },
    });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 1 } });
    expect([...liveIds()].sort()).toEqual(['a', 'late']);
  });
});
