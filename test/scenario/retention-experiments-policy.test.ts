import { beforeEach, describe, expect, it } from 'vitest';

import { experiments } from '../../src/braintrust/retention/experiments.js';
import type { RetentionPolicyOptions } from '../../src/create-retention-policy.js';
import { createExporter } from '../../src/create-exporter.js';
import { experimentsSource } from '../../src/entries/braintrust.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import type { RetentionPolicy } from '../../src/retention/policy.js';
import {
  deletedIds,
  idsGone,
  markAndWait,
  receiptsOf,
  refusedWith,
  stoppedBy,
} from '../support/policy-scenes.js';
import { DAY_MS, PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await PolicyWorld.start();
});

/** Makes an experiment of now, with rows of its name. */
function make(name: string, rows = 2): string {
  const { id } = world.plane.createExperiment(world.projectId, name, {
    metadata: { owner: name },
  });
  const events = Array.from({ length: rows }, (_, row) => ({ id: `${name}-${row}` }));
  if (rows > 0) world.plane.insert('experiment', id, events);
  return id;
}

async function exportRows(): Promise<void> {
  const exporter = createExporter({
    id: 'runs',
    source: experimentsSource({ client: world.client(), projectId: world.projectId }),
    encoder: jsonlEncoder(),
    sink: world.sink,
    keys: datePartitionedKeys(),
    cursorStore: world.store,
    runtime: world.clock,
  });
  await exporter.run();
}

function policyOf(options: Partial<RetentionPolicyOptions> = {}): RetentionPolicy {
  return world.policy({
    id: 'runs',
    target: experiments({ client: world.client(), projectId: world.projectId }),
    requireExported: { sink: world.sink, exportId: 'runs' },
    ...options,
  });
}

/** Names of the experiments that the service lists. */
async function names(): Promise<readonly string[]> {
  const path = `/v1/experiment?project_id=${world.projectId}`;
  const { value } = await world.client().get(path);
  const { objects } = value as { readonly objects: readonly { readonly name: string }[] };
  return objects.map(({ name }) => name).sort();
}

describe('a policy on experiments', () => {
  it('deletes whole experiments, rows and metadata, by their creation', async () => {
    make('old');
    make('older', 3);
    await world.pass(35 * DAY_MS);
    make('young');
    await exportRows();
    const policy = policyOf();
    expect(await policy.plan()).toMatchObject({
      unit: 'experiment',
      survey: { of: 'experiments', existing: 3, candidates: 2 },
      go: { units: 2, rows: 5 },
    });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      deleted: { units: 2, rows: 5 },
      remainedRows: 0,
    });
    expect(await names()).toEqual(['young']);
  });

  it('writes into its receipts what the service said of each', async () => {
    const id = make('old');
    await world.pass(35 * DAY_MS);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    await policy.run();
    const receipts = await receiptsOf(world.sink, 'runs');
    expect(idsGone(receipts)).toEqual(['old-0', 'old-1']);
    const objects = receipts.flatMap(({ intent, outcome }) =>
      intent.object === null ? [] : [{ object: intent.object, gone: outcome?.objectGone }],
    );
    expect(objects).toMatchObject([
      { object: { id, members: { name: 'old', metadata: { owner: 'old' } } }, gone: true },
    ]);
  });

  it('deletes an experiment without rows', async () => {
    make('empty', 0);
    make('full', 1);
    await world.pass(35 * DAY_MS);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 2, rows: 1 } });
    expect(await names()).toEqual([]);
  });

  it('keeps an experiment that is written to in the grace, and takes the others', async () => {
    const busy = make('busy');
    make('idle');
    await world.pass(35 * DAY_MS);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    world.plane.insert('experiment', busy, [{ id: 'busy-0', _is_merge: true, scores: { a: 1 } }]);
    expect(await policy.run()).toMatchObject({
      deleted: { units: 1, rows: 2 },
      kept: { 'written-since': { units: 1, rows: 2 } },
    });
    expect(await names()).toEqual(['busy']);
  });

  it('keeps an experiment of which one row was never exported', async () => {
    const id = make('late');
    await world.pass(35 * DAY_MS);
    await exportRows();
    const at = new Date(world.clock.now().getTime() - 34 * DAY_MS);
    world.plane.insert('experiment', id, [{ id: 'unseen' }], { at });
    const policy = policyOf();
    expect(await policy.plan()).toMatchObject({ kept: { 'not-exported': { units: 1, rows: 3 } } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 0, rows: 0 } });
    expect(deletedIds(world.plane)).toEqual([]);
    expect(await names()).toEqual(['late']);
  });

  it('keeps an experiment that a hold names', async () => {
    const id = make('kept');
    make('gone');
    await world.pass(35 * DAY_MS);
    await exportRows();
    const policy = policyOf({ holds: [{ ids: [id] }] });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({
      deleted: { units: 1, rows: 2 },
      kept: { 'on-hold': { units: 1, rows: 2 } },
    });
    expect(await names()).toEqual(['kept']);
  });

  it('counts experiments where the brake counts', async () => {
    make('old', 1);
    await world.pass(35 * DAY_MS);
    make('young', 50);
    await exportRows();
    await stoppedBy(policyOf({ brakes: { maxFraction: 0.49 } }).run(), 'fraction');
    const policy = policyOf({ brakes: { maxFraction: 0.5 } });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 1, rows: 1 } });
  });

  it('goes on with the metadata when a run ended after the rows', async () => {
    const id = make('old');
    await world.pass(35 * DAY_MS);
    await exportRows();
    const policy = policyOf();
    await markAndWait(world, policy);
    const broken = policyOf({
      observer: ({ type }) => {
        const fault = { kind: 'status', status: 401 } as const;
        if (type === 'rows-delete')
          world.plane.control.fail(fault, { path: `/v1/experiment/${id}` });
      },
    });
    await refusedWith(broken.run(), 'SOURCE_UNAUTHORIZED');
    expect(deletedIds(world.plane)).toHaveLength(2);
    expect(await names()).toEqual(['old']);
    expect(await policyOf().run()).toMatchObject({ stopReason: 'swept', deleted: { units: 1 } });
    expect(await names()).toEqual([]);
    expect(await policyOf().status()).toMatchObject({ totals: { units: 1, rows: 2, marks: 1 } });
  });
});
