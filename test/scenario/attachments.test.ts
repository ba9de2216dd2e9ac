import { describe, expect, it } from 'vitest';

import { jsonlEncoder } from '../../src/entries/jsonl.js';
import {
  faultPlan,
  faulty,
  manualClock,
  memoryCursorStore,
  memorySink,
  scriptedSource,
  type ScriptStep,
} from '../../src/entries/testing.js';
import { SinkError, SourceError } from '../../src/errors/index.js';
import {
  createExporter,
  readManifests,
  type AttachmentsOptions,
  type ExportEvent,
  type ExporterOptions,
  type Row,
  type Sink,
} from '../../src/index.js';
import {
  exportedRows,
  fileKeys,
  fileShelf,
  keyOfContent,
  linesOf,
  rowNaming,
  type FileShelf,
} from '../support/attached-files.js';
import { plainKeys } from '../support/plain-keys.js';

interface Setup {
  readonly shelf: FileShelf;
  readonly steps: readonly ScriptStep[];
  readonly attachments?: Partial<AttachmentsOptions>;
  readonly options?: Partial<ExporterOptions>;
}

function setUp({ shelf, steps, attachments, options }: Setup) {
  const sink = memorySink();
  const events: ExportEvent[] = [];
  const source = scriptedSource(steps);
  const store = memoryCursorStore();
  const exporter = (over: Sink = sink) =>
    createExporter({
      id: 'prod',
      source,
      encoder: jsonlEncoder({ compression: 'none' }),
      sink: over,
      keys: plainKeys(),
      cursorStore: store,
      attachments: { fetcher: shelf, ...attachments },
      observer: (event) => events.push(event),
      runtime: manualClock({ autoAdvance: true }),
      ...options,
    });
  return { sink, events, source, exporter };
}

async function manifestsIn(sink: Sink) {
  const manifests = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'prod' }))
    manifests.push(manifest);
  return manifests;
}

function copiesIn(rows: readonly Row[]): unknown[] {
  return rows.flatMap((row) => (row['input'] as Row[]).map((reference) => reference['tracehaul']));
}

