import { RunError, assert } from '../errors/index.js';
import type { OperationOptions, Sink } from '../interfaces/index.js';
import { DIGEST_BYTES, type DigestText, DigestTable } from '../util/digest-table.js';
import type { Checkpoint, IndexFloor } from './checkpoint.js';
import { type Manifest, readManifest } from './manifest.js';
import { readIndex } from './row-index.js';
import { verifiedBytes } from './verified-bytes.js';

/**
 * The row versions that earlier commits hold and that a source may give again: what the lookback is
 * compared with. Filled from the row indexes of the newest commits, found by walking the manifests back.
 */
export class KnownVersions {
  readonly #sink: Sink;
  readonly #maxRows: number;
  readonly #digests = new DigestTable();
  #loadedTo = 0;
  #floor: IndexFloor | null = null;

  constructor(sink: Sink, maxRows: number) {
    this.#sink = sink;
    this.#maxRows = maxRows;
  }

  /** Which commits no later read from here on needs; `null` before the first `refresh`. */
  get floor(): IndexFloor | null {
    return this.#floor;
  }

  has(digest: DigestText): boolean {
    return this.#digests.has(digest);
  }

  /**
   * Loads the commits that were made since the last call and that hold a version of at least `from`.
   * @throws `MANIFEST_MISSING` or `OBJECT_CORRUPT` when the proof of a commit is gone, `LIMIT_EXCEEDED`.
   */
  async refresh(checkpoint: Checkpoint, from: string, options: OperationOptions): Promise<void> {
    const known = checkpoint.indexFloor;
    // A source may look further back than before, as for a project that is read again: then nothing is known.
    const start = known !== null && from >= known.version ? known.sequence : 1;
    const lowest = Math.max(start, this.#loadedTo + 1);
    const needed: Manifest[] = [];
    let key = checkpoint.lastManifestKey;
    while (key !== null) {
      const manifest = await readManifest(this.#sink, key, options);
      if (manifest.sequence < lowest) break;
      assert(
        manifest.generation === checkpoint.generation,
        'manifests of one generation are chained',
      );
      if (manifest.maxVersion !== null && manifest.maxVersion >= from) needed.push(manifest);
      key = manifest.previous;
    }
    const rows = needed.reduce((sum, manifest) => sum + rowsFrom(manifest, from), 0);
    this.#digests.reserve(Math.min(this.#digests.length + rows, this.#maxRows));
    for (const manifest of needed) await this.#load(manifest, from, options);
    const oldest = needed.at(-1)?.sequence ?? checkpoint.sequence;
    this.#floor ??= { sequence: oldest, version: from };
    this.#loadedTo = checkpoint.sequence - 1;
  }

  async #load(manifest: Manifest, from: string, options: OperationOptions): Promise<void> {
    const { key } = manifest.rowIndex;
    const stream = await this.#sink.get(key, options);
    if (stream === null) throw missing(key, this.#sink);
    const reader = await readIndex(key, verifiedBytes(stream, manifest.rowIndex));
    const wanted = reader.header.groups.map((group) => {
      const object = manifest.objects.find((candidate) => candidate.key === group.object);
      return object?.maxVersion == null || object.maxVersion >= from;
    });
    const ends = groupEnds(reader.header.groups.map((group) => group.rows));
    let row = 0;
    let group = 0;
    for await (const digests of reader.digests()) {
      for (let at = 0; at < digests.length; at += DIGEST_BYTES, row += 1) {
        while (row >= (ends[group] ?? Infinity)) group += 1;
        if (wanted[group] === true) this.#add(digests, at);
      }
    }
  }

  #add(digests: Uint8Array, at: number): void {
    this.#digests.add(digests, at);
    if (this.#digests.length <= this.#maxRows) return;
    throw new RunError(
      'LIMIT_EXCEEDED',
      `The lookback covers more than ${this.#maxRows} rows of earlier commits.`,
      { remedy: 'Raise limits.lookbackMaxRows (32 bytes of memory a row), or lower lookbackMs.' },
    );
  }
}

/** About how many rows of a commit a read from this version on may repeat. */
function rowsFrom(manifest: Manifest, from: string): number {
  const { objects, rejected } = manifest;
  return objects
    .filter(({ maxVersion }) => maxVersion === null || maxVersion >= from)
    .reduce((sum, object) => sum + object.rows, rejected?.rows ?? 0);
}

function groupEnds(rows: readonly number[]): readonly number[] {
  let end = 0;
  return rows.map((count) => (end += count));
}

function missing(key: string, sink: Sink): RunError {
  return new RunError('MANIFEST_MISSING', `The row index ${key} is not in ${sink.location}.`, {
    remedy: 'Restore it from a copy, or call reset() to begin the export again.',
    details: { key },
  });
}
