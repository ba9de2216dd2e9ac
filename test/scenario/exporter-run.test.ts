import { describe, expect, it } from 'vitest';

import type { ExportEvent } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { faultPlan } from '../../src/testing/adapters/fault-plan.js';
import { faulty } from '../../src/testing/adapters/faulty.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { plainKeys } from '../support/plain-keys.js';
import { assertExactlyOnce, exportedVersions, tableExporter } from '../support/table-export.js';
import { Table, versionOf } from '../support/table-source.js';

function filled(rows: number): Table {
  const table = new Table();
  for (let row = 0; row < rows; row += 1) table.write(`r${row}`, row, row);
  table.settled = rows;
  return table;
}

function world(): {
  sink: ReturnType<typeof memorySink>;
  cursorStore: ReturnType<typeof memoryCursorStore>;
} {
  return { sink: memorySink(), cursorStore: memoryCursorStore() };
}

describe('run', () => {
  it('exports everything and says what it did', async () => {
    const table = filled(20);
    const parts = world();
    const events: ExportEvent[] = [];
    const exporter = tableExporter(
      { source: table.source(), ...parts },
      { observer: (event) => events.push(event) },
    );
    const result = await exporter.run();
    expect(result).toMatchObject({ stopReason: 'caught-up', behind: null, rows: 20, lateRows: 0 });
    expect(result.commits).toBe(4);
    expect(result.objects).toBe(4);
    const audit = await assertExactlyOnce(parts.sink, table);
    expect(result.bytes).toBe(
      audit.manifests
        .flatMap((manifest) => manifest.objects)
        .reduce((sum, object) => sum + object.bytes, 0),
    );
    expect(result.watermark).toEqual(new Date(20_000));
    const types = events.map((event) => event.type).filter((type) => type !== 'request');
    expect(types[0]).toBe('run-start');
    expect(types.at(-1)).toBe('run-end');
    expect(types.filter((type) => type === 'commit')).toHaveLength(4);
  });

  it('writes nothing when there is nothing new', async () => {
    const table = filled(5);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    const keys = [...parts.sink.objects.keys()];
    table.settled = 50;
    const result = await tableExporter({ source: table.source(), ...parts }).run();
    expect(result).toMatchObject({ stopReason: 'caught-up', rows: 0, objects: 0, commits: 0 });
    expect([...parts.sink.objects.keys()]).toEqual(keys);
    expect(result.watermark).toEqual(new Date(50_000));
  });

  it('exports an update as a new version and a late row once, and counts it', async () => {
    const table = filled(10);
    const parts = world();
    await tableExporter({ source: table.source(), ...parts }).run();
    table.write('r3', 14, 99);
    table.write('late', 7, 1);
    table.settled = 15;
    const events: ExportEvent[] = [];
    const observer = (event: ExportEvent): void => void events.push(event);
    const second = await tableExporter({ source: table.source(), ...parts }, { observer }).run();
    expect(second).toMatchObject({ rows: 2, lateRows: 1 });
    expect(events).toContainEqual({ type: 'late-rows', exportId: 'prod', rows: 1 });
    const third = await tableExporter({ source: table.source(), ...parts }).run();
    expect(third).toMatchObject({ rows: 0, lateRows: 0 });
    const versions = exportedVersions(await assertExactlyOnce(parts.sink, table));
    expect(versions).toContain(`r3@${versionOf(3)}`);
    expect(versions).toContain(`r3@${versionOf(14)}`);
    expect(versions).toContain(`late@${versionOf(7)}`);
  });

  it('knows what it has exported also when the source looks further back than ever before', async () => {
    const table = filled(10);
    const parts = world();
    table.lookback = 2;
    for (const settled of [10, 20, 30]) {
      table.write(`new${settled}`, settled - 1, 0);
      table.settled = settled;
      await tableExporter({ source: table.source(), ...parts }).run();
    }
    table.lookback = 25;
    table.settled = 31;
    const result = await tableExporter({ source: table.source(), ...parts }).run();
    expect(result).toMatchObject({ rows: 0, lateRows: 0 });
    await assertExactlyOnce(parts.sink, table);
  });

  it('stops after exactly maxRows and goes on behind the last row', async () => {
    const table = filled(23);
    const parts = world();
    const limits = [5, 1, 7, 100];
    const rows: number[] = [];
    for (const maxRows of limits) {
      const result = await tableExporter({ source: table.source(), ...parts }).run({ maxRows });
      rows.push(result.rows);
      expect(result.behind).toBe(maxRows === 100 ? null : 'row-limit');
    }
    expect(rows).toEqual([5, 1, 7, 10]);
    await assertExactlyOnce(parts.sink, table);
  });

  it('asks for whole pages also when it may take a few rows only', async () => {
    const table = filled(23);
    const asked: number[] = [];
    const source = table.source();
    const counting = {
      ...source,
      read: (options: Parameters<typeof source.read>[0]) => {
        asked.push(options.pageSize);
        return source.read(options);
      },
    };
    await tableExporter({ source: counting, ...world() }, { pageSize: 20 }).run({ maxRows: 2 });
    expect(asked).toEqual([20]);
  });

  it('takes whole pages when the source cannot resume inside one', async () => {
    const table = filled(23);
    const parts = world();
    const source = table.source({ pageSize: 4, cutsPages: false });
    const first = await tableExporter({ source, ...parts }).run({ maxRows: 5 });
    expect(first).toMatchObject({ stopReason: 'row-limit', rows: 8 });
    await tableExporter({ source, ...parts }).run();
    await assertExactlyOnce(parts.sink, table);
  });

  it('reproduces a row limit of every run by maxRowsPerRun', async () => {
    const table = filled(9);
    const parts = world();
    const result = await tableExporter(
      { source: table.source(), ...parts },
      { maxRowsPerRun: 4 },
    ).run();
    expect(result).toMatchObject({ rows: 4, behind: 'row-limit' });
  });

  it('commits what it has when its time is up, after one page at least', async () => {
    const table = filled(20);
    const parts = world();
    const clock = manualClock({ seed: 7 });
    const plan = faultPlan({ at: 2, mode: 'hold', effect: 'source.read' });
    const slow = faulty(table.source(), plan);
    const exporter = tableExporter({ source: slow, ...parts }, { runtime: clock });
    const running = exporter.run({ maxDurationMs: 5_000 });
    await plan.reached;
    await clock.advance(5_000);
    const result = await running;
    expect(result).toMatchObject({ stopReason: 'time-limit', behind: 'time-limit', rows: 4 });
    await tableExporter({ source: table.source(), ...parts }).run();
    await assertExactlyOnce(parts.sink, table);
  });

  it('commits what was read before the source failed, then throws its error', async () => {
    const table = filled(20);
    const parts = world();
    const source = faulty(table.source(), faultPlan({ at: 3, effect: 'source.read' }));
    const exporter = tableExporter({ source, ...parts });
    await expect(exporter.run()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    const status = await exporter.status();
    expect(status.totals.rows).toBe(8);
    expect(status.lastError).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    expect(status.state).toBe('idle');
    await tableExporter({ source: table.source(), ...parts }).run();
    await assertExactlyOnce(parts.sink, table);
  });

  it('rejects with the reason of an abort, discards what was not decided, and gives back the lease', async () => {
    const table = filled(20);
    const parts = world();
    const plan = faultPlan({ at: 2, mode: 'hold', effect: 'source.read' });
    const exporter = tableExporter({ source: faulty(table.source(), plan), ...parts });
    const controller = new AbortController();
    const reason = new Error('shutting down');
    const running = exporter.run({ signal: controller.signal });
    await plan.reached;
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(parts.sink.stagedObjects).toBe(0);
    const result = await tableExporter({ source: table.source(), ...parts }).run();
    expect(result).toMatchObject({ stopReason: 'caught-up', rows: 20 });
    await assertExactlyOnce(parts.sink, table);
  });

  it('refuses a second call while one is under way, and every call after close', async () => {
    const table = filled(20);
    const parts = world();
    const plan = faultPlan({ at: 1, mode: 'hold', effect: 'source.read' });
    const exporter = tableExporter({ source: faulty(table.source(), plan), ...parts });
    const running = exporter.run();
    await plan.reached;
    await expect(exporter.run()).rejects.toMatchObject({ code: 'EXPORTER_BUSY' });
    await expect(exporter.reset()).rejects.toMatchObject({ code: 'EXPORTER_BUSY' });
    const closed = exporter.close();
    await expect(running).rejects.toMatchObject({ code: 'EXPORTER_CLOSED' });
    await closed;
    await expect(exporter.run()).rejects.toMatchObject({ code: 'EXPORTER_CLOSED' });
    await expect(exporter.status()).rejects.toMatchObject({ code: 'EXPORTER_CLOSED' });
  });

  it('ends a page that does not move its cursor with an error', async () => {
    const parts = world();
    const source = {
      name: 'stuck',
      identity: {},
      rowIdentity: new Table().source().rowIdentity,
      async *read(): AsyncGenerator<{ rows: []; cursor: string }> {
        yield { rows: [], cursor: 'same' };
        yield { rows: [], cursor: 'same' };
      },
    };
    const running = tableExporter({ source, ...parts }).run();
    await expect(running).rejects.toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });

  it('is not hurt by an observer that throws', async () => {
    const table = filled(7);
    const parts = world();
    const observer = (): never => {
      throw new Error('observer');
    };
    await tableExporter({ source: table.source(), ...parts }, { observer }).run();
    await assertExactlyOnce(parts.sink, table);
  });
});

describe('partitions', () => {
  it('gives each partition an object of its own in one commit', async () => {
    const table = new Table();
    for (let row = 0; row < 6; row += 1) table.write(`r${row}`, row, row % 3);
    table.settled = 10;
    const parts = world();
    await tableExporter(
      { source: table.source(), ...parts },
      { keys: plainKeys('value', 3), pageSize: 10 },
    ).run();
    const { manifests } = await assertExactlyOnce(parts.sink, table);
    expect(manifests).toHaveLength(1);
    expect(manifests[0]?.objects.map((object) => object.partition)).toEqual([
      { value: '0' },
      { value: '1' },
      { value: '2' },
    ]);
  });

  it('closes the commit at the cap of open partitions, tells so, and loses nothing', async () => {
    const table = filled(10);
    const parts = world();
    const events: ExportEvent[] = [];
    await tableExporter(
      { source: table.source(), ...parts },
      { keys: plainKeys('id', 3), pageSize: 10, observer: (event) => void events.push(event) },
    ).run();
    const { manifests } = await assertExactlyOnce(parts.sink, table);
    expect(manifests.map((manifest) => manifest.objects.length)).toEqual([3, 3, 3, 1]);
    expect(events).toContainEqual({
      type: 'partition-limit',
      exportId: 'prod',
      maxOpenPartitions: 3,
    });
  });

  it('says what to do when a page that cannot be cut holds more partitions than may be open', async () => {
    const table = filled(10);
    const parts = world();
    const source = table.source({ pageSize: 5, cutsPages: false });
    const running = tableExporter({ source, ...parts }, { keys: plainKeys('id', 3) }).run();
    await expect(running).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