describe('attachments of an export', () => {
  it('are copied once under the digest of their content, and the rows say where', async () => {
    const shelf = fileShelf({ a: 'alpha', b: 'beta', 'a again': 'alpha' });
    const rows = [rowNaming('1', 'a', 'b'), rowNaming('2', 'a', 'a again'), rowNaming('3')];
    const { sink, exporter } = setUp({ shelf, steps: [{ rows }] });
    const result = await exporter().run();
    expect(result.attachments).toEqual({ copied: 3, copiedBytes: 14, failed: 0 });
    expect(shelf.fetched.toSorted()).toEqual(['a', 'a again', 'b']);
    expect(fileKeys(sink)).toEqual([keyOfContent('alpha'), keyOfContent('beta')].sort());
    expect(Buffer.from(sink.objects.get(keyOfContent('alpha'))!).toString()).toBe('alpha');
    const exported = exportedRows(sink);
    const copies = copiesIn(exported) as { key: string; bytes: number }[];
    expect(copies.map(({ key }) => key)).toEqual(
      ['alpha', 'beta', 'alpha', 'alpha'].map(keyOfContent),
    );
    expect(copies[1]).toMatchObject({ bytes: 4, sha256: keyOfContent('beta').slice(-64) });
    expect((exported[0]!['input'] as Row[])[0]).toMatchObject({ type: 'file', key: 'a' });
  });

  it('are listed beside the manifest of the commit that names them', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const steps = [{ rows: [rowNaming('1', 'a', 'gone')] }, { rows: [rowNaming('2')] }];
    const { sink, exporter } = setUp({ shelf, steps, options: { object: { maxRows: 1 } } });
    await exporter().run();
    const [first, second] = await manifestsIn(sink);
    expect(first?.attachments).toMatchObject({ rows: 2 });
    expect(second?.attachments).toBeNull();
    const key = first?.attachments?.key ?? '';
    expect(key).toMatch(/^_attached\/prod\/000001\/000000000001\.[0-9a-f]{16}\.jsonl$/);
    expect(linesOf(sink, key)).toEqual([
      {
        rowId: '1',
        reference: 'a',
        contentType: null,
        key: keyOfContent('alpha'),
        sha256: keyOfContent('alpha').slice(-64),
        bytes: 5,
      },
      { rowId: '1', reference: 'gone', contentType: null, error: 'missing' },
    ]);
  });

  it('of earlier runs are not fetched again', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const { sink, source, exporter } = setUp({ shelf, steps: [{ rows: [rowNaming('1', 'a')] }] });
    await exporter().run();
    source.append({ rows: [rowNaming('2', 'a')] });
    const second = await exporter().run();
    expect(second.attachments).toEqual({ copied: 0, copiedBytes: 0, failed: 0 });
    expect(shelf.fetched).toEqual(['a']);
    expect(copiesIn(exportedRows(sink))[1]).toMatchObject({ key: keyOfContent('alpha') });
  });

  it('are fetched again when their file was removed, or their note cannot be read', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const { sink, source, exporter } = setUp({ shelf, steps: [{ rows: [rowNaming('1', 'a')] }] });
    await exporter().run();
    sink.objects.delete(keyOfContent('alpha'));
    source.append({ rows: [rowNaming('2', 'a')] });
    await exporter().run();
    expect(fileKeys(sink)).toEqual([keyOfContent('alpha')]);
    const note = [...sink.objects.keys()].find((key) =>
      key.startsWith('_attachments/references/'),
    )!;
    sink.objects.set(note, Buffer.from('{"sha256":1'));
    source.append({ rows: [rowNaming('3', 'a')] });
    await exporter().run();
    expect(shelf.fetched).toEqual(['a', 'a', 'a']);
  });

  it('that may change are fetched in every run, once', async () => {
    const shelf = fileShelf({ a: 'before' });
    const row = (id: string): Row => ({
      ...rowNaming(id),
      input: [{ type: 'file', key: 'a', mutable: true }],
    });
    const { sink, source, exporter } = setUp({ shelf, steps: [{ rows: [row('1'), row('2')] }] });
    await exporter().run();
    shelf.files.set('a', { content: Buffer.from('after') });
    source.append({ rows: [row('3')] });
    await exporter().run();
    expect(shelf.fetched).toEqual(['a', 'a']);
    expect(fileKeys(sink)).toEqual([keyOfContent('before'), keyOfContent('after')].sort());
  });

  it('are looked for in what transform leaves', async () => {
    const shelf = fileShelf({ a: 'alpha', b: 'beta' });
    const { sink, exporter } = setUp({
      shelf,
      steps: [{ rows: [rowNaming('1', 'a'), rowNaming('2', 'b')] }],
      options: { transform: (row) => (row['id'] === '1' ? null : row) },
    });
    await exporter().run();
    expect(shelf.fetched).toEqual(['b']);
    expect(copiesIn(exportedRows(sink))).toMatchObject([{ key: keyOfContent('beta') }]);
  });

  it('of unwanted media types stay where they are', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const input = [
      { type: 'file', key: 'a', mediaType: 'image/png' },
      { type: 'file', key: 'b', mediaType: 'video/mp4' },
    ];
    const { sink, exporter } = setUp({
      shelf,
      steps: [{ rows: [{ ...rowNaming('1'), input }] }],
      attachments: { contentTypes: ['image/*'] },
    });
    await exporter().run();
    expect(shelf.fetched).toEqual(['a']);
    expect(copiesIn(exportedRows(sink))).toEqual([expect.any(Object), undefined]);
  });

  it('are copied so many at a time, and no more', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const shelf = fileShelf(Object.fromEntries(names.map((name) => [name, name])));
    const steps = [{ rows: [rowNaming('1', ...names)] }];
    const { exporter } = setUp({ shelf, steps, attachments: { concurrency: 3 } });
    expect((await exporter().run()).attachments.copied).toBe(20);
    expect(shelf.mostAtOnce).toBe(3);
  });

  it('are not touched by sample()', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const { sink, exporter } = setUp({ shelf, steps: [{ rows: [rowNaming('1', 'a')] }] });
    await exporter().sample();
    expect([shelf.fetched, sink.objects.size]).toEqual([[], 0]);
  });
});

