import { beforeEach, describe, expect, it } from 'vitest';

import { projectLogs } from '../../src/braintrust/retention/project-logs.js';
import { spansSource } from '../../src/braintrust/spans/spans.js';
import { createExporter, type ExporterOptions } from '../../src/create-exporter.js';
import {
  createRetentionPolicy,
  type RetentionPolicyOptions,
} from '../../src/create-retention-policy.js';
import { datasetsSource, tracesSource } from '../../src/entries/braintrust.js';
import { csvEncoder } from '../../src/entries/csv.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { isExportError } from '../../src/errors/index.js';
import type { Exporter } from '../../src/exporter/exporter.js';
import { datePartitionedKeys } from '../../src/keys/date-partitioned-keys.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import {
  deletedIds,
  exportedWorld,
  markAndWait,
  receiptsOf,
  refusedWith,
} from '../support/policy-scenes.js';
import type { PolicyWorld } from '../support/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await exportedWorld();
});

/** The message of a refused creation. */
function refusedCreation(options: object): string {
  try {
    world.policy(options as Partial<RetentionPolicyOptions>);
  } catch (error) {
    if (isExportError(error, 'OPTION_INVALID')) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(Object.keys(options))} was not refused`);
}

function exporterWith(members: Partial<ExporterOptions>): Exporter {
  return createExporter({
    id: 'spans',
    source: spansSource({ client: world.client(), projectId: world.projectId }),
    encoder: jsonlEncoder({ compression: 'none' }),
    sink: world.sink,
    keys: datePartitionedKeys(),
    cursorStore: world.store,
    runtime: world.clock,
    ...members,
  });
}

describe('a policy is not created with', () => {
  it.each<readonly [string, object, string]>([
    ['negative days', { keepDays: -1 }, 'keepDays'],
    ['a fraction of days', { keepDays: 30.5 }, 'keepDays'],
    ['NaN days', { keepDays: NaN }, 'keepDays'],
    ['infinite days', { keepDays: Infinity }, 'keepDays'],
    ['days as text', { keepDays: '30' }, 'keepDays'],
    ['no days', { keepDays: undefined }, 'keepDays'],
    ['0 days without `allowDeleteAll`', { keepDays: 0 }, 'allowDeleteAll'],
    ['0 days below `minAgeDays`', { keepDays: 0, allowDeleteAll: true }, 'minAgeDays'],
    ['0 days and only `minAgeDays` lowered', { keepDays: 0, brakes: { minAgeDays: 0 } }, 'all'],
    ['fewer days than `minAgeDays`', { keepDays: 6 }, 'minAgeDays'],
    ['fewer days than its own `minAgeDays`', { brakes: { minAgeDays: 31 } }, 'minAgeDays'],
    ['a negative grace', { graceHours: -1 }, 'graceHours'],
    ['a fraction over 1', { brakes: { maxFraction: 1.1 } }, 'maxFraction'],
    ['a negative fraction', { brakes: { maxFraction: -0.1 } }, 'maxFraction'],
    ['no rows per run', { brakes: { maxRowsPerRun: 0 } }, 'maxRowsPerRun'],
    ['batches over 1,000 rows', { limits: { batchMaxRows: 1_001 } }, 'batchMaxRows'],
    ['an unknown option', { keepDay: 30 }, 'keepDay'],
    ['an unknown brake', { brakes: { maxRows: 3 } }, 'maxRows'],
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['a unit that the target does not have', { unit: 'experiment' }, 'unit'],
    ['no target', { target: {} }, 'target'],
    ['no word on proof', { requireExported: undefined }, 'requireExported'],
    ['`true` for proof', { requireExported: true }, 'requireExported'],
    ['a proof without its export', { requireExported: { sink: memorySink() } }, 'exportId'],
    ['no proof and no place for receipts', { requireExported: false }, 'receipts'],
    ['holds that are no list', { holds: { ids: ['a'] } }, 'holds'],
    ['a hold of no kind', { holds: [{}] }, 'holds[0]'],
    ['a hold of two kinds', { holds: [{ ids: ['a'], tags: ['b'] }] }, 'holds[0]'],
    ['an unknown member of a hold', { holds: [{ ids: ['a'], until: 1 }] }, 'until'],
    ['a hold of no ids', { holds: [{ ids: [] }] }, 'holds[0].ids'],
    ['a hold of an empty id', { holds: [{ ids: [''] }] }, 'holds[0].ids'],
    ['a hold of numbers', { holds: [{ tags: [1] }] }, 'holds[0].tags'],
    ['an empty predicate', { holds: [{ filter: ' ' }] }, 'holds[0].filter'],
    ['a reference by logs', { holds: [{ referencedBy: ['logs'] }] }, 'referencedBy'],
    ['101 holds', { holds: Array.from({ length: 101 }, () => ({ ids: ['a'] })) }, '101'],
  ])('%s', (_what, options, said) => {
    expect(refusedCreation(options)).toContain(said);
  });

  it('several problems without all of them being told', () => {
    const message = refusedCreation({ keepDays: -1, graceHours: -1, holds: [{}] });
    for (const name of ['keepDays', 'graceHours', 'holds[0]']) expect(message).toContain(name);
  });

  it('anything that touches store or sink: creation does no request', () => {
    const before = world.plane.requests.list.length;
    refusedCreation({ keepDays: -1 });
    world.policy();
    expect(world.plane.requests.list).toHaveLength(before);
  });
});

describe('a policy is created with', () => {
  it.each<readonly [string, Partial<RetentionPolicyOptions>]>([
    [
      '0 days when it says that it means it',
      { keepDays: 0, allowDeleteAll: true, brakes: { minAgeDays: 0 } },
    ],
    [
      'days below the default `minAgeDays` when that is lower',
      { keepDays: 3, brakes: { minAgeDays: 3 } },
    ],
    ['just `minAgeDays` days', { keepDays: 7 }],
  ])('%s', (_what, options) => {
    expect(() => world.policy(options)).not.toThrow();
  });

  it('0 days, and deletes all that was written before its mark', async () => {
    const brakes = { maxFraction: 1, minAgeDays: 0 };
    const policy = world.policy({ keepDays: 0, allowDeleteAll: true, brakes });
    await markAndWait(world, policy);
    world.writeTraces(1, 0, { prefix: 'new' });
    expect(await policy.run()).toMatchObject({ deleted: { rows: 30 } });
    expect(world.liveIds()).toHaveLength(3);
  });
});

describe('an exporter is refused as proof at creation when it has', () => {
  const source = (options: object): Partial<ExporterOptions> => ({
    source: spansSource({ client: world.client(), projectId: world.projectId, ...options }),
  });

  it.each<readonly [string, () => Partial<ExporterOptions>]>([
    ['a filter', () => source({ filter: "metadata.plan = 'vip'" })],
    ['chosen columns', () => source({ columns: ['id', 'input'] })],
    ['a beginning', () => source({ from: new Date('2026-01-01') })],
    ['another project', () => source({ projectId: world.plane.createProject('other').id })],
    [
      'another kind of rows',
      () => ({ source: tracesSource({ client: world.client(), projectId: world.projectId }) }),
    ],
    [
      'another kind of objects',
      () => ({ source: datasetsSource({ client: world.client(), projectId: world.projectId }) }),
    ],
    ['a transform', () => ({ transform: (row) => row })],
    ['CSV', () => ({ encoder: csvEncoder({ columns: ['id', 'created'] }) })],
  ])('%s', (_what, members) => {
    const exporter = exporterWith(members());
    expect(refusedCreation({ requireExported: exporter })).toContain('requireExported');
    expect(refusedCreation({ requireExported: { exporter } })).toContain('requireExported');
  });

  it('not been made by createExporter', () => {
    const exporter = { ...exporterWith({}), run: () => undefined };
    expect(refusedCreation({ requireExported: exporter })).toContain('createExporter');
  });
});

describe('an exporter that is the export of the target', () => {
  it('proves as its sink and id do', async () => {
    const policy = world.policy({ requireExported: exporterWith({}) });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 15 } });
  });

  it('with a transform proves when that is allowed, and the receipts say so', async () => {
    const sink = memorySink();
    const exporter = exporterWith({
      id: 'changed',
      sink,
      transform: (row) => ({ ...row, input: 0 }),
    });
    await exporter.run();
    const requireExported = { exporter, allowTransformed: true };
    const policy = world.policy({ requireExported });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { rows: 15 } });
    const receipts = await receiptsOf(sink);
    expect(receipts.map(({ intent }) => intent.allowTransformed)).toEqual([true]);
  });
});

describe('no proof at all', () => {
  it('deletes what was never exported, with receipts that say that nothing was asked for', async () => {
    world.writeTraces(1, 39);
    const receipts = memorySink();
    const policy = world.policy({ requireExported: false, receipts });
    await markAndWait(world, policy);
    expect(await policy.run()).toMatchObject({ deleted: { units: 6, rows: 18 } });
    const [receipt] = await receiptsOf(receipts);
    expect(receipt?.intent).toMatchObject({ proof: null, archives: [] });
    expect(receipt?.intent.rows.every(({ archive }) => archive === null)).toBe(true);
    expect(await receiptsOf(world.sink)).toEqual([]);
  });
});

describe('a policy that was begun is refused', () => {
  it.each<readonly [string, () => Partial<RetentionPolicyOptions>]>([
    ['with another unit', () => ({ unit: 'row' })],
    ['with another export', () => ({ requireExported: { sink: world.sink, exportId: 'other' } })],
    ['without proof', () => ({ requireExported: false, receipts: world.sink })],
    [
      'with another project',
      () => {
        const { id } = world.plane.createProject('other');
        return { target: projectLogs({ client: world.client(), projectId: id }) };
      },
    ],
  ])('%s', async (_what, options) => {
    await markAndWait(world, world.policy());
    const policy = world.policy(options());
    const { message } = await refusedWith(policy.run(), 'FINGERPRINT_CHANGED');
    expect(message).toContain('"logs"');
    await refusedWith(policy.plan(), 'FINGERPRINT_CHANGED');
    expect((await policy.test()).ok).toBe(false);
    expect(deletedIds(world.plane)).toEqual([]);
    expect(await world.policy().run()).toMatchObject({ stopReason: 'swept' });
  });

  it('when its document cannot be read, and nothing is deleted', async () => {
    const policy = world.policy();
    await markAndWait(world, policy);
    const stored = await world.store.load('retention/logs');
    const document = { ...(stored?.document as object), mark: { id: 'x' } };
    await world.store.save('retention/logs', document, { ifRevision: stored?.revision ?? null });
    await refusedWith(policy.run(), 'CHECKPOINT_CORRUPT');
    const later = { ...(stored?.document as object), version: 2 };
    const { revision = null } = (await world.store.load('retention/logs')) ?? {};
    await world.store.save('retention/logs', later, { ifRevision: revision });
    await refusedWith(policy.run(), 'CHECKPOINT_VERSION');
    expect(deletedIds(world.plane)).toEqual([]);
  });

  it.each([{ maxRows: 0 }, { maxRows: 1.5 }, { maxDurationMs: -1 }, { limit: 3 }])(
    'a run with %o',
    async (options) => {
      await refusedWith(world.policy().run(options), 'OPTION_INVALID');
    },
  );
});

it('createRetentionPolicy itself refuses what is no object', () => {
  expect(() => createRetentionPolicy(null as unknown as RetentionPolicyOptions)).toThrow();
});
