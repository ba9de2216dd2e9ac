import { createHash } from 'node:crypto';

import { companionKey, type Manifest, type ManifestObject } from '../../src/exporter/manifest.js';
import { DigestSet, digestText, indexHeader } from '../../src/exporter/row-index.js';
import type { MemorySink } from '../../src/testing/adapters/memory-sink.js';

/** A version of a row of the one project there is. */
export interface WrittenRow {
  readonly id: string;
  readonly version: string;
}

/** One commit as a test describes it. */
export interface WrittenCommit {
  readonly generation?: number;
  readonly sequence: number;
  readonly previous: string | null;
  /** The rows of each object. */
  readonly objects: readonly (readonly WrittenRow[])[];
  readonly rejected?: readonly WrittenRow[];
  readonly supersedes?: readonly string[];
  /** Members of the manifest that differ. */
  readonly manifest?: Partial<Manifest>;
}

export const EXPORT_ID = 'spans';
export const PROJECT = 'p-1';
const SOURCE = { name: 'scripted', identity: null };

const NONCE = '00000000000000aa';

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function rangeOf(rows: readonly WrittenRow[]): { low: string | null; high: string | null } {
  const versions = rows.map(({ version }) => version).sort();
  return { low: versions[0] ?? null, high: versions.at(-1) ?? null };
}

function digestsOf(rows: readonly WrittenRow[]): Buffer {
  const set = new DigestSet();
  for (const { id, version } of rows) set.add(digestText(PROJECT, id, version));
  return Buffer.concat([...set.sorted()]);
}

function writeObject(sink: MemorySink, name: string, rows: readonly WrittenRow[]): ManifestObject {
  const bytes = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const key = `rows/${EXPORT_ID}.${name}.jsonl`;
  sink.objects.set(key, bytes);
  const { low, high } = rangeOf(rows);
  return {
    key,
    format: 'jsonl',
    compression: 'none',
    rows: rows.length,
    bytes: bytes.length,
    sha256: sha256(bytes),
    checksum: null,
    partition: {},
    minCreated: null,
    maxCreated: null,
    minVersion: low,
    maxVersion: high,
  };
}

/**
 * Writes a commit into the sink as an exporter does: objects, row index, manifest; whatever the test says that an
 * exporter would never write included.
 * @returns key and manifest.
 */
export function writeCommit(
  sink: MemorySink,
  commit: WrittenCommit,
): { readonly manifestKey: string; readonly manifest: Manifest } {
  const generation = commit.generation ?? 1;
  const { sequence } = commit;
  const place = { exportId: EXPORT_ID, generation, sequence, nonce: NONCE };
  const objects = commit.objects.map((rows, part) =>
    writeObject(sink, `${generation}.${sequence}.${part}`, rows),
  );
  const rejectedRows = commit.rejected ?? [];
  const rejectedKey = companionKey('_rejected', place);
  const groups = objects.map(({ key, rows }) => ({ object: key, rows, rejected: false }));
  if (rejectedRows.length > 0)
    groups.push({ object: rejectedKey, rows: rejectedRows.length, rejected: true });
  const parts = [...commit.objects, rejectedRows].map(digestsOf);
  const index = Buffer.concat([indexHeader(groups), ...parts]);
  const indexKey = companionKey('_index', place);
  sink.objects.set(indexKey, index);
  const all = [...commit.objects.flat(), ...rejectedRows];
  const manifest: Manifest = {
    version: 1,
    exportId: EXPORT_ID,
    generation,
    sequence,
    runId: 'run',
    runStartedAt: '2026-01-01T00:00:00.000Z',
    source: SOURCE,
    transformed: false,
    previous: commit.previous,
    cursorFrom: null,
    cursorTo: '',
    watermark: null,
    schemaId: null,
    supersedes: commit.supersedes ?? [],
    objects,
    rowIndex: { key: indexKey, rows: all.length, bytes: index.length, sha256: sha256(index) },
    rejected:
      rejectedRows.length === 0
        ? null
        : { key: rejectedKey, rows: rejectedRows.length, bytes: 0, sha256: '' },
    attachments: null,
    lateRows: 0,
    minVersion: rangeOf(all).low,
    maxVersion: rangeOf(all).high,
    ...commit.manifest,
  };
  const manifestKey = companionKey('_manifests', place);
  sink.objects.set(manifestKey, Buffer.from(JSON.stringify(manifest)));
  return { manifestKey, manifest };
}
