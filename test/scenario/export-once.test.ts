import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { fileSink } from '../../src/entries/fs.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import {
  faultPlan,
  faulty,
  manualClock,
  memorySink,
  scriptedSource,
  type FaultMode,
  type MemorySink,
} from '../../src/entries/testing.js';
import { type SinkError, SourceError } from '../../src/errors/index.js';
import {
  exportOnce,
  type ExportEvent,
  type ExportOnceOptions,
  type ExportOnceProgress,
  type Row,
} from '../../src/index.js';
import { override } from '../support/override.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const encoder = jsonlEncoder({ compression: 'none' });

function rowsFrom(first: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => ({ id: `r${first + index}` }));
}

/** Two pages of five rows. */
const twoPages = () => scriptedSource([{ rows: rowsFrom(0, 5) }, { rows: rowsFrom(5, 5) }]);

function idsIn(bytes: Uint8Array): string[] {
  const lines = Buffer.from(bytes).toString().split('\n').slice(0, -1);
  return lines.map((line) => String((JSON.parse(line) as Row)['id']));
}

function onlyObject(sink: MemorySink): Uint8Array {
  expect(sink.objects.size).toBe(1);
  return [...sink.objects.values()][0]!;
}

async function toMemory(options: Partial<ExportOnceOptions> = {}) {
  const sink = memorySink();
  const result = await exportOnce({ source: twoPages(), encoder, sink, ...options });
  return { sink, result, ids: idsIn(onlyObject(sink)) };
}

describe('an export to a sink', () => {
  it('holds every row in order, and the result tells its key, size and digest', async () => {
    const { sink, result, ids } = await toMemory({ name: 'reports/all' });
    const bytes = onlyObject(sink);
    expect(ids).toEqual(rowsFrom(0, 10).map((row) => row['id']));
    expect(result).toMatchObject({
      rows: 10,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      key: [...sink.objects.keys()][0],
      complete: true,
      stopReason: 'caught-up',
      skippedRows: 0,
      droppedRows: 0,
      mistypedValues: 0,
    });
    expect(result.key).toMatch(/^reports\/all\.\d{8}T\d{6}Z\.[0-9a-f]{16}\.jsonl$/);
    expect(sink.stagedObjects).toBe(0);
  });

  it('of a source without rows is a valid object', async () => {
    const { result, ids } = await toMemory({ source: scriptedSource([]) });
    expect(ids).toEqual([]);
    expect(result).toMatchObject({ rows: 0, bytes: 0, complete: true, cursor: null });
  });

  it('is one file of the file sink, and leaves no staging behind', async () => {
    const root = await temporaryFolder();
    const { key } = await exportOnce({ source: twoPages(), encoder, sink: fileSink({ root }) });
    expect(idsIn(await readFile(join(root, key ?? '')))).toHaveLength(10);
    const names = await readdir(root, { recursive: true, withFileTypes: true });
    expect(names.filter((entry) => entry.isFile())).toHaveLength(1);
  });

  it('tells after every page how far it is, and survives a listener that throws', async () => {
    const told: ExportOnceProgress[] = [];
    await toMemory({
      onProgress: (progress) => {
        told.push(progress);
        throw new Error('listener');
      },
    });
    expect(told.map(({ rows, pages }) => ({ rows, pages }))).toEqual([
      { rows: 5, pages: 1 },
      { rows: 10, pages: 2 },
    ]);
    expect(told[1]!.bytes).toBeGreaterThan(told[0]!.bytes);
  });

  it('frees the source when it has ended', async () => {
    const source = twoPages();
    await toMemory({ source, limit: 3 });
    expect(source.openReads).toBe(0);
  });
});

