import { describe, expect, it } from 'vitest';

import type { Page, Row } from '../../src/interfaces/index.js';
import { tableExporter, assertExactlyOnce } from '../support/table-export.js';
import { override } from '../support/override.js';
import { filled, world } from '../support/table-world.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';

/** A promise that nothing settles, and one that tells when somebody waits for it. */
function never(): { readonly reached: Promise<void>; wait<T>(): Promise<T> } {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return {
    reached,
    wait: () => {
      reach();
      return new Promise(() => undefined);
    },
  };
}

describe('an abort', () => {
  it.each(['stop', 'dead-letter'] as const)(
    'ends a run whose transform never answers; with %s no row is blamed',
    async (onBadRow) => {
      const table = filled(5);
      const parts = world();
      const stuck = never();
      const exporter = tableExporter(
        { source: table.source(), ...parts },
        { onBadRow, transform: (): Promise<Row> => stuck.wait() },
      );
      const controller = new AbortController();
      const running = exporter.run({ signal: controller.signal });
      await stuck.reached;
      controller.abort(new Error('shutting down'));
      await expect(running).rejects.toThrow('shutting down');
      expect(await tableExporter({ source: table.source(), ...parts }).run()).toMatchObject({
        rows: 5,
        rejectedRows: 0,
      });
      await assertExactlyOnce(parts.sink, table);
    },
  );

  it('in the midst of taking the lease gives it back: the next run begins at once', async () => {
    const table = filled(5);
    const parts = world();
    const controller = new AbortController();
    const cursorStore = override(parts.cursorStore, {
      save: async (key, document, options) => {
        const saved = await parts.cursorStore.save(key, document, options);
        if (key === 'checkpoints/prod') controller.abort(new Error('shutting down'));
        options.signal?.throwIfAborted();
        return saved;
      },
    });
    const exporter = tableExporter({ source: table.source(), ...parts, cursorStore });
    await expect(exporter.run({ signal: controller.signal })).rejects.toThrow('shutting down');
    const next = tableExporter({ source: table.source(), ...parts });
    expect(await next.run()).toMatchObject({ stopReason: 'caught-up', rows: 5 });
    await assertExactlyOnce(parts.sink, table);
  });

  it('ends a run whose source is deaf to its signal, once the time for closing is over', async () => {
    const table = filled(5);
    const parts = world();
    const stuck = never();
    const clock = manualClock({ seed: 1 });
    const source = override(table.source(), {
      read: async function* read(): AsyncGenerator<Page> {
        yield await stuck.wait();
      },
    });
    const exporter = tableExporter({ source, ...parts }, { runtime: clock });
    const controller = new AbortController();
    const running = exporter.run({ signal: controller.signal });
    let ended = false;
    const outcome = running.catch((error: unknown) => {
      ended = true;
      return (error as Error).message;
    });
    await stuck.reached;
    controller.abort(new Error('shutting down'));
    for (let step = 0; step < 60; step += 1) await clock.advance(1_000);
    expect(ended).toBe(true);
    expect(await outcome).toBe('shutting down');
    const next = tableExporter(
      { source: table.source(), ...parts },
      { runtime: manualClock({ autoAdvance: true, seed: 2, now: clock.now() }) },
    );
    expect(await next.run()).toMatchObject({ rows: 5 });
  });
});
