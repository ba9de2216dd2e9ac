import { SinkError, isExportError } from '../errors/index.js';
import type {
  FieldValue,
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  Partition,
  PreparedObject,
} from '../interfaces/index.js';
import { objectKeyProblem } from '../util/object-key.js';
import { ownerOfKey } from '../util/object-owner.js';
import type { PendingObject } from './checkpoint.js';
import { AttachmentList } from './attachments/attachment-list.js';
import { DeadLetters } from './dead-letters.js';
import { companionKey, type ManifestCompanion, type ManifestObject } from './manifest.js';
import { OpenObject } from './open-object.js';
import { type PageWork, partitionName } from './page-work.js';
import { RefusedRow } from './refused-row.js';
import { type IndexGroup, ROW_INDEX_CONTENT_TYPE, indexHeader } from './row-index.js';
import type { ExporterSettings } from './settings.js';

/** Where a commit stands among the others of its export. */
export interface CommitPlace {
  readonly generation: number;
  readonly sequence: number;
  readonly runStartedAt: Date;
}

/** A commit whose objects are durable and invisible. */
export interface PreparedCommit {
  readonly nonce: string;
  readonly pending: readonly PendingObject[];
  readonly objects: readonly ManifestObject[];
  readonly rowIndex: ManifestCompanion;
  readonly rejected: ManifestCompanion | null;
  readonly attachments: ManifestCompanion | null;
  readonly rows: number;
  readonly bytes: number;
  readonly lateRows: number;
  readonly mistypedValues: number;
  readonly schemaId: string | null;
  readonly transformed: boolean;
  readonly minVersion: string | null;
  readonly maxVersion: string | null;
}

/** One commit in the making: an open object for each partition, the dead letters and the row index. */
export class CommitBuilder {
  readonly #settings: ExporterSettings;
  readonly #place: CommitPlace;
  readonly #nonce: string;
  readonly #objects = new Map<string, OpenObject>();
  readonly #deadLetters: DeadLetters;
  readonly #attachments: AttachmentList;
  #indexWriter: ObjectWriter | null = null;
  #rows = 0;
  #lateRows = 0;
  #droppedRows = 0;
  #minVersion: string | null = null;
  #maxVersion: string | null = null;

  constructor(settings: ExporterSettings, place: CommitPlace) {
    this.#settings = settings;
    this.#place = place;
    this.#nonce = settings.runtime.id().slice(0, 16);
    this.#deadLetters = new DeadLetters(settings, this.#companionHead('_rejected'));
    this.#attachments = new AttachmentList(settings.sink, this.#companionHead('_attached'));
  }

  /** True while nothing would become visible. */
  get isEmpty(): boolean {
    return this.#rows === 0 && this.#deadLetters.length === 0;
  }

  /** Source rows that reached an object. */
  get rows(): number {
    return this.#rows;
  }

  get rejectedRows(): number {
    return this.#deadLetters.length;
  }

  get droppedRows(): number {
    return this.#droppedRows;
  }

  get commitRows(): number {
    return this.#rows + this.#deadLetters.length;
  }

