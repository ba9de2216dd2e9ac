import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

import {
  DIGEST_BYTES,
  type Manifest,
  type Sink,
  readIndex,
  readManifests,
  rowDigest,
} from 'tracehaul';
import { fileSink } from 'tracehaul/fs';
import type { DataPlane } from 'tracehaul/testing';

interface Exported {
  readonly id: string;
  readonly version: string;
}

/** Reads everything back, from the files alone, and compares it with the plane. Throws at the first difference. */
export async function proveExport(
  plane: DataPlane,
  where: { readonly projectId: string; readonly output: string },
): Promise<readonly string[]> {
  const sink = fileSink({ root: `${where.output}/spans` });
  const exported: Exported[] = [];
  let objects = 0;
  let digests = 0;
  const manifests: Manifest[] = [];
  for await (const { manifest } of readManifests(sink, { exportId: 'spans' })) {
    manifests.push(manifest);
    for (const object of manifest.objects) {
      exported.push(...(await readObject(sink, object)));
      objects += 1;
    }
    digests += await checkIndex(sink, manifest, exported.slice(-manifest.rowIndex.rows));
  }
  const versions = new Set(exported.map(({ id, version }) => `${id}@${version}`));
  check(versions.size === exported.length, 'a row version was exported twice');
  const live = plane.liveRows('project_logs', where.projectId);
  const missing = live.filter(
    (row) => !versions.has(`${String(row['id'])}@${String(row['_xact_id'])}`),
  );
  check(missing.length === 0, `${missing.length} rows are not exported in their latest version`);
  const written = new Set(plane.history.map((row) => `${row.id}@${row.xactId}`));
  check(
    [...versions].every((version) => written.has(version)),
    'a row was exported that never was',
  );
  return [
    `${live.length} of ${live.length} rows are exported in their latest version`,
    `${exported.length} row versions are exported, none of them twice`,
    `${objects} objects of ${manifests.length} commits have the size, checksum and rows that their manifests say`,
    `${digests} digests of the row indexes are those of the rows`,
  ];
}

async function readObject(sink: Sink, object: Manifest['objects'][number]): Promise<Exported[]> {
  const content = await readAll(sink, object.key);
  check(content.length === object.bytes, `${object.key} has another size`);
  check(sha256(content) === object.sha256, `${object.key} has another checksum`);
  const lines = gunzipSync(content).toString('utf8').trimEnd().split('\n');
  check(lines.length === object.rows, `${object.key} has other rows`);
  return lines.map((line) => {
    const row = JSON.parse(line) as { id: string; _xact_id: string };
    return { id: row.id, version: row._xact_id };
  });
}

/** The index must hold exactly the digests of the rows that the objects of its commit hold. */
async function checkIndex(
  sink: Sink,
  manifest: Manifest,
  rows: readonly Exported[],
): Promise<number> {
  const { key } = manifest.rowIndex;
  const content = await readAll(sink, key);
  const reader = await readIndex(
    key,
    (async function* () {
      yield content;
    })(),
  );
  const found: string[] = [];
  for await (const part of reader.digests()) {
    for (let at = 0; at < part.length; at += DIGEST_BYTES)
      found.push(part.subarray(at, at + DIGEST_BYTES).toString('hex'));
  }
  const projectId = await projectOf(sink, manifest);
  const expected = rows.map(({ id, version }) => rowDigest(projectId, id, version).toString('hex'));
  check(found.sort().join() === expected.sort().join(), `${key} is not the index of its rows`);
  return found.length;
}

async function projectOf(sink: Sink, manifest: Manifest): Promise<string> {
  const content = await readAll(sink, manifest.objects[0]?.key ?? '');
  const [first = '{}'] = gunzipSync(content).toString('utf8').split('\n');
  return (JSON.parse(first) as { project_id: string }).project_id;
}

async function readAll(sink: Sink, key: string): Promise<Buffer> {
  const stream = await sink.get(key);
  check(stream !== null, `${key} is named by a manifest and not there`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function check(holds: boolean, problem: string): void {
  if (!holds) throw new Error(`The proof failed: ${problem}.`);
}
