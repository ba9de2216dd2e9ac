import { describe, expect, it } from 'vitest';

import type { ExporterOptions } from '../../src/create-exporter.js';
import { readManifests } from '../../src/exporter/manifest.js';
import type { Row } from '../../src/interfaces/index.js';
import { type FaultMode, faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { plainKeys } from '../support/plain-keys.js';
import { type SnapshotTable, snapshotTable } from '../support/snapshot-source.js';
import { tableExporter } from '../support/table-export.js';
import { type World, clockAt, world } from '../support/table-world.js';

const numbered = (count: number): Row[] =>
  Array.from({ length: count }, (_, value) => ({ value, group: `g${value % 2}` }));

const ascending = (left: number, right: number): number => left - right;

/** The rows of each snapshot, by the manifests. */
async function snapshotsOf({ sink }: World): Promise<number[][]> {
  const snapshots: number[][] = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'prod' })) {
    const texts = manifest.objects.map(({ key }) =>
      Buffer.from(sink.objects.get(key) ?? []).toString(),
    );
    const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
    snapshots.push(
      lines.map((line) => (JSON.parse(line) as { value: number }).value).sort(ascending),
    );
    expect(manifest.rowIndex.rows).toBe(lines.length);
  }
  return snapshots;
}

const values = (count: number): number[] =>
  numbered(count)
    .map((_, value) => value)
    .sort(ascending);

let minutes = 0;

function exporterOf(table: SnapshotTable, parts: World, options: Partial<ExporterOptions> = {}) {
  minutes += 60;
  const runtime = clockAt(minutes, minutes);
  return tableExporter({ source: table.source(), ...parts }, { runtime, ...options });
}

describe('an export of snapshots', () => {
  it('commits a whole result in one commit, whatever the limits of objects', async () => {
    const parts = world();
    const result = await exporterOf(snapshotTable(numbered(23)), parts).run();
    expect(result).toMatchObject({ stopReason: 'caught-up', rows: 23, commits: 1, objects: 1 });
    expect(await snapshotsOf(parts)).toEqual([values(23)]);
  });

  it('commits all objects of several partitions together', async () => {
    const parts = world();
    const keys = plainKeys('group', 2);
    const result = await exporterOf(snapshotTable(numbered(23)), parts, { keys }).run();
    expect(result).toMatchObject({ rows: 23, commits: 1, objects: 2 });
    expect(await snapshotsOf(parts)).toEqual([values(23)]);
  });

  it('exports the whole result again with each run, as the next sequence', async () => {
    const parts = world();
    const table = snapshotTable(numbered(5));
    await exporterOf(table, parts).run();
    table.rows = numbered(3);
    await exporterOf(table, parts).run();
    expect(await snapshotsOf(parts)).toEqual([values(5), values(3)]);
  });

  it('commits an empty result as one: a manifest without objects', async () => {
    const parts = world();
    const table = snapshotTable(numbered(2));
    await exporterOf(table, parts).run();
    table.rows = [];
    const result = await exporterOf(table, parts).run();
    expect(result).toMatchObject({ rows: 0, commits: 1, objects: 0 });
    expect(await snapshotsOf(parts)).toEqual([values(2), []]);
  });

  it('commits nothing of a result with more rows than the run may export', async () => {
    const parts = world();
    const run = exporterOf(snapshotTable(numbered(23)), parts).run({ maxRows: 22 });
    await expect(run).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect([...parts.sink.objects.keys()]).toEqual([]);
    expect(parts.sink.stagedObjects).toBe(0);
  });

  it('commits nothing of a result with more rows than a commit may hold', async () => {
    const parts = world();
    const limits = { commitMaxRows: 22 };
    const run = exporterOf(snapshotTable(numbered(23)), parts, { limits }).run();
    await expect(run).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect([...parts.sink.objects.keys()]).toEqual([]);
  });

  it('commits nothing of a result in more partitions than may be open', async () => {
    const parts = world();
    const keys = plainKeys('value', 3);
    const run = exporterOf(snapshotTable(numbered(23)), parts, { keys }).run();
    await expect(run).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect([...parts.sink.objects.keys()]).toEqual([]);
  });

  it('commits nothing when its time is up, and says so', async () => {
    const parts = world();
    const table = snapshotTable(numbered(23));
    const runtime = clockAt(0, 1);
    table.onPage = () => void runtime.advance(1_000);
    const result = await exporterOf(table, parts, { runtime }).run({ maxDurationMs: 2_500 });
    expect(result).toMatchObject({ stopReason: 'time-limit', rows: 0, commits: 0 });
    expect(result.warnings).toEqual([expect.stringContaining('maxDurationMs')]);
    expect([...parts.sink.objects.keys()]).toEqual([]);
    expect(parts.sink.stagedObjects).toBe(0);
  });

  it('commits nothing before a bad row at which it must stop', async () => {
    const parts = world();
    const transform = (row: Row): Row => {
      if (row['value'] === 20) throw new Error('no');
      return row;
    };
    const table = snapshotTable(numbered(23));
    const run = exporterOf(table, parts, { transform }).run();
    await expect(run).rejects.toMatchObject({ code: 'TRANSFORM_FAILED' });
    expect([...parts.sink.objects.keys()]).toEqual([]);
    const result = await exporterOf(table, parts, { transform, onBadRow: 'dead-letter' }).run();
    expect(result).toMatchObject({ rows: 22, rejectedRows: 1, commits: 1 });
  });

  it.each<FaultMode>(['before', 'after', 'crash-before', 'crash-after'])(
    'shows whole results only, wherever a run dies: %s',
    async (mode) => {
      const counting = faultPlan();
      await dieAt(counting, world());
      expect(counting.count).toBeGreaterThan(15);
      for (let at = 1; at <= counting.count; at += 1) {
        const parts = world();
        const table = await dieAt(faultPlan({ at, mode }), parts);
        for (const snapshot of await snapshotsOf(parts)) expect(snapshot).toEqual(values(11));
        await exporterOf(table, parts).run();
        const snapshots = await snapshotsOf(parts);
        expect(snapshots.length, `effect ${at}`).toBeGreaterThan(0);
        for (const snapshot of snapshots) expect(snapshot).toEqual(values(11));
        expect(parts.sink.stagedObjects).toBe(0);
      }
    },
  );
});

/** One run in which an effect may fail. */
async function dieAt(plan: ReturnType<typeof faultPlan>, parts: World): Promise<SnapshotTable> {
  const table = snapshotTable(numbered(11));
  minutes += 60;
  const exporter = tableExporter(
    {
      source: faulty(table.source(), plan),
      sink: faulty(parts.sink, plan),
      cursorStore: faulty(parts.cursorStore, plan),
    },
    { runtime: clockAt(minutes, minutes) },
  );
  await exporter.run().catch(() => undefined);
  return table;
}