describe('an attachment that cannot be copied', () => {
  const unavailable = new SourceError('SOURCE_UNAVAILABLE', 'later', { retryable: true });

  it('is recorded in its row, told, counted, and stops nothing', async () => {
    const shelf = fileShelf({ large: 'x'.repeat(11), later: unavailable });
    const rows = [rowNaming('1', 'gone', 'large', 'later'), rowNaming('2')];
    const { sink, events, exporter } = setUp({
      shelf,
      steps: [{ rows }],
      attachments: { maxBytes: 10 },
    });
    const result = await exporter().run();
    expect(result).toMatchObject({ rows: 2, stopReason: 'caught-up', attachments: { failed: 3 } });
    const errors = [{ error: 'missing' }, { error: 'too-large' }, { error: 'unavailable' }];
    expect(copiesIn(exportedRows(sink))).toEqual(errors);
    const told = events.filter((event) => event.type === 'attachment-error');
    expect(told.map(({ rowId, reason }) => [rowId, reason])).toEqual([
      ['1', 'missing'],
      ['1', 'too-large'],
      ['1', 'unavailable'],
    ]);
    expect(fileKeys(sink)).toEqual([]);
  });

  it('makes a dead letter of its row when that is asked for', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const rows = [rowNaming('1', 'a'), rowNaming('2', 'gone'), rowNaming('3')];
    const { sink, exporter } = setUp({
      shelf,
      steps: [{ rows }],
      attachments: { onFailure: 'reject' },
      options: { onBadRow: 'dead-letter' },
    });
    expect(await exporter().run()).toMatchObject({ rows: 2, rejectedRows: 1 });
    const [manifest] = await manifestsIn(sink);
    expect(linesOf(sink, manifest?.rejected?.key ?? '')).toMatchObject([
      { code: 'ATTACHMENT_FAILED', row: { id: '2' } },
    ]);
    expect(manifest?.attachments?.rows).toBe(1);
  });

  it('stops the run behind the rows before it, and is gone on from once it is there', async () => {
    const shelf = fileShelf({ a: 'alpha' });
    const rows = [rowNaming('1', 'a'), rowNaming('2', 'b'), rowNaming('3')];
    const { sink, exporter } = setUp({
      shelf,
      steps: [{ rows }],
      attachments: { onFailure: 'reject' },
    });
    await expect(exporter().run()).rejects.toMatchObject({ code: 'ATTACHMENT_FAILED' });
    expect(exportedRows(sink).map((row) => row['id'])).toEqual(['1']);
    shelf.files.set('b', { content: Buffer.from('beta') });
    await exporter().run();
    expect(exportedRows(sink).map((row) => row['id'])).toEqual(['1', '2', '3']);
  });

  it('that nobody answers for is given up after its time', async () => {
    const clock = manualClock();
    const shelf = fileShelf();
    const deaf: FileShelf = { ...shelf, mostAtOnce: 0, fetch: () => new Promise(() => undefined) };
    const { sink, exporter } = setUp({
      shelf: deaf,
      steps: [{ rows: [rowNaming('1', 'a')] }],
      attachments: { timeoutMs: 1_000 },
      options: { runtime: clock },
    });
    const given = exporter().run();
    // The lease's renewal is the other one that sleeps.
    while (clock.sleepers < 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1_000);
    await given;
    expect(copiesIn(exportedRows(sink))).toEqual([{ error: 'unavailable' }]);
  });

  it('because the key is refused ends the run', async () => {
    const refused = new SourceError('SOURCE_UNAUTHORIZED', 'no');
    const steps = [{ rows: [rowNaming('1', 'a', 'b', 'c')] }];
    const { sink, exporter } = setUp({
      shelf: fileShelf({ a: refused, b: 'beta', c: 'gamma' }),
      steps,
    });
    await expect(exporter().run()).rejects.toBe(refused);
    expect(exportedRows(sink)).toEqual([]);
  });
});

