import { SinkError } from '../../errors/index.js';
import { type Manifest, type ManifestObject, readManifest } from '../../exporter/manifest.js';
import { DIGEST_BYTES, type IndexGroup, readIndex } from '../../exporter/row-index.js';
import { verifiedBytes } from '../../exporter/verified-bytes.js';
import type { OperationOptions, Sink } from '../../interfaces/index.js';
import { type CatalogEntry, manifestDigest } from './catalog.js';

/** Where a row version was found: an object, or the dead letters. */
export type Finding = ManifestObject | 'rejected';

interface LoadedGroup {
  readonly holder: Finding;
  /** Places of its digests: the first, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/** A row index in memory, 16 bytes a row version. */
export class LoadedIndex {
  readonly #groups: readonly LoadedGroup[];
  readonly #digests: Buffer;

  constructor(groups: readonly LoadedGroup[], digests: Buffer) {
    this.#groups = groups;
    this.#digests = digests;
  }

  /** Its size in memory. */
  get bytes(): number {
    return this.#digests.length;
  }

  /** What holds the row version of this digest, in the order of the index. */
  find(digest: Buffer): Finding[] {
    return this.#groups.filter((group) => this.#holds(group, digest)).map(({ holder }) => holder);
  }

  #holds({ from, to }: LoadedGroup, digest: Buffer): boolean {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compareDigests(this.#digests, middle * DIGEST_BYTES, {
        digests: digest,
        at: 0,
      });
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

/** How large the index of a manifest is in memory. */
export function indexBytes({ rowIndex }: Manifest): number {
  return rowIndex.rows * DIGEST_BYTES;
}

/**
 * Reads the manifest of an entry again.
 * @throws `OBJECT_CORRUPT` when it is another one than it was.
 */
export async function readEntry(
  sink: Sink,
  { manifestKey, digest }: CatalogEntry,
  operation: OperationOptions,
): Promise<Manifest> {
  const manifest = await readManifest(sink, manifestKey, operation);
  if (manifestDigest(manifest) === digest) return manifest;
  throw corrupt(`The manifest ${manifestKey} was replaced`, manifestKey);
}

/**
 * Loads the row index of a manifest and holds it against the manifest: its checksum, its objects, its counts, its
 * order.
 * @throws `OBJECT_CORRUPT`, or `MANIFEST_MISSING` when it is not there.
 */
export async function loadIndex(
  sink: Sink,
  manifest: Manifest,
  operation: OperationOptions,
): Promise<LoadedIndex> {
  const { key } = manifest.rowIndex;
  const stream = await sink.get(key, operation);
  if (stream === null) throw missing(key, sink);
  const bytes = verifiedBytes(stream, manifest.rowIndex);
  try {
    return await readDigests(manifest, bytes, operation);
  } finally {
    await bytes.return();
  }
}

async function readDigests(
  manifest: Manifest,
  bytes: AsyncIterable<Uint8Array>,
  operation: OperationOptions,
): Promise<LoadedIndex> {
  const { key } = manifest.rowIndex;
  const reader = await readIndex(key, bytes);
  const groups = loadedGroups(manifest, reader.header.groups);
  const digests = Buffer.allocUnsafe(indexBytes(manifest));
  const starts = new Set(groups.map(({ from }) => from));
  let length = 0;
  for await (const chunk of reader.digests()) {
    operation.signal?.throwIfAborted();
    if (length + chunk.length > digests.length) throw notAsWritten(key, 'is longer than it says');
    chunk.copy(digests, length);
    const range = { from: length / DIGEST_BYTES, to: (length + chunk.length) / DIGEST_BYTES };
    if (!isAscending(digests, range, starts)) throw notAsWritten(key, 'is not in order');
    length += chunk.length;
  }
  return new LoadedIndex(groups, digests);
}

function loadedGroups(manifest: Manifest, groups: readonly IndexGroup[]): LoadedGroup[] {
  const { rowIndex, objects, rejected } = manifest;
  const holders: readonly Finding[] = rejected === null ? objects : [...objects, 'rejected'];
  let end = 0;
  const loaded = groups.map((group, place): LoadedGroup => {
    const holder = holders[place];
    if (holder === undefined || !isOf(group, holder, manifest))
      throw notAsWritten(rowIndex.key, `does not fit its manifest in group ${place + 1}`);
    return { holder, from: end, to: (end += group.rows) };
  });
  const isWhole = loaded.length === holders.length && end === rowIndex.rows;
  if (!isWhole || end * DIGEST_BYTES > rowIndex.bytes)
    throw notAsWritten(rowIndex.key, 'does not name the rows of its manifest');
  return loaded;
}

/** Rows that were not transformed are as many as the versions that they prove. */
function isOf(group: IndexGroup, holder: Finding, manifest: Manifest): boolean {
  if (!Number.isSafeInteger(group.rows) || group.rows < 0) return false;
  if (holder === 'rejected')
    return (
      group.rejected &&
      group.object === manifest.rejected?.key &&
      group.rows === manifest.rejected.rows
    );
  const hasItsRows = manifest.transformed !== false || group.rows === holder.rows;
  return !group.rejected && group.object === holder.key && hasItsRows;
}

/**
 * Whether no digest of a range is below the one before it, but where a group starts. One that stands in the wrong
 * place would not be found, and others because of it.
 */
function isAscending(
  digests: Buffer,
  range: { readonly from: number; readonly to: number },
  starts: ReadonlySet<number>,
): boolean {
  for (let place = Math.max(range.from, 1); place < range.to; place += 1) {
    const start = place * DIGEST_BYTES;
    const isBelow = compareDigests(digests, start, { digests, at: start - DIGEST_BYTES }) < 0;
    if (isBelow && !starts.has(place)) return false;
  }
  return true;
}

/** Compares two digests as their bytes; word by word, because a call of `compare` for each costs ten times as much. */
function compareDigests(
  digests: Buffer,
  at: number,
  other: { readonly digests: Buffer; readonly at: number },
): number {
  for (let word = 0; word < DIGEST_BYTES; word += 4) {
    const difference =
      digests.readUInt32BE(at + word) - other.digests.readUInt32BE(other.at + word);
    if (difference !== 0) return difference;
  }
  return 0;
}

function notAsWritten(key: string, problem: string): SinkError {
  return corrupt(`The row index ${key} ${problem}`, key);
}

function corrupt(sentence: string, key: string): SinkError {
  return new SinkError('OBJECT_CORRUPT', `${sentence}.`, {
    remedy: 'Restore it from a copy; as it is, it proves nothing.',
    details: { key },
  });
}

function missing(key: string, sink: Sink): SinkError {
  return new SinkError('MANIFEST_MISSING', `The row index ${key} is not in ${sink.location}.`, {
    remedy: 'Restore it from a copy; without it, nothing is proven.',
    details: { key },
  });
}