describe('a limit', () => {
  it.each([1, 4, 5, 6, 9])(
    'of %s gives exactly so many rows and is not complete',
    async (limit) => {
      const { result, ids } = await toMemory({ limit, pageSize: 100 });
      expect(ids).toEqual(rowsFrom(0, limit).map((row) => row['id']));
      expect(result).toMatchObject({ rows: limit, complete: false, stopReason: 'row-limit' });
    },
  );

  it.each([10, 11])('of %s rows is not reached by ten', async (limit) => {
    const { result } = await toMemory({ limit });
    expect(result).toMatchObject({ rows: 10, complete: true });
  });

  it.each([1, 3, 5, 7])('of %s is gone on from with the cursor of the result', async (limit) => {
    const source = twoPages();
    const first = await toMemory({ source, limit });
    const rest = await toMemory({ source, cursor: first.result.cursor! });
    expect([...first.ids, ...rest.ids]).toEqual(rowsFrom(0, 10).map((row) => row['id']));
  });

  it('inside a page that cannot be cut leaves the cursor before that page', async () => {
    const pages = [{ rows: rowsFrom(0, 5) }, { rows: rowsFrom(5, 5) }];
    const source = scriptedSource(pages, { cursorsWithinPages: false });
    const first = await toMemory({ source, limit: 7, pageSize: 5 });
    const rest = await toMemory({ source, cursor: first.result.cursor! });
    expect(first.ids).toHaveLength(7);
    expect(rest.ids).toEqual(rowsFrom(5, 5).map((row) => row['id']));
  });

  it('counts the rows that transform leaves, and takes what it makes of one row whole or not', async () => {
    const even = await toMemory({
      limit: 3,
      transform: (row) => (Number(String(row['id']).slice(1)) % 2 === 0 ? row : null),
    });
    expect(even.ids).toEqual(['r0', 'r2', 'r4']);
    expect(even.result).toMatchObject({ rows: 3, droppedRows: 2, complete: false });
    const twice = await toMemory({ limit: 3, transform: (row) => [row, row] });
    expect(twice.ids).toEqual(['r0', 'r0']);
    expect(twice.result.complete).toBe(false);
  });
});

describe('rows', () => {
  it('that were given before in the same read are not given twice', async () => {
    const source = scriptedSource(
      [{ rows: rowsFrom(0, 3) }, { rows: rowsFrom(1, 4), repeats: 2, repeatsFrom: '0' }],
      { repeatsFrom: '0' },
    );
    const { ids } = await toMemory({ source });
    expect(ids).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });

  it('that the source reads again after a cursor are given again', async () => {
    const source = scriptedSource(
      [{ rows: rowsFrom(0, 3) }, { rows: rowsFrom(1, 4), repeats: 2 }],
      { repeatsFrom: '0' },
    );
    const { ids } = await toMemory({ source, cursor: 'scripted:1:1.0' });
    expect(ids).toEqual(['r1', 'r2', 'r3', 'r4']);
  });

  const bad = [
    ...rowsFrom(0, 2),
    { id: 'bad', value: 1n },
    ...rowsFrom(2, 2),
    { id: 'worse', value: 2n },
  ];

  it('that have no JSON text end the export, and nothing is visible', async () => {
    const sink = memorySink();
    const given = exportOnce({ source: scriptedSource([{ rows: bad }]), encoder, sink });
    await expect(given).rejects.toMatchObject({ code: 'ROW_UNENCODABLE' });
    expect([sink.objects.size, sink.stagedObjects]).toEqual([0, 0]);
  });

  it('that have no JSON text are skipped, counted and told when that is wanted', async () => {
    const events: ExportEvent[] = [];
    const { ids, result } = await toMemory({
      source: scriptedSource([{ rows: bad }]),
      onBadRow: 'skip',
      observer: (event) => events.push(event),
    });
    expect(ids).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(result).toMatchObject({ rows: 4, skippedRows: 2, complete: true });
    expect(events).toContainEqual({
      type: 'row-reject',
      exportId: 'export',
      rowId: 'bad',
      code: 'ROW_UNENCODABLE',
    });
  });

  it('that are skipped leave their room to others', async () => {
    const source = scriptedSource([{ rows: bad }]);
    const { ids, result } = await toMemory({ source, limit: 4, pageSize: 9, onBadRow: 'skip' });
    expect(ids).toEqual(['r0', 'r1', 'r2', 'r3']);
    expect(result.rows).toBe(4);
  });

  it('that transform throws at are skipped or end the export', async () => {
    const transform = (row: Row): Row => {
      if (row['id'] === 'r3') throw new Error('no');
      return row;
    };
    const { result } = await toMemory({ transform, onBadRow: 'skip' });
    expect(result).toMatchObject({ rows: 9, skippedRows: 1 });
    await expect(toMemory({ transform })).rejects.toMatchObject({ code: 'TRANSFORM_FAILED' });
  });
});

