import { SinkError } from '../errors/index.js';
import type { Cursor, Json, OperationOptions, Partition, Sink } from '../interfaces/index.js';
import { inOrder } from '../util/in-order.js';

/** Version of the manifest's form. */
export const MANIFEST_VERSION = 1;
const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;
const READS_AT_ONCE = 4;
const PREFIX = '_manifests';
const MANIFEST_NAME = /^(\d{6,})\/(\d{12,})\.[^/]+\.json$/;

const EXTENSIONS = {
  _manifests: '.json',
  _index: '.idx',
  _rejected: '.jsonl',
  _attached: '.jsonl',
} as const;

/** One data object of a commit. */
export interface ManifestObject {
  readonly key: string;
  readonly format: string;
  readonly compression: string;
  /** Rows in the object. */
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /**
   * What the sink tells of the object without reading it, as long as it is what was written; `null` when it tells
   * nothing, or when the manifest is older than this member.
   */
  readonly checksum: string | null;
  readonly partition: Partition;
  /** Lowest and highest creation time and version of the source rows inside, as the source wrote them. */
  readonly minCreated: string | null;
  readonly maxCreated: string | null;
  readonly minVersion: string | null;
  readonly maxVersion: string | null;
}

/** An object that goes with a commit and holds no exported rows. */
export interface ManifestCompanion {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** The proof of one commit: what became visible, and which source range it covers. */
export interface Manifest {
  readonly version: number;
  readonly exportId: string;
  readonly generation: number;
  readonly sequence: number;
  readonly runId: string;
  /** When the run that decided the commit began, ISO 8601. */
  readonly runStartedAt: string;
  /** `name` and `identity` of the source; `null` in manifests older than this member: unknown. */
  readonly source: Json;
  /** Whether rows went through a `transform`; `null` in manifests older than this member: unknown. */
  readonly transformed: boolean | null;
  /** Key of the manifest before this one in the generation. */
  readonly previous: string | null;
  readonly cursorFrom: Cursor | null;
  readonly cursorTo: Cursor;
  readonly watermark: string | null;
  /** Digest of the columns of the objects, for formats that have any. */
  readonly schemaId: string | null;
  /** Keys of objects and manifests of an abandoned commit: readers must leave them out. */
  readonly supersedes: readonly string[];
  readonly objects: readonly ManifestObject[];
  /** The sorted digests of the source rows of this commit. */
  readonly rowIndex: ManifestCompanion;
  /** Rows that could not be exported, when there were any. */
  readonly rejected: ManifestCompanion | null;
  /** The list of the files that rows of this commit name, when files are copied and there are any. */
  readonly attachments: ManifestCompanion | null;
  /** Source rows of this commit that surfaced after their time had been read. */
  readonly lateRows: number;
  /** Lowest and highest version of any source row of this commit, dead letters included. */
  readonly minVersion: string | null;
  readonly maxVersion: string | null;
}

/** Where a commit's companions lie. Keys sort by generation, then sequence. */
export function companionKey(
  folder: '_manifests' | '_index' | '_rejected' | '_attached',
  commit: { exportId: string; generation: number; sequence: number; nonce: string },
): string {
  const generation = String(commit.generation).padStart(6, '0');
  const sequence = String(commit.sequence).padStart(12, '0');
  const extension = EXTENSIONS[folder];
  return `${folder}/${commit.exportId}/${generation}/${sequence}.${commit.nonce}${extension}`;
}

/** The folder of an export's manifests. */
export function manifestPrefix(exportId: string, generation?: number): string {
  const folder = `${PREFIX}/${exportId}/`;
  return generation === undefined ? folder : `${folder}${String(generation).padStart(6, '0')}/`;
}

/** Generation and sequence of the manifest that has this key, or `null` when no manifest can have it. */
export function parseManifestKey(
  exportId: string,
  key: string,
): { readonly generation: number; readonly sequence: number } | null {
  const prefix = manifestPrefix(exportId);
  const match = MANIFEST_NAME.exec(key.slice(prefix.length));
  if (!key.startsWith(prefix) || match === null) return null;
  return { generation: Number(match[1]), sequence: Number(match[2]) };
}

/**
 * Reads one manifest.
 * @throws `MANIFEST_MISSING`, or `OBJECT_CORRUPT` when it cannot be read.
 */
export async function readManifest(
  sink: Sink,
  key: string,
  options: OperationOptions,
): Promise<Manifest> {
  const stream = await sink.get(key, options);
  if (stream === null) {
    throw new SinkError('MANIFEST_MISSING', `The manifest ${key} is not in ${sink.location}.`, {
      remedy: 'Restore it from a copy, or call reset() to begin the export again.',
      details: { key },
    });
  }
  const text = await readText(stream, key);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw corruptManifest(key, 'is not JSON', cause);
  }
  return checkManifest(key, value);
}

export interface ReadManifestsOptions extends OperationOptions {
  readonly exportId: string;
  /**
   * One generation only.
   * @defaultValue all generations
   */
  readonly generation?: number | undefined;
  /** Only manifests after this key, as `manifestKey` of an earlier iteration gave it. */
  readonly after?: string | undefined;
}

/** A manifest and where it lies. */
export interface ManifestEntry {
  readonly manifestKey: string;
  readonly manifest: Manifest;
}

/**
 * The manifests of an export in the order of their commits: generation, then sequence. Manifests that a
 * later one of the listing supersedes are given too; leave out what `supersedes` of any manifest names.
 * @throws `OBJECT_CORRUPT` for a manifest that cannot be read, and the sink's own errors.
 */
export async function* readManifests(
  sink: Sink,
  options: ReadManifestsOptions,
): AsyncGenerator<ManifestEntry, void, undefined> {
  const { exportId, generation, after, ...operation } = options;
  const list = { ...operation, ...(after === undefined ? {} : { after }) };
  const keys = sink.list(manifestPrefix(exportId, generation), list);
  yield* inOrder(keys, READS_AT_ONCE, async ({ key }) => ({
    manifestKey: key,
    manifest: await readManifest(sink, key, operation),
  }));
}

async function readText(stream: AsyncIterable<Uint8Array>, key: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MANIFEST_MAX_BYTES)
      throw corruptManifest(key, `is over ${MANIFEST_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checkManifest(key: string, value: Json): Manifest {
  const manifest = value as unknown as Manifest;
  if (typeof value !== 'object' || value === null) throw corruptManifest(key, 'is no object');
  if (manifest.version !== MANIFEST_VERSION) throw corruptManifest(key, 'is of another form');
  const whole =
    Number.isSafeInteger(manifest.sequence) &&
    Array.isArray(manifest.objects) &&
    Array.isArray(manifest.supersedes) &&
    typeof manifest.rowIndex?.key === 'string';
  if (!whole) throw corruptManifest(key, 'lacks members');
  return {
    ...manifest,
    source: manifest.source ?? null,
    transformed: manifest.transformed ?? null,
    objects: manifest.objects.map((object) => ({ ...object, checksum: object.checksum ?? null })),
  };
}

function corruptManifest(key: string, problem: string, cause?: unknown): SinkError {
  return new SinkError('OBJECT_CORRUPT', `The manifest ${key} ${problem}.`, {
    remedy: 'Restore it from a copy, or call reset() to begin the export again.',
    details: { key },
    ...(cause === undefined ? {} : { cause }),
  });
}
