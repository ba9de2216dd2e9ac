import { describe, expect, it } from 'vitest';

import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { auditExport } from '../support/audit.js';
import { override } from '../support/override.js';
import { TABLE_IDENTITY, assertExactlyOnce, tableExporter } from '../support/table-export.js';
import { clockAt, dieInCommit, filled, world } from '../support/table-world.js';

describe('a checkpoint that was lost', () => {
  it('is not hidden by resolve, which finds nothing to settle', async () => {
    const table = filled(5);
    const { sink } = world();
    await tableExporter({ source: table.source(), ...world(), sink }).run();
    const exporter = tableExporter({
      source: table.source(),
      sink,
      cursorStore: memoryCursorStore(),
    });
    expect(await exporter.resolve('committed')).toBe(false);
    await expect(exporter.run()).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
  });

  it.each([1, 2, 3, 4])(
    'never has its generation begun twice, when reset dies after effect %i on the store',
    async (at) => {
      const table = filled(5);
      const { sink } = world();
      await tableExporter({ source: table.source(), ...world(), sink }).run();
      const cursorStore = memoryCursorStore();
      const plan = faultPlan({ at, mode: 'crash-after' });
      const dying = tableExporter({
        source: table.source(),
        sink,
        cursorStore: faulty(cursorStore, plan),
      });
      await dying.reset().catch(() => undefined);
      const next = tableExporter(
        { source: table.source(), sink, cursorStore },
        { runtime: clockAt(60, 7) },
      );
      const refused = await next.run().then(
        () => null,
        (error: unknown) => (error as { code?: string }).code,
      );
      expect([null, 'CHECKPOINT_MISSING']).toContain(refused);
      const { manifests } = await auditExport(sink, 'prod', TABLE_IDENTITY);
      const places = manifests.map(({ generation, sequence }) => `${generation}/${sequence}`);
      expect(places).toEqual(refused === null ? ['1/1', '2/2'] : ['1/1']);
    },
  );

  it('is not seen in the first commit of another worker', async () => {
    const table = filled(5);
    const parts = world();
    let raced = false;
    const cursorStore = override(parts.cursorStore, {
      load: async (key, options) => {
        const loaded = await parts.cursorStore.load(key, options);
        if (!raced && key.startsWith('checkpoints/')) {
          raced = true;
          await tableExporter({ source: table.source(), ...parts }).run();
        }
        return loaded;
      },
    });
    const second = tableExporter({ source: table.source(), sink: parts.sink, cursorStore });
    expect(await second.run()).toMatchObject({ stopReason: 'caught-up', rows: 0 });
    await assertExactlyOnce(parts.sink, table);
  });
});

describe('files of others among the manifests', () => {
  it.each(['.DS_Store', '000001/.DS_Store', 'zz', '000001/000000000009.txt'])(
    'such as %s neither stop a reset nor hide a lost checkpoint',
    async (name) => {
      const table = filled(5);
      const { sink } = world();
      await tableExporter({ source: table.source(), ...world(), sink }).run();
      await sink.put(`_manifests/prod/${name}`, Buffer.from('x'));
      const signal = AbortSignal.timeout(5_000);
      const parts = { source: table.source(), sink, cursorStore: memoryCursorStore() };
      const exporter = tableExporter(parts);
      await expect(exporter.run({ signal })).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
      await exporter.reset({ signal });
      expect(await exporter.status()).toMatchObject({ generation: 2 });
      expect(await exporter.run({ signal })).toMatchObject({ rows: 5 });
    },
  );
});

describe('resolve', () => {
  it.each(['committed', 'export-again'] as const)(
    "('%s') is refused with another sink than the one where the commit waits",
    async (resolution) => {
      const table = filled(5);
      const parts = world();
      await dieInCommit(table, parts, 'crash-before');
      const other = memorySink();
      const wrong = override(other, { location: 'memory:other' });
      const exporter = tableExporter(
        { source: table.source(), sink: wrong, cursorStore: parts.cursorStore },
        { runtime: clockAt(60, 5) },
      );
      await expect(exporter.resolve(resolution)).rejects.toMatchObject({
        code: 'FINGERPRINT_CHANGED',
      });
      expect(other.objects.size).toBe(0);
      const next = tableExporter({ source: table.source(), ...parts }, { runtime: clockAt(90, 6) });
      expect(await next.run()).toMatchObject({ recovered: true });
      await assertExactlyOnce(parts.sink, table);
    },
  );
});

describe('the lease of an operation that was aborted', () => {
  it('is given back after a run that was aborted in the middle of a save', async () => {
    const table = filled(20);
    const parts = world();
    // The second save is the decision of the first commit.
    const plan = faultPlan({ at: 2, mode: 'hold', effect: 'store.save' });
    const exporter = tableExporter({
      source: table.source(),
      sink: parts.sink,
      cursorStore: faulty(parts.cursorStore, plan),
    });
    const controller = new AbortController();
    const running = exporter.run({ signal: controller.signal });
    await plan.reached;
    controller.abort(new Error('shutting down'));
    await expect(running).rejects.toThrow('shutting down');
    const result = await tableExporter({ source: table.source(), ...parts }).run();
    expect(result).toMatchObject({ stopReason: 'caught-up' });
    await assertExactlyOnce(parts.sink, table);
  });

  it('is given back after a reset that was aborted', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const plan = faultPlan({ at: 2, mode: 'hold', effect: 'store.save' });
    const exporter = tableExporter({
      source: table.source(),
      sink: parts.sink,
      cursorStore: faulty(parts.cursorStore, plan),
    });
    const controller = new AbortController();
    const resetting = exporter.reset({ signal: controller.signal });
    await plan.reached;
    controller.abort(new Error('shutting down'));
    await expect(resetting).rejects.toThrow('shutting down');
    const result = await tableExporter({ source: table.source(), ...parts }).run();
    expect(result.stopReason).toBe('caught-up');
  });
});