describe('a failure', () => {
  it('of the source half-way makes nothing visible and leaves nothing', async () => {
    const sink = memorySink();
    const failure = new SourceError('SOURCE_UNAVAILABLE', 'gone');
    const source = scriptedSource([{ rows: rowsFrom(0, 5) }, failure]);
    await expect(exportOnce({ source, encoder, sink })).rejects.toBe(failure);
    expect([sink.objects.size, sink.stagedObjects]).toEqual([0, 0]);
  });

  it('to see the newest rows gives those that could be read, and says so', async () => {
    const behind = new SourceError('SOURCE_BEHIND', 'not yet');
    const source = scriptedSource([{ rows: rowsFrom(0, 5) }, behind]);
    const { result } = await toMemory({ source });
    expect(result).toMatchObject({ rows: 5, complete: false, stopReason: 'source-behind' });
  });

  it.each(['sink.open', 'writer.write', 'writer.prepare'])(
    'of %s makes nothing visible and leaves nothing',
    async (effect) => {
      const inner = memorySink();
      const sink = faulty(inner, faultPlan({ at: 1, effect, mode: 'before' }));
      const given = exportOnce({ source: twoPages(), encoder, sink });
      await expect(given).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE' });
      expect([inner.objects.size, inner.stagedObjects]).toEqual([0, 0]);
    },
  );

  it.each<FaultMode>(['before', 'after'])(
    'of one completion (%s it happened) is settled by asking again',
    async (mode) => {
      const inner = memorySink();
      const sink = faulty(inner, faultPlan({ at: 1, effect: 'sink.commit', mode }));
      const runtime = manualClock({ autoAdvance: true });
      const result = await exportOnce({ source: twoPages(), encoder, sink, runtime });
      expect(result.key).toBe([...inner.objects.keys()][0]);
    },
  );

  it('of every completion names the key that may yet become visible', async () => {
    const inner = memorySink();
    const plan = faultPlan({ at: 1, times: 99, effect: 'sink.commit', mode: 'after' });
    const given = exportOnce({
      source: twoPages(),
      encoder,
      sink: faulty(inner, plan),
      runtime: manualClock({ autoAdvance: true }),
    });
    const keys = await given.catch((error: SinkError) => error.details['keys']);
    await expect(given).rejects.toMatchObject({ code: 'COMMIT_UNRESOLVED' });
    expect(keys).toEqual([...inner.objects.keys()]);
  });

  it('is found when a sink says that it holds other bytes', async () => {
    const inner = memorySink();
    const sink = override(inner, {
      open: async (head, options) => {
        const writer = await inner.open(head, options);
        return override(writer, {
          prepare: async (given) => ({ ...(await writer.prepare(given)), sha256: '0'.repeat(64) }),
        });
      },
    });
    await expect(exportOnce({ source: twoPages(), encoder, sink })).rejects.toThrow(
      /bytes sent and bytes prepared differ/,
    );
    expect([inner.objects.size, inner.stagedObjects]).toEqual([0, 0]);
  });

  it('is an object that outgrows its limit of bytes', async () => {
    const sink = memorySink();
    const given = exportOnce({ source: twoPages(), encoder, sink, maxBytes: 50 });
    await expect(given).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect([sink.objects.size, sink.stagedObjects]).toEqual([0, 0]);
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  it('before the begin touches nothing', async () => {
    const source = twoPages();
    const sink = memorySink();
    const signal = AbortSignal.abort(reason);
    await expect(exportOnce({ source, encoder, sink, signal })).rejects.toBe(reason);
    expect([source.pagesGiven, sink.stagedObjects]).toEqual([0, 0]);
  });

  it.each(['sink.open', 'writer.write', 'writer.prepare', 'sink.commit'])(
    'during %s rejects with its reason',
    async (effect) => {
      const inner = memorySink();
      const plan = faultPlan({ at: 1, effect, mode: 'hold' });
      const abort = new AbortController();
      const given = exportOnce({
        source: twoPages(),
        encoder,
        sink: faulty(inner, plan),
        signal: abort.signal,
      });
      given.catch(() => undefined);
      await plan.reached;
      abort.abort(reason);
      await expect(given).rejects.toBe(reason);
      expect(inner.objects.size).toBe(0);
    },
  );

  it('while transform is deaf rejects with its reason', async () => {
    const abort = new AbortController();
    const given = toMemory({
      signal: abort.signal,
      transform: () => {
        abort.abort(reason);
        return new Promise<Row>(() => undefined);
      },
    });
    await expect(given).rejects.toBe(reason);
  });
});

describe('options of exportOnce', () => {
  const source = twoPages();
  const sink = memorySink();

  it.each([
    [{ source, encoder }, /`sink` or `writable` must be given/],
    [{ source, encoder, sink, writable: process.stdout }, /only one of the two/],
    [{ source, encoder, writable: {} }, /`writable` must be a writable stream/],
    [{ source, encoder, sink, limit: 0 }, /`limit`/],
    [{ source, encoder, sink, name: '../x' }, /`name` cannot be used/],
    [{ source, encoder, sink, name: '_index/x' }, /begins with "_"/],
    [{ source, encoder, sink, name: 'a.b' }, /`name` must end with/],
    [{ source, encoder, sink, onBadRow: 'dead-letter' }, /'stop', 'skip'/],
    [{ source, encoder, sink, keys: {} }, /`keys` is not an option/],
    [undefined, /the options must be an object/],
  ])('are refused when wrong: %#', async (options, message) => {
    const given = exportOnce(options as unknown as ExportOnceOptions);
    await expect(given).rejects.toThrow(message);
    await expect(given).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
