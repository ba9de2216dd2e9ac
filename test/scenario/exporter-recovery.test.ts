import { describe, expect, it } from 'vitest';

import type { ExportEvent, Json } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { auditExport } from '../support/audit.js';
import { TABLE_IDENTITY, assertExactlyOnce, tableExporter } from '../support/table-export.js';
import type { Table } from '../support/table-source.js';
import { type World, clockAt, dieInCommit, filled, world } from '../support/table-world.js';

describe('a checkpoint that cannot be trusted', () => {
  const damages: readonly (readonly [string, string, (document: Record<string, Json>) => Json])[] =
    [
      ['of a newer form', 'CHECKPOINT_VERSION', (document) => ({ ...document, version: 99 })],
      ['that is no object', 'CHECKPOINT_CORRUPT', () => 'nonsense'],
      [
        'of another export',
        'CHECKPOINT_CORRUPT',
        (document) => ({ ...document, exportId: 'other' }),
      ],
      [
        'with a negative sequence',
        'CHECKPOINT_CORRUPT',
        (document) => ({ ...document, sequence: -1 }),
      ],
      [
        'with a cursor that is no text',
        'CHECKPOINT_CORRUPT',
        (document) => ({ ...document, cursor: 7 }),
      ],
      [
        'with half a pending commit',
        'CHECKPOINT_CORRUPT',
        (document) => ({ ...document, pending: { nonce: 'x' } }),
      ],
      ['without totals', 'CHECKPOINT_CORRUPT', ({ totals: _totals, ...document }) => document],
    ];

  it.each(damages)('%s is an error, never a start from zero', async (_name, code, damage) => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const objects = parts.sink.objects.size;
    const stored = await parts.cursorStore.load('checkpoints/prod');
    const good = stored?.document as Record<string, Json>;
    const { revision } = await parts.cursorStore.save('checkpoints/prod', damage(good), {
      ifRevision: stored?.revision ?? null,
    });
    const exporter = tableExporter({ source: table.source(), ...parts });
    await expect(exporter.run()).rejects.toMatchObject({ code });
    await expect(exporter.status()).rejects.toMatchObject({ code });
    expect(parts.sink.objects.size).toBe(objects);
    await parts.cursorStore.save('checkpoints/prod', good, { ifRevision: revision });
    table.write('r1', 7, 1);
    table.settled = 8;
    expect(await exporter.run()).toMatchObject({ rows: 1 });
    await assertExactlyOnce(parts.sink, table);
  });

  it('that is gone while manifests exist is refused; reset begins behind them', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const fresh = { sink: parts.sink, cursorStore: memoryCursorStore() };
    const exporter = tableExporter({ source: table.source(), ...fresh });
    await expect(exporter.run()).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
    await exporter.reset();
    await exporter.run();
    const { manifests } = await auditExport(parts.sink, 'prod', TABLE_IDENTITY);
    expect(manifests.map(({ generation, sequence }) => [generation, sequence])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('is not mistaken for that of an export with a longer name', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }, { id: 'prod-eu' }).run();
    expect(await tableExporter({ source: table.source(), ...parts }).run()).toMatchObject({
      rows: 5,
    });
  });
});

describe('a manifest or row index that is gone', () => {
  it.each(['_manifests/', '_index/'])(
    'below %s is an error before anything is read twice',
    async (folder) => {
      const table = filled(5);
      const parts = world();
      await tableExporter({ source: table.source(), ...parts }).run();
      const key = [...parts.sink.objects.keys()].find((name) => name.startsWith(folder)) ?? '';
      const bytes = parts.sink.objects.get(key);
      parts.sink.objects.delete(key);
      table.settled = 8;
      const exporter = tableExporter({ source: table.source(), ...parts });
      await expect(exporter.run()).rejects.toMatchObject({ code: 'MANIFEST_MISSING' });
      if (bytes !== undefined) parts.sink.objects.set(key, bytes);
      expect(await exporter.run()).toMatchObject({ rows: 0 });
      await assertExactlyOnce(parts.sink, table);
    },
  );

  it('or a row index of other bytes is an error too, and nothing is exported twice', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const key = [...parts.sink.objects.keys()].find((name) => name.startsWith('_index/')) ?? '';
    const good = parts.sink.objects.get(key) ?? Buffer.alloc(0);
    const bad = Buffer.from(good);
    bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
    parts.sink.objects.set(key, bad);
    table.settled = 8;
    const exporter = tableExporter({ source: table.source(), ...parts });
    await expect(exporter.run()).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
    parts.sink.objects.set(key, good);
    expect(await exporter.run()).toMatchObject({ rows: 0 });
    await assertExactlyOnce(parts.sink, table);
  });

  it.each(['_manifests/', '_index/'])('or cut short below %s is an error too', async (folder) => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const key = [...parts.sink.objects.keys()].find((name) => name.startsWith(folder)) ?? '';
    parts.sink.objects.set(key, (parts.sink.objects.get(key) ?? Buffer.alloc(0)).slice(0, -3));
    table.settled = 8;
    const running = tableExporter({ source: table.source(), ...parts }).run();
    await expect(running).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
  });
});

describe('a commit that cannot be carried out', () => {
  async function unresolved(table: Table, parts: World): Promise<string> {
    await dieInCommit(table, parts, 'crash-before');
    for await (const stray of parts.sink.strays('prod')) {
      await parts.sink.discard('prod', stray);
      break;
    }
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { runtime: clockAt(60, 3) },
    );
    const failure: unknown = await exporter.run().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    expect(await exporter.status()).toMatchObject({ lastError: { code: 'COMMIT_UNRESOLVED' } });
    return (failure as Error).message;
  }

  it('names the missing keys, and again at every run, until the host decides', async () => {
    const table = filled(5);
    const parts = world();
    const message = await unresolved(table, parts);
    expect(message).toMatch(/rows\/prod\.1\.1\./);
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { runtime: clockAt(90, 4) },
    );
    await expect(exporter.run()).rejects.toMatchObject({ code: 'COMMIT_UNRESOLVED' });
  });

  it("resolve('export-again') reads the rows again and names what is superseded", async () => {
    const table = filled(5);
    const parts = world();
    await unresolved(table, parts);
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { runtime: clockAt(90, 4) },
    );
    expect(await exporter.resolve('export-again')).toBe(true);
    expect(await exporter.run()).toMatchObject({ rows: 5 });
    const { manifests } = await assertExactlyOnce(parts.sink, table);
    expect(manifests[0]?.supersedes.length).toBeGreaterThan(1);
    expect(manifests[0]?.sequence).toBe(2);
    expect(await exporter.resolve('export-again')).toBe(false);
  });

  it("resolve('committed') goes on behind it and does not read its rows again", async () => {
    const table = filled(5);
    const parts = world();
    await unresolved(table, parts);
    const events: ExportEvent[] = [];
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { runtime: clockAt(90, 4), observer: (event) => void events.push(event) },
    );
    expect(await exporter.resolve('committed')).toBe(true);
    expect(events.map(({ type }) => type)).toContain('commit');
    expect(await exporter.status()).toMatchObject({ state: 'idle', totals: { rows: 5 } });
    table.lookback = 0;
    expect(await exporter.run()).toMatchObject({ rows: 0 });
  });
});
