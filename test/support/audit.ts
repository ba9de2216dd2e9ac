import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { readManifests } from '../../src/exporter/manifest.js';
import type { Manifest, ManifestEntry } from '../../src/exporter/manifest.js';
import { DIGEST_BYTES, readIndex, rowDigest } from '../../src/exporter/row-index.js';
import type { Sink } from '../../src/interfaces/index.js';
import { sameChecksum } from '../../src/util/object-checksum.js';

/** A row as an export wrote it. */
export interface ExportedRow {
  readonly key: string;
  readonly row: Record<string, unknown>;
}

export interface Audit {
  readonly manifests: readonly Manifest[];
  readonly rows: readonly ExportedRow[];
  /** Keys of visible data objects that no manifest names. */
  readonly orphans: readonly string[];
}

export interface AuditIdentity {
  readonly object: string | null;
  readonly id: string;
  readonly version: string;
}

async function contentOf(sink: Sink, key: string): Promise<Buffer> {
  const stream = await sink.get(key);
  assert(stream !== null, `${key} is named by a manifest and not there`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Reads everything of an export back and proves what its manifests say: sizes, checksums, counts, the chain of
 * manifests, and that every row index holds exactly the rows of its objects. JSON Lines without compression.
 */
export async function auditExport(
  sink: Sink,
  exportId: string,
  identity: AuditIdentity,
): Promise<Audit> {
  const manifests: Manifest[] = [];
  const named = new Set<string>();
  let previous: ManifestEntry | null = null;
  for await (const { manifestKey, manifest } of readManifests(sink, { exportId })) {
    checkChain(previous, { manifestKey, manifest });
    previous = { manifestKey, manifest };
    manifests.push(manifest);
    named.add(manifestKey);
  }
  const rows: ExportedRow[] = [];
  for (const manifest of manifests) {
    rows.push(...(await auditManifest(sink, manifest, identity)));
    for (const object of manifest.objects) named.add(object.key);
    named.add(manifest.rowIndex.key);
    if (manifest.rejected !== null) named.add(manifest.rejected.key);
  }
  const superseded = new Set(manifests.flatMap((manifest) => manifest.supersedes));
  const orphans: string[] = [];
  for await (const { key } of sink.list('')) {
    if (!named.has(key) && !superseded.has(key)) orphans.push(key);
  }
  return { manifests, rows, orphans };
}

function checkChain(before: ManifestEntry | null, entry: ManifestEntry): void {
  const { manifestKey, manifest } = entry;
  if (before !== null)
    assert(manifest.sequence > before.manifest.sequence, `${manifestKey}: sequences rise`);
  const follows = before?.manifest.generation === manifest.generation;
  const expected = follows ? (before?.manifestKey ?? null) : null;
  assert.equal(manifest.previous, expected, `${manifestKey}: names the manifest before it`);
}

async function auditManifest(
  sink: Sink,
  manifest: Manifest,
  identity: AuditIdentity,
): Promise<ExportedRow[]> {
  const rows: ExportedRow[] = [];
  const digests = await indexDigests(sink, manifest);
  for (const object of manifest.objects) {
    const content = await contentOf(sink, object.key);
    assert.equal(content.length, object.bytes, `${object.key}: size`);
    assert.equal(
      createHash('sha256').update(content).digest('hex'),
      object.sha256,
      `${object.key}: checksum`,
    );
    const seen = await sink.head(object.key);
    assert.notEqual(sameChecksum(object.checksum, seen?.checksum), 'different', object.key);
    const lines = content.toString('utf8').split('\n');
    assert.equal(lines.pop(), '', `${object.key}: ends with a line feed`);
    assert.equal(lines.length, object.rows, `${object.key}: rows`);
    const expected = new Set<string>();
    for (const line of lines) {
      const row = JSON.parse(line) as Record<string, string>;
      rows.push({ key: object.key, row });
      const name = identity.object === null ? '' : (row[identity.object] ?? '');
      expected.add(
        rowDigest(name, row[identity.id] ?? '', row[identity.version] ?? '').toString('hex'),
      );
    }
    assert.deepEqual(digests.get(object.key), [...expected].sort(), `${object.key}: row index`);
  }
  return rows;
}

async function indexDigests(sink: Sink, manifest: Manifest): Promise<Map<string, string[]>> {
  const content = await contentOf(sink, manifest.rowIndex.key);
  assert.equal(content.length, manifest.rowIndex.bytes, 'row index: size');
  const reader = await readIndex(
    manifest.rowIndex.key,
    (async function* () {
      yield content;
    })(),
  );
  const all: string[] = [];
  for await (const part of reader.digests()) {
    for (let at = 0; at < part.length; at += DIGEST_BYTES)
      all.push(part.subarray(at, at + DIGEST_BYTES).toString('hex'));
  }
  assert.equal(all.length, manifest.rowIndex.rows, 'row index: rows');
  const groups = new Map<string, string[]>();
  let from = 0;
  for (const group of reader.header.groups) {
    groups.set(group.object, all.slice(from, from + group.rows));
    from += group.rows;
  }
  return groups;
}