  /** Rows in each open object, by the name of its partition. */
  get openRows(): ReadonlyMap<string, number> {
    return new Map([...this.#objects].map(([name, object]) => [name, object.rows]));
  }

  /** True when an object has reached its size: the commit should close. */
  get isFull(): boolean {
    const { objectMaxBytes, objectMaxRows, limits } = this.#settings;
    if (this.commitRows >= limits.commitMaxRows) return true;
    return [...this.#objects.values()].some(
      (object) => object.bytes >= objectMaxBytes || object.rows >= objectMaxRows,
    );
  }

  /** Takes the source rows `from` up to, not including, `to`. */
  async write(
    work: PageWork,
    range: { from: number; to: number },
    options: OperationOptions,
  ): Promise<void> {
    const places = rowsByPlace(work, range);
    for (const [place, outputs] of places) {
      await this.#writePlace(work, { place, outputs }, options);
    }
    for (let row = range.from; row < range.to; row += 1) {
      const fate = work.fates[row];
      if (fate?.kind === 'bad') {
        await this.#deadLetters.add(work, row, options);
        this.#noteVersion(work.versions[row]);
      }
      if (fate?.kind === 'deliver') {
        this.#count(work, row);
        await this.#attachments.add(work, row, options);
      }
      if (fate?.kind === 'dropped') this.#droppedRows += 1;
    }
  }

  /** Makes everything durable, in a fixed order. Nothing is visible afterwards. */
  async prepare(options: OperationOptions): Promise<PreparedCommit> {
    const prepared: PreparedObject[] = [];
    const objects: ManifestObject[] = [];
    const groups: IndexGroup[] = [];
    let mistypedValues = 0;
    for (const object of this.#objects.values()) {
      if (object.rows === 0) {
        await object.abort(); // every row meant for it was refused
        continue;
      }
      const done = await object.prepare(options);
      prepared.push(done);
      objects.push(object.describe(done));
      mistypedValues += object.mistypedValues;
      groups.push({ object: done.key, rows: object.digests.length, rejected: false });
    }
    const rejected = await this.#deadLetters.prepare(options);
    if (rejected !== null) {
      prepared.push(rejected);
      groups.push({ object: rejected.key, rows: this.#deadLetters.length, rejected: true });
    }
    const attachments = await this.#attachments.prepare(options);
    if (attachments !== null) prepared.push(attachments);
    const rowIndex = await this.#prepareIndex(prepared, groups, options);
    return {
      nonce: this.#nonce,
      pending: prepared.map(({ key, bytes, sha256, token }) => ({ key, bytes, sha256, token })),
      objects,
      rowIndex,
      rejected: rejected === null ? null : companionOf(rejected, this.#deadLetters.length),
      attachments: attachments === null ? null : companionOf(attachments, this.#attachments.length),
      rows: this.#rows,
      bytes: objects.reduce((sum, object) => sum + object.bytes, 0),
      lateRows: this.#lateRows,
      mistypedValues,
      schemaId: this.#settings.encoder.schemaId ?? null,
      transformed: this.#settings.transform !== undefined,
      minVersion: this.#minVersion,
      maxVersion: this.#maxVersion,
    };
  }

  /** Removes everything that was written. Never to be called once the decision to commit was sent. */
  async abort(): Promise<void> {
    for (const object of this.#objects.values()) await object.abort();
    await this.#deadLetters.abort();
    await this.#attachments.abort();
    await this.#indexWriter?.abort();
  }

  async #writePlace(
    work: PageWork,
    part: { place: number; outputs: number[] },
    options: OperationOptions,
  ): Promise<void> {
    let outputs = part.outputs;
    while (outputs.length > 0) {
      const object = await this.#object(work.partitions[part.place] ?? {}, options);
      try {
        await object.write(pick(work, outputs), options);
        return;
      } catch (error) {
        const row = this.#refused(work, outputs, error);
        outputs = outputs.filter((output) => sourceRowOf(work, output) !== row);
      }
    }
  }

  /**
   * The source row that an encoder refused, which becomes a dead letter.
   * @throws RefusedRow when that is not enough: the run must stop before it, or another object has part of it.
   */
  #refused(work: PageWork, outputs: readonly number[], error: unknown): number {
    if (!isExportError(error, 'ROW_UNENCODABLE')) throw error;
    const refused = error.details['rowIndex'];
    if (typeof refused !== 'number') throw error;
    const row = sourceRowOf(work, outputs[refused] ?? 0);
    const from = work.starts[row] ?? 0;
    const places = new Set(work.places.subarray(from, work.starts[row + 1]));
    if (this.#settings.onBadRow === 'stop' || places.size > 1)
      throw new RefusedRow(work.digests[row] ?? '', error);
    work.fates[row] = { kind: 'bad', error };
    return row;
  }

  #count(work: PageWork, row: number): void {
    const version = work.versions[row] ?? null;
    const name = work.names[work.places[work.starts[row] ?? 0] ?? 0] ?? '';
    const object = this.#objects.get(name);
    object?.note(work.digests[row] ?? '', work.created[row] ?? null, version);
    this.#rows += 1;
    if (row < work.repeats) this.#lateRows += 1;
    this.#noteVersion(version);
  }

  #noteVersion(version: FieldValue): void {
    if (typeof version !== 'string') return;
    if (this.#minVersion === null || version < this.#minVersion) this.#minVersion = version;
    if (this.#maxVersion === null || version > this.#maxVersion) this.#maxVersion = version;
  }

  async #object(partition: Partition, options: OperationOptions): Promise<OpenObject> {
    const name = partitionName(partition);
    const open = this.#objects.get(name);
    if (open !== undefined) return open;
    const { keys, encoder, exportId } = this.#settings;
    const key = keys.key({
      exportId,
      ...this.#place,
      nonce: this.#nonce,
      partition,
      extension: encoder.extension,
    });
    this.#checkKey(key);
    const head = { ...this.#head(), key, contentType: encoder.contentType };
    const { generation, sequence } = this.#place;
    const origin = { exportId, generation, sequence };
    const created = await OpenObject.open(this.#settings, { head, partition, origin }, options);
    this.#objects.set(name, created);
    return created;
  }

  #checkKey(key: string): void {
    const taken = [...this.#objects.values()].some((object) => object.key === key);
    const problem = taken
      ? 'two partitions of one commit have it'
      : key.startsWith('_')
        ? 'keys that begin with "_" are kept for manifests and staging'
        : (objectKeyProblem(key) ?? this.#ownerProblem(key));
    if (problem === null) return;
    throw new SinkError(
      'KEY_INVALID',
      `The key strategy gave the key ${JSON.stringify(key)}: ${problem}.`,
      {
        remedy: 'Correct the key strategy: every partition of a commit needs a key of its own.',
        details: { key },
      },
    );
  }

  #ownerProblem(key: string): string | null {
    const owner = ownerOfKey(key);
    const isOurs = owner?.exportId === this.#settings.exportId && owner.nonce === this.#nonce;
    return isOurs ? null : 'its file name is not of the form {exportId}.….{nonce}{extension}';
  }

  #head(): { exportId: string; generation: number; nonce: string; maxBytes: number } {
    const { exportId, objectMaxBytes } = this.#settings;
    return {
      exportId,
      generation: this.#place.generation,
      nonce: this.#nonce,
      maxBytes: objectMaxBytes,
    };
  }

  #companionHead(folder: '_index' | '_rejected' | '_attached'): Omit<ObjectHead, 'contentType'> {
    const place = { exportId: this.#settings.exportId, ...this.#place, nonce: this.#nonce };
    return { ...this.#head(), key: companionKey(folder, place) };
  }

  async #prepareIndex(
    prepared: PreparedObject[],
    groups: readonly IndexGroup[],
    options: OperationOptions,
  ): Promise<ManifestCompanion> {
    const head = { ...this.#companionHead('_index'), contentType: ROW_INDEX_CONTENT_TYPE };
    const writer = await this.#settings.sink.open(head, options);
    this.#indexWriter = writer;
    await writer.write(indexHeader(groups), options);
    const sets = [...this.#objects.values()]
      .filter((object) => object.rows > 0)
      .map((object) => object.digests);
    if (this.#deadLetters.length > 0) sets.push(this.#deadLetters.digests);
    for (const set of sets) {
      for (const digests of set.sorted()) await writer.write(digests, options);
    }
    const done = await writer.prepare(options);
    prepared.push(done);
    const rows = groups.reduce((sum, group) => sum + group.rows, 0);
    return companionOf(done, rows);
  }
}

function companionOf(object: PreparedObject, rows: number): ManifestCompanion {
  return { key: object.key, rows, bytes: object.bytes, sha256: object.sha256 };
}

/** The outputs of the delivered rows of a range, by place, places in the order of their first row. */
function rowsByPlace(work: PageWork, range: { from: number; to: number }): Map<number, number[]> {
  const places = new Map<number, number[]>();
  for (let row = range.from; row < range.to; row += 1) {
    if (work.fates[row]?.kind !== 'deliver') continue;
    for (let output = work.starts[row] ?? 0; output < (work.starts[row + 1] ?? 0); output += 1) {
      const place = work.places[output] ?? 0;
      const outputs = places.get(place);
      if (outputs === undefined) places.set(place, [output]);
      else outputs.push(output);
    }
  }
  return places;
}

function pick(work: PageWork, outputs: readonly number[]): PageWork['outputs'] {
  const first = outputs[0] ?? 0;
  const last = outputs.at(-1) ?? 0;
  if (last - first + 1 === outputs.length) return work.outputs.slice(first, last + 1);
  return work.outputs.select(outputs);
}

function sourceRowOf(work: PageWork, output: number): number {
  let low = 0;
  let high = work.starts.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((work.starts[middle] ?? 0) <= output) low = middle;
    else high = middle;
  }
  return low;
}
