import { describe, expect, it } from 'vitest';

import type { CursorStore, ExportEvent } from '../../src/interfaces/index.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { auditExport } from '../support/audit.js';
import { plainKeys } from '../support/plain-keys.js';
import {
  TABLE_IDENTITY,
  assertExactlyOnce,
  exportedVersions,
  tableExporter,
} from '../support/table-export.js';
import { Table, versionOf } from '../support/table-source.js';
import { clockAt, dieInCommit, filled, world } from '../support/table-world.js';

describe('reset and rewind', () => {
  it('reset exports everything again in a new generation; the old objects stay', async () => {
    const table = filled(5);
    const parts = world();
    const exporter = tableExporter({ source: table.source(), ...parts });
    await exporter.run();
    const before = [...parts.sink.objects.keys()];
    await exporter.reset();
    expect(await exporter.status()).toMatchObject({
      generation: 2,
      totals: { rows: 0 },
      recentRuns: [],
    });
    await exporter.run();
    expect([...parts.sink.objects.keys()]).toEqual(expect.arrayContaining(before));
    const { manifests } = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
    expect(manifests.map(({ generation, sequence }) => [generation, sequence])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('rewind begins a new generation at a point in time', async () => {
    const table = filled(20);
    table.lookback = 0;
    const parts = world();
    const exporter = tableExporter({ source: table.source(), ...parts });
    await exporter.run();
    await exporter.rewind({ to: new Date(15_000) });
    expect(await exporter.run()).toMatchObject({ rows: 5 });
    await expect(exporter.rewind({ to: new Date(Number.NaN) })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it('reset carries out a decided commit first', async () => {
    const table = filled(5);
    const parts = world();
    await dieInCommit(table, parts, 'crash-before');
    const next = tableExporter({ source: table.source(), ...parts }, { runtime: clockAt(60, 3) });
    await next.reset();
    await next.run();
    const audit = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
    expect(audit.orphans).toEqual([]);
    expect(audit.manifests.map(({ generation }) => generation)).toEqual([1, 2]);
  });
});

describe('changed settings', () => {
  it('are refused with both values and the ways out; reset accepts them', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const elsewhere = memorySink({ location: 'memory://elsewhere' });
    const moved = tableExporter({
      source: table.source(),
      sink: elsewhere,
      cursorStore: parts.cursorStore,
    });
    await expect(moved.run()).rejects.toMatchObject({
      code: 'FINGERPRINT_CHANGED',
      message: expect.stringMatching(/memory:\/\/".*memory:\/\/elsewhere".*reset\(\)/s),
    });
    await expect(moved.rewind({ to: new Date(0) })).rejects.toMatchObject({
      code: 'FINGERPRINT_CHANGED',
    });
    const rekeyed = tableExporter(
      { source: table.source(), ...parts },
      { keys: plainKeys('value') },
    );
    await expect(rekeyed.run()).rejects.toMatchObject({
      code: 'FINGERPRINT_CHANGED',
      details: { changed: ['keys'] },
    });
    expect(elsewhere.objects.size).toBe(0);
    await moved.reset();
    expect(await moved.run()).toMatchObject({ rows: 5 });
  });

  it('are not taken over while a decided commit waits in the old sink', async () => {
    const table = filled(5);
    const parts = world();
    await dieInCommit(table, parts, 'crash-before');
    const moved = tableExporter(
      {
        source: table.source(),
        sink: memorySink({ location: 'memory://new' }),
        cursorStore: parts.cursorStore,
      },
      { runtime: clockAt(60, 3) },
    );
    await expect(moved.reset()).rejects.toMatchObject({ code: 'FINGERPRINT_CHANGED' });
    const old = tableExporter({ source: table.source(), ...parts }, { runtime: clockAt(120, 4) });
    await old.run();
    await assertExactlyOnce(parts.sink, table);
  });
});

describe('test and sample', () => {
  it('test passes step by step on a healthy set-up and leaves nothing behind', async () => {
    const table = filled(5);
    const parts = world();
    const result = await tableExporter({ source: table.source(), ...parts }).test();
    expect(result.ok).toBe(true);
    expect(result.steps.map(({ step }) => step)).toEqual(
      expect.arrayContaining([
        'object-write',
        'object-read',
        'object-remove',
        'compare-and-swap',
        'checkpoint',
      ]),
    );
    expect(parts.sink.objects.size).toBe(0);
    const documents: string[] = [];
    for await (const key of parts.cursorStore.list('')) documents.push(key);
    expect(documents).toEqual([]);
  });

  it.each([
    'sink.open',
    'writer.prepare',
    'sink.commit',
    'sink.get',
    'sink.remove',
    'store.save',
    'store.load',
  ])('test reports a failing %s as a failed step and goes on', async (effect) => {
    const table = filled(5);
    const parts = world();
    const plan = faultPlan({ at: 1, times: 50, effect });
    const exporter = tableExporter({
      source: table.source(),
      sink: faulty(parts.sink, plan),
      cursorStore: faulty(parts.cursorStore, plan),
    });
    const result = await exporter.test();
    expect(result.ok).toBe(false);
    expect(result.steps.filter(({ outcome }) => outcome === 'failed').length).toBeGreaterThan(0);
    expect(result.steps.at(-1)?.step).toBe('checkpoint');
  });

  it('test catches a store whose compare-and-swap always wins', async () => {
    const table = filled(5);
    const { sink, cursorStore } = world();
    const always: CursorStore = {
      ...cursorStore,
      name: 'always',
      load: (key) => cursorStore.load(key),
      list: (prefix) => cursorStore.list(prefix),
      delete: (key, options) => cursorStore.delete(key, options),
      save: async (key, document) => {
        const stored = await cursorStore.load(key);
        return cursorStore.save(key, document, { ifRevision: stored?.revision ?? null });
      },
    };
    const result = await tableExporter({
      source: table.source(),
      sink,
      cursorStore: always,
    }).test();
    expect(result.steps.find(({ step }) => step === 'compare-and-swap')).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('a save of a stale revision') as string,
    });
  });

  it('sample gives the rows that the next run would begin with, and their keys, and moves nothing', async () => {
    const table = filled(5);
    const parts = world();
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { transform: (row) => ({ ...row, seen: true }) },
    );
    const sample = await exporter.sample({ limit: 2 });
    expect(sample.rows).toEqual([
      { id: 'r0', version: versionOf(0), value: 0, seen: true },
      { id: 'r1', version: versionOf(1), value: 1, seen: true },
    ]);
    expect(sample.keys).toEqual([`rows/prod.1.1.${'0'.repeat(16)}.jsonl`]);
    expect(parts.sink.objects.size).toBe(0);
    await exporter.run();
    expect((await exporter.sample({ limit: 1 })).rows).toHaveLength(1);
  });
});

describe('an export that reads slower than its source forgets', () => {
  const DAY = 86_400;

  it('says so in its status and by an event, until it has caught up', async () => {
    const table = new Table();
    table.lookback = 0;
    // A row an hour for twenty days, of which the source keeps fourteen; the export begins five days ago.
    const now = new Date(20 * DAY * 1_000);
    for (let hour = 15 * 24; hour < 20 * 24; hour += 1) table.write(`h${hour}`, hour * 3_600, hour);
    table.settled = 20 * DAY;
    const parts = world();
    const source = { ...table.source(), retentionMs: 14 * DAY * 1_000 };
    const events: ExportEvent[] = [];
    const clock = manualClock({ now, autoAdvance: true, seed: 77 });
    const exporter = tableExporter(
      { source, ...parts },
      { runtime: clock, observer: (event) => void events.push(event) },
    );
    await exporter.run({ maxRows: 1 });
    expect(await exporter.status()).toMatchObject({ atRisk: false });
    // Two rows a day, where the source writes twenty-four.
    for (let run = 0; run < 3; run += 1) {
      await clock.advance((DAY / 2) * 1_000);
      await exporter.run({ maxRows: 1 });
    }
    expect(await exporter.status()).toMatchObject({ atRisk: true });
    expect(events.filter(({ type }) => type === 'at-risk').length).toBeGreaterThan(0);
    await exporter.run();
    expect(await exporter.status()).toMatchObject({ atRisk: false });
  });
});

describe('status', () => {
  it('tells a new export from one that ran, with its recent runs', async () => {
    const table = filled(5);
    const parts = world();
    const exporter = tableExporter({ source: table.source(), ...parts });
    expect(await exporter.status()).toMatchObject({
      state: 'new',
      lastRun: null,
      totals: { rows: 0 },
    });
    await exporter.run();
    await exporter.run();
    const status = await exporter.status();
    expect(status).toMatchObject({
      state: 'idle',
      totals: { rows: 5, commits: 1 },
      lastError: null,
      atRisk: false,
    });
    expect(status.recentRuns.map(({ rows }) => rows)).toEqual([0, 5]);
    expect(exportedVersions(await assertExactlyOnce(parts.sink, table))).toHaveLength(5);
  });
});
