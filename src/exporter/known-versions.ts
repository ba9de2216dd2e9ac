import { createHash } from 'node:crypto';

import { RunError, SinkError, assert } from '../errors/index.js';
import type { OperationOptions, Sink } from '../interfaces/index.js';
import type { Checkpoint, IndexFloor } from './checkpoint.js';
import { type Manifest, type ManifestCompanion, readManifest } from './manifest.js';
import { DIGEST_BYTES, type DigestText, readIndex } from './row-index.js';

const WORDS = 4;
const START_SLOTS = 1024;

/** A set of 16-byte digests in one flat table: 32 bytes a digest, no objects. */
export class DigestTable {
  #words = new Uint32Array(START_SLOTS * WORDS);
  #slots = START_SLOTS;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  has(digest: DigestText): boolean {
    return this.#find(wordsOfText(digest)).found;
  }

  add(digests: Uint8Array, at: number): void {
    const words = readWords(digests, at);
    const { slot, found } = this.#find(words);
    if (found) return;
    this.#words.set(words, slot * WORDS);
    this.#length += 1;
    if (this.#length * 2 > this.#slots) this.#resize(this.#slots * 2);
  }

  /** Makes room for so many digests at once: growing while they come would go over all of them again and again. */
  reserve(digests: number): void {
    let slots = this.#slots;
    while (slots < digests * 2) slots *= 2;
    if (slots > this.#slots) this.#resize(slots);
  }

  #find(words: readonly number[]): { slot: number; found: boolean } {
    // A slot of zeros is free: the chance of a SHA-256 that begins with 128 zero bits is nil.
    let slot = (words[0] ?? 0) % this.#slots;
    for (;;) {
      const at = slot * WORDS;
      const table = this.#words;
      if (words.every((word, index) => table[at + index] === word)) return { slot, found: true };
      if (table[at] === 0 && table[at + 1] === 0 && table[at + 2] === 0 && table[at + 3] === 0)
        return { slot, found: false };
      slot = (slot + 1) % this.#slots;
    }
  }

  #resize(slots: number): void {
    const old = this.#words;
    const held = this.#length;
    this.#slots = slots;
    this.#words = new Uint32Array(slots * WORDS);
    if (held === 0) return;
    for (let at = 0; at < old.length; at += WORDS) {
      const words = [...old.subarray(at, at + WORDS)];
      if (words.some((word) => word !== 0)) this.#words.set(words, this.#find(words).slot * WORDS);
    }
  }
}

function wordsOfText(digest: DigestText): number[] {
  const word = (at: number): number =>
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0;
  return [word(0), word(4), word(8), word(12)];
}

function readWords(digests: Uint8Array, at: number): number[] {
  const view = new DataView(digests.buffer, digests.byteOffset + at, DIGEST_BYTES);
  return [view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)];
}

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
    const reader = await readIndex(key, verified(stream, manifest.rowIndex));
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

/** The same bytes; ends in an error when they are not those that the manifest names. */
async function* verified(
  stream: AsyncIterable<Uint8Array>,
  companion: ManifestCompanion,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === companion.sha256) return;
  throw new SinkError('OBJECT_CORRUPT', `The row index ${companion.key} is not what was written.`, {
    remedy: 'Restore the object from a copy, or call reset() to begin the export again.',
    details: { key: companion.key },
  });
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