describe('a run with attachments that dies', () => {
  const names = ['a', 'b', 'c'];
  const steps = [{ rows: [rowNaming('1', 'a', 'b'), rowNaming('2', 'c', 'a')] }];
  const contents = Object.fromEntries(names.map((name) => [name, `content of ${name}`]));

  async function effectsOfRun(): Promise<number> {
    const plan = faultPlan();
    const { sink, exporter } = setUp({ shelf: fileShelf(contents), steps });
    await exporter(faulty(sink, plan)).run();
    return plan.count;
  }

  it.each(['crash-before', 'crash-after'] as const)(
    '(%s) at any effect on the sink: no row is visible without its files, and the next run ends it',
    async (mode) => {
      const effects = await effectsOfRun();
      expect(effects).toBeGreaterThan(12);
      for (let at = 1; at <= effects; at += 1) {
        const { sink, exporter } = setUp({
          shelf: fileShelf(contents),
          steps,
          attachments: { concurrency: 1 },
        });
        await exporter(faulty(sink, faultPlan({ at, mode })))
          .run()
          .catch(() => undefined);
        for (const copy of copiesIn(exportedRows(sink)))
          expect(sink.objects.has((copy as { key: string }).key), `effect ${at}`).toBe(true);
        await exporter().run();
        expect(
          exportedRows(sink).map((row) => row['id']),
          `effect ${at}`,
        ).toEqual(['1', '2']);
        const expected = Object.values(contents).map(keyOfContent).sort();
        expect(fileKeys(sink), `effect ${at}`).toEqual(expected);
        const [manifest, ...others] = await manifestsIn(sink);
        expect(others).toEqual([]);
        expect(manifest?.attachments?.rows, `effect ${at}`).toBe(4);
      }
    },
  );

  it('by an abort rejects with its reason and leaves no row', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const shelf = fileShelf(contents);
    const stopping: FileShelf = {
      ...shelf,
      mostAtOnce: 0,
      fetch: () => {
        abort.abort(reason);
        return new Promise(() => undefined);
      },
    };
    const { sink, exporter } = setUp({ shelf: stopping, steps });
    await expect(exporter().run({ signal: abort.signal })).rejects.toBe(reason);
    expect([exportedRows(sink), sink.stagedObjects]).toEqual([[], 0]);
  });

  it('on a sink that refuses files ends with its error', async () => {
    const { sink, exporter } = setUp({ shelf: fileShelf(contents), steps });
    const full = new SinkError('SINK_FULL', 'full');
    const plan = faultPlan({ at: 1, effect: 'sink.put', error: full });
    await expect(exporter(faulty(sink, plan)).run()).rejects.toBe(full);
  });
});

describe('the option attachments', () => {
  it.each([
    [{ fetcher: {} }, /`attachments.fetcher` lacks name, types, read, fetch/],
    [{ fetcher: fileShelf(), contentTypes: ['png'] }, /"png", which is no media type/],
    [{ fetcher: fileShelf(), onFailure: 'stop' }, /'record', 'reject'/],
    [{ fetcher: fileShelf(), concurrency: 0 }, /attachments.concurrency/],
  ])('is refused when wrong: %#', (attachments, message) => {
    const wrong = { attachments } as unknown as Partial<ExporterOptions>;
    const { exporter } = setUp({ shelf: fileShelf(), steps: [], options: wrong });
    expect(() => exporter()).toThrow(message);
  });
});
