import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createExporter, type ExporterOptions } from '../../src/create-exporter.js';
import { fileSink } from '../../src/entries/fs.js';
import { csvEncoder } from '../../src/entries/csv.js';
import { jsonlEncoder } from '../../src/entries/jsonl.js';
import { parquetEncoder } from '../../src/entries/parquet.js';
import { type ManifestEntry, readManifests } from '../../src/exporter/manifest.js';
import type { Json, Row, Sink } from '../../src/interfaces/index.js';
import { memoryCursorStore } from '../../src/stores/memory.js';
import { manualClock } from '../../src/testing/adapters/manual-clock.js';
import { memorySink } from '../../src/testing/adapters/memory-sink.js';
import { scriptedSource } from '../../src/testing/adapters/scripted-source.js';
import { plainKeys } from '../support/plain-keys.js';
import { proofOver, refusal, verdicts } from '../support/proof-fixture.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { WrittenRow } from '../support/written-commits.js';

/** A sink, and the means to do to its objects what nobody should. */
interface Storage {
  readonly sink: Sink;
  read(key: string): Promise<Buffer>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

type StorageKind = readonly [name: string, open: () => Promise<Storage>];

const STORAGES: readonly StorageKind[] = [
  [
    'memory',
    async () => {
      const sink = memorySink();
      return {
        sink,
        read: async (key) => Buffer.from(sink.objects.get(key) ?? []),
        write: async (key, bytes) => void sink.objects.set(key, bytes),
        remove: async (key) => void sink.objects.delete(key),
      };
    },
  ],
  [
    'files',
    async () => {
      const root = await temporaryFolder();
      return {
        sink: fileSink({ root }),
        read: async (key) => await readFile(join(root, key)),
        write: async (key, bytes) => await writeFile(join(root, key), bytes),
        remove: async (key) => await rm(join(root, key)),
      };
    },
  ],
];

const ROWS = 24;

/** The row of this number: versions ascend with it, ten seconds apart. */
function span(number: number): Row & { readonly id: string; readonly _xact_id: string } {
  const version = String(1000 + number * 10).padStart(19, '0');
  return {
    id: `span-${number}`,
    _xact_id: version,
    project_id: 'p-1',
    created: '2026-01-01T00:00:00Z',
    kind: `k${number % 2}`,
    text: 'ü'.repeat(number),
  };
}

function nameOf(number: number): WrittenRow {
  const { id, _xact_id: version } = span(number);
  return { id, version };
}

const NAMES = Array.from({ length: ROWS }, (_, number) => nameOf(number));

/** Exports all rows in four commits of two objects each. */
async function exported(
  open: StorageKind[1],
  options: Partial<ExporterOptions> = {},
): Promise<Storage & { readonly entries: readonly ManifestEntry[] }> {
  const storage = await open();
  const rows = Array.from({ length: ROWS }, (_, number) => span(number));
  const result = await createExporter({
    id: 'spans',
    source: scriptedSource([{ rows }]),
    sink: storage.sink,
    cursorStore: memoryCursorStore(),
    encoder: jsonlEncoder(),
    keys: plainKeys('kind'),
    object: { maxRows: 3 },
    pageSize: 6,
    runtime: manualClock({ autoAdvance: true }),
    ...options,
  }).run();
  expect(result.stopReason).toBe('caught-up');
  return { ...storage, entries: await entriesOf(storage.sink) };
}

async function entriesOf(sink: Sink): Promise<ManifestEntry[]> {
  const entries: ManifestEntry[] = [];
  for await (const entry of readManifests(sink, { exportId: 'spans' })) entries.push(entry);
  expect(entries.length).toBeGreaterThanOrEqual(4);
  return entries;
}

/** Rows that a proof does not give as proven, by their numbers. */
async function unproven(
  sink: Sink,
  options: Parameters<typeof proofOver>[1] = {},
): Promise<Record<string, string>> {
  const answers = await verdicts(await proofOver(sink, options), NAMES);
  const entries = answers.map((answer, number) => [String(number), answer] as const);
  return Object.fromEntries(entries.filter(([, answer]) => answer !== 'proven'));
}

describe.each(STORAGES)('an export to %s', (kind, open) => {
  it('proves every row that it wrote, and no other version of it', async () => {
    const { sink } = await exported(open);
    expect(await unproven(sink)).toEqual({});
    expect(await unproven(sink, { verify: 'read' })).toEqual({});
    const later = NAMES.map(({ id, version }) => ({ id, version: `${version.slice(0, -1)}1` }));
    const proof = await proofOver(sink);
    expect(await verdicts(proof, later)).toEqual(later.map(() => 'not-exported'));
  });

  it.each([
    ['jsonl', jsonlEncoder({ compression: 'none' })],
    ['parquet', parquetEncoder()],
  ])('proves rows in %s, read back as well', async (_format, encoder) => {
    const { sink } = await exported(open, { encoder });
    expect(await unproven(sink, { verify: 'read' })).toEqual({});
  });

  it('refuses rows in CSV and transformed ones, unless they are allowed', async () => {
    const csv = { encoder: csvEncoder({ columns: ['id', 'text'] }) };
    const transform = { transform: (row: Row) => ({ ...row, text: 'gone' }) };
    for (const options of [csv, transform]) {
      const { sink } = await exported(open, options);
      await refusal(proofOver(sink), 'PROOF_UNFIT');
      expect(await unproven(sink, { allowTransformed: true, verify: 'read' })).toEqual({});
    }
  });

  it('does not prove what a transform dropped, and proves once what it multiplied', async () => {
    const transform = (row: Row): readonly Row[] => (row['kind'] === 'k0' ? [] : [row, row]);
    const { sink } = await exported(open, { transform });
    const odd = await unproven(sink, { allowTransformed: true });
    expect(Object.keys(odd)).toEqual(
      NAMES.map((_, n) => String(n)).filter((n) => Number(n) % 2 === 0),
    );
  });

  it('has its own source asked about', async () => {
    const { sink } = await exported(open);
    const asked: Json[] = [];
    const sourceProblem = (source: Json): string | null => {
      asked.push(source);
      return null;
    };
    await proofOver(sink, { sourceProblem });
    expect(new Set(asked.map((source) => JSON.stringify(source)))).toEqual(
      new Set([JSON.stringify({ name: 'scripted', identity: null })]),
    );
  });

  it('tells rows among the dead letters, at the edges of a commit as well', async () => {
    const bad = [0, 5, 6, 23];
    const transform = (row: Row): Row => {
      if (bad.map((number) => `span-${number}`).includes(String(row['id']))) throw new Error('no');
      return row;
    };
    const { sink } = await exported(open, { transform, onBadRow: 'dead-letter' });
    const found = await unproven(sink, { allowTransformed: true });
    expect(found).toEqual(Object.fromEntries(bad.map((number) => [String(number), 'rejected'])));
  });

  it('loses the proof of just the rows of an object that is removed, cut short or made longer', async () => {
    const { sink, entries, ...storage } = await exported(open);
    const [object, other] = entries[1]!.manifest.objects;
    assert(object !== undefined && other !== undefined);
    const before = await storage.read(object.key);
    const rows = NAMES.map((_, number) => String(number)).slice(6, 12);
    const mine = rows.filter((number) => `k${Number(number) % 2}` === object.partition['kind']);
    expect(mine).toHaveLength(object.rows);
    const allOf = (why: string): object => Object.fromEntries(mine.map((number) => [number, why]));
    await storage.write(object.key, before.subarray(0, -1));
    expect(await unproven(sink)).toEqual(allOf('object-changed'));
    await storage.write(object.key, Buffer.concat([before, Buffer.from('\n')]));
    expect(await unproven(sink)).toEqual(allOf('object-changed'));
    await storage.remove(object.key);
    expect(await unproven(sink)).toEqual(allOf('object-missing'));
  });

  it('of the same size with other bytes is told by a checksum, or else by reading only', async () => {
    const { sink, entries, ...storage } = await exported(open);
    const [object] = entries[0]!.manifest.objects;
    const bytes = await storage.read(object!.key);
    bytes[20] = bytes[20]! ^ 1;
    await storage.write(object!.key, bytes);
    const withHead = Object.values(await unproven(sink));
    const tells = (await sink.head(object!.key))?.checksum !== undefined;
    expect(tells).toBe(kind === 'memory');
    expect(withHead).toEqual(tells ? Array(3).fill('object-changed') : []);
    const withRead = Object.values(await unproven(sink, { verify: 'read' }));
    expect(withRead).toEqual(Array(3).fill('object-changed'));
  });

  it('with two objects swapped proves the rows of neither', async () => {
    const { sink, entries, ...storage } = await exported(open);
    const [first] = entries[0]!.manifest.objects;
    const [second] = entries[3]!.manifest.objects;
    const bytes = await storage.read(first!.key);
    await storage.write(first!.key, await storage.read(second!.key));
    await storage.write(second!.key, bytes);
    expect(Object.values(await unproven(sink, { verify: 'read' }))).toEqual(
      Array(6).fill('object-changed'),
    );
  });

  it('proves nothing with two row indexes swapped, or one removed, cut or changed', async () => {
    const { sink, entries, ...storage } = await exported(open);
    const [first, second] = entries.map(({ manifest }) => manifest.rowIndex.key);
    const bytes = await storage.read(first!);
    await storage.write(first!, await storage.read(second!));
    await refusal(unproven(sink), 'OBJECT_CORRUPT');
    await storage.write(first!, bytes.subarray(0, -16));
    await refusal(unproven(sink), 'OBJECT_CORRUPT');
    await storage.write(first!, Buffer.from(bytes).reverse());
    await refusal(unproven(sink), 'OBJECT_CORRUPT');
    await storage.remove(first!);
    await refusal(unproven(sink), 'MANIFEST_MISSING');
  });

  it('proves nothing with a manifest removed from the chain, or changed for another', async () => {
    const { sink, entries, ...storage } = await exported(open);
    const keys = entries.map(({ manifestKey }) => manifestKey);
    const bytes = await storage.read(keys[1]!);
    await storage.write(keys[1]!, await storage.read(keys[2]!));
    await refusal(unproven(sink), 'OBJECT_CORRUPT');
    await storage.write(keys[1]!, bytes.subarray(0, 100));
    await refusal(unproven(sink), 'OBJECT_CORRUPT');
    await storage.remove(keys[1]!);
    await refusal(unproven(sink), 'MANIFEST_MISSING');
    await storage.write(keys[1]!, bytes);
    expect(await unproven(sink)).toEqual({});
  });

  it('proves nothing of its last commit with that manifest gone', async () => {
    const { sink, entries, ...storage } = await exported(open);
    await storage.remove(entries.at(-1)!.manifestKey);
    const rows = entries.at(-1)!.manifest.rowIndex.rows;
    expect(Object.values(await unproven(sink))).toEqual(Array(rows).fill('not-exported'));
  });

  it('leaves out below a floor what no later version can need', async () => {
    const { sink, entries } = await exported(open);
    const proof = await proofOver(sink);
    const floor = proof.floor(nameOf(12).version);
    expect(floor?.manifestKey).toBe(entries[1]?.manifestKey);
    const later = await proofOver(sink, { from: floor });
    expect(await verdicts(later, NAMES.slice(12))).toEqual(NAMES.slice(12).map(() => 'proven'));
    expect(await verdicts(later, NAMES)).toEqual(NAMES.map(() => 'proven'));
  });
});
