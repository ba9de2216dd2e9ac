import { beforeEach, describe, expect, it } from 'vitest';

import { spansSource } from '../../src/braintrust/spans/spans.js';
import { createExporter } from '../../src/create-exporter.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import type { ErrorCode } from '../../src/errors/index.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { type MemorySink, memorySink } from '../../src/testing/adapters/memory-sink.js';
import {
  deletedIds,
  EventLog,
  exportedWorld,
  markAndWait,
  refusedWith,
} from '../support/policy-scenes.js';
import { PolicyWorld } from '../support/policy-world.js';

let sink: MemorySink;
let world: PolicyWorld;

beforeEach(async () => {
  sink = memorySink();
  world = await exportedWorld({ sink });
});

/** The keys of the export's objects of one kind. */
function keysOf(kind: RegExp): readonly string[] {
  const keys = [...sink.objects.keys()].filter((key) => kind.test(key));
  expect(keys.length).toBeGreaterThan(0);
  return keys;
}

/** Turns one bit in the middle of what a key holds. */
function flip(key: string): void {
  const bytes = Uint8Array.from(sink.objects.get(key) ?? []);
  const place = Math.floor(bytes.length / 2);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  sink.objects.set(key, bytes);
}

const OBJECTS = /\.jsonl$/u;
const INDEXES = /^_index\//u;
const MANIFESTS = /^_manifests\//u;

describe('an object of the export that does not stand any more', () => {
  const all = { units: 5, rows: 15 };

  it('proves nothing when it is gone: its rows stay, and an event says so once', async () => {
    const log = new EventLog();
    const policy = world.policy({ observer: log.observer });
    await markAndWait(world, policy);
    const [key = ''] = keysOf(OBJECTS);
    sink.objects.delete(key);
    expect(await policy.plan()).toMatchObject({
      go: { units: 0 },
      kept: { 'object-missing': all },
    });
    log.events.length = 0;
    expect(await policy.run()).toMatchObject({
      stopReason: 'swept',
      kept: { 'object-missing': all },
    });
    expect(log.of('proof-retire')).toEqual([
      { type: 'proof-retire', policyId: 'logs', objectKey: key, why: 'object-missing' },
    ]);
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('proves nothing when other bytes of the same size are in its place', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    for (const key of keysOf(OBJECTS)) flip(key);
    expect(await policy.run()).toMatchObject({
      deleted: { rows: 0 },
      kept: { 'object-changed': all },
    });
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('proves nothing when it was cut off', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    for (const key of keysOf(OBJECTS))
      sink.objects.set(key, (sink.objects.get(key) ?? new Uint8Array()).slice(0, -1));
    expect(await policy.run()).toMatchObject({
      deleted: { rows: 0 },
      kept: { 'object-changed': all },
    });
  });

  it('lets rows of other objects go', async () => {
    world = await PolicyWorld.start({ sink });
    sink.objects.clear();
    world.writeTraces(40, 40);
    await world.exporter().run();
    const policy = world.policy({ unit: 'row' });
    await markAndWait(world, policy);
    const objects = keysOf(OBJECTS);
    expect(objects).toHaveLength(3);
    sink.objects.delete(objects[0] ?? '');
    const { deleted, kept } = await policy.run();
    expect(kept['object-missing']?.rows).toBeGreaterThan(0);
    expect(deleted.rows).toBeGreaterThan(0);
    expect(deleted.rows + (kept['object-missing']?.rows ?? 0)).toBe(120);
    expect(deletedIds(world.plane)).toHaveLength(deleted.rows);
  });

  it('is read whole where that is asked for', async () => {
    const requireExported = { sink, exportId: 'spans', verify: 'read' } as const;
    const policy = world.policy({ requireExported });
    await markAndWait(world, policy);
    for (const key of keysOf(OBJECTS)) flip(key);
    expect(await policy.run()).toMatchObject({
      deleted: { rows: 0 },
      kept: { 'object-changed': all },
    });
  });
});

describe('a dead letter', () => {
  it('proves nothing: its trace stays and the reason says so', async () => {
    const exporter = createExporter({
      id: 'strict',
      source: spansSource({ client: world.client(), projectId: world.projectId }),
      encoder: jsonlEncoder(),
      sink,
      keys: datePartitionedKeys(),
      cursorStore: world.store,
      runtime: world.clock,
      onBadRow: 'dead-letter',
      transform: (row) => {
        if (row['id'] === 'd40-2-0') throw new Error('cannot be changed');
        return row;
      },
    });
    await exporter.run();
    const requireExported = { sink, exportId: 'strict', allowTransformed: true };
    const policy = world.policy({ requireExported });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({
      deleted: { units: 4, rows: 12 },
      kept: { rejected: { units: 1, rows: 3 } },
    });
  });
});

describe('what should prove is not what was written', () => {
  it.each<readonly [string, ErrorCode, () => void]>([
    ['an index with one bit turned', 'OBJECT_CORRUPT', () => keysOf(INDEXES).forEach(flip)],
    [
      'an index that is gone',
      'MANIFEST_MISSING',
      () => keysOf(INDEXES).forEach((key) => sink.objects.delete(key)),
    ],
    [
      'a manifest that is no JSON',
      'OBJECT_CORRUPT',
      () => keysOf(MANIFESTS).forEach((key) => sink.objects.set(key, Buffer.from('{'))),
    ],
    [
      'an empty manifest',
      'OBJECT_CORRUPT',
      () => keysOf(MANIFESTS).forEach((key) => sink.objects.set(key, new Uint8Array())),
    ],
    [
      'no manifest at all',
      'PROOF_UNFIT',
      () => keysOf(MANIFESTS).forEach((key) => sink.objects.delete(key)),
    ],
  ])('%s: plan and sweep are refused, and nothing is deleted', async (_what, code, damage) => {
    const policy = world.policy();
    await markAndWait(world, policy);
    damage();
    await refusedWith(policy.plan(), code);
    await refusedWith(policy.run(), code);
    expect(deletedIds(world.plane)).toEqual([]);
    expect(await policy.status()).toMatchObject({ lastError: { code } });
  });
});

describe('an export that cannot prove', () => {
  it('because there is none of that id', async () => {
    const policy = world.policy({ requireExported: { sink, exportId: 'span' } });
    await refusedWith(policy.plan(), 'PROOF_UNFIT');
    expect((await policy.test()).ok).toBe(false);
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it('because it is one of another project: all stays as not exported', async () => {
    const other = world.plane.createProject('other').id;
    world.plane.insert('project_logs', other, [{ id: 'd40-0-0' }], {
      at: new Date('2026-01-20T12:00:00Z'),
    });
    await world.exporter('others', other).run();
    const policy = world.policy({ requireExported: { sink, exportId: 'others' } });
    expect(await policy.plan()).toMatchObject({
      go: { units: 0 },
      kept: { 'not-exported': { units: 5, rows: 15 } },
    });
  });

  it('because a transform changed its rows and that is not allowed', async () => {
    const source = spansSource({ client: world.client(), projectId: world.projectId });
    const exporter = createExporter({
      id: 'changed',
      source,
      encoder: jsonlEncoder(),
      sink,
      keys: datePartitionedKeys(),
      cursorStore: world.store,
      runtime: world.clock,
      transform: (row) => row,
    });
    await exporter.run();
    const policy = world.policy({ requireExported: { sink, exportId: 'changed' } });
    await refusedWith(policy.plan(), 'PROOF_UNFIT');
  });
});
