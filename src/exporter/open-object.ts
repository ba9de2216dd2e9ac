import { assert } from '../errors/index.js';
import type {
  Awaitable,
  FieldValue,
  ObjectEncoder,
  ObjectHead,
  ObjectOrigin,
  ObjectWriter,
  OperationOptions,
  Partition,
  PreparedObject,
  RowBatch,
} from '../interfaces/index.js';
import { abortable } from '../util/abortable.js';
import type { ManifestObject } from './manifest.js';
import { DigestSet, type DigestText } from './row-index.js';
import type { ExporterSettings } from './settings.js';

/** One object being filled: an encoder before a writer, and what the manifest will say of it. */
export class OpenObject {
  readonly digests: DigestSet = new DigestSet();
  readonly #head: ObjectHead;
  readonly #partition: Partition;
  readonly #settings: ExporterSettings;
  readonly #encoder: ObjectEncoder;
  readonly #writer: ObjectWriter;
  #rows = 0;
  #sent = 0;
  #created: Range = NO_RANGE;
  #versions: Range = NO_RANGE;

  private constructor(
    settings: ExporterSettings,
    what: { head: ObjectHead; partition: Partition },
    pipe: { encoder: ObjectEncoder; writer: ObjectWriter },
  ) {
    this.#settings = settings;
    this.#head = what.head;
    this.#partition = what.partition;
    this.#encoder = pipe.encoder;
    this.#writer = pipe.writer;
  }

  static async open(
    settings: ExporterSettings,
    what: { head: ObjectHead; partition: Partition; origin: ObjectOrigin },
    options: OperationOptions,
  ): Promise<OpenObject> {
    const encoder = await untilAbort(settings.encoder.open(what.origin), options);
    try {
      const writer = await settings.sink.open(what.head, options);
      return new OpenObject(settings, what, { encoder, writer });
    } catch (error) {
      encoder.abort();
      throw error;
    }
  }

  get key(): string {
    return this.#head.key;
  }

  /** Rows in the object. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes that the object has or is about to have. */
  get bytes(): number {
    return this.#sent + this.#encoder.pendingBytes;
  }

  /** Values that are kept beside the column that they are for; final once the object is prepared. */
  get mistypedValues(): number {
    return this.#encoder.mistypedValues ?? 0;
  }

  /** Encodes all rows, or none when the encoder refuses one. */
  async write(rows: RowBatch, options: OperationOptions): Promise<void> {
    const chunks = await untilAbort(this.#encoder.write(rows), options);
    this.#rows += rows.length;
    await this.#send(chunks, options);
  }

  /** Notes a source row that is in this object, for the index and the manifest. */
  note(digest: DigestText, created: FieldValue, version: FieldValue): void {
    this.digests.add(digest);
    this.#created = widen(this.#created, created, earlier);
    this.#versions = widen(this.#versions, version, (a, b) => a < b);
  }

  async prepare(options: OperationOptions): Promise<PreparedObject> {
    await this.#send(await untilAbort(this.#encoder.finish(), options), options);
    assert(this.#encoder.rowCount === this.#rows, `${this.key}: rows in and rows encoded differ`);
    const prepared = await this.#writer.prepare(options);
    assert(prepared.bytes === this.#sent, `${this.key}: bytes sent and bytes prepared differ`);
    assert(prepared.key === this.key, `${this.key}: prepared under another key`);
    return prepared;
  }

  async abort(): Promise<void> {
    this.#encoder.abort();
    await this.#writer.abort();
  }

  describe(prepared: PreparedObject): ManifestObject {
    const { encoder } = this.#settings;
    return {
      key: prepared.key,
      format: encoder.format,
      compression: encoder.compression,
      rows: this.#rows,
      bytes: prepared.bytes,
      sha256: prepared.sha256,
      checksum: prepared.checksum ?? null,
      partition: this.#partition,
      minCreated: this.#created.min,
      maxCreated: this.#created.max,
      minVersion: this.#versions.min,
      maxVersion: this.#versions.max,
    };
  }

  async #send(chunks: readonly Uint8Array[], options: OperationOptions): Promise<void> {
    for (const chunk of chunks) {
      this.#sent += chunk.length;
      await this.#writer.write(chunk, options);
    }
  }
}

/** Encoders know no signal: an abort ends the waiting for them. */
async function untilAbort<T>(work: Awaitable<T>, { signal }: OperationOptions): Promise<T> {
  return signal === undefined ? await work : await abortable(Promise.resolve(work), signal);
}

interface Range {
  readonly min: string | null;
  readonly max: string | null;
}

const NO_RANGE: Range = { min: null, max: null };

function widen(range: Range, value: FieldValue, isLess: (a: string, b: string) => boolean): Range {
  if (typeof value !== 'string') return range;
  const below = range.min === null || isLess(value, range.min);
  const above = range.max === null || isLess(range.max, value);
  if (!below && !above) return range;
  return { min: below ? value : range.min, max: above ? value : range.max };
}

/** Times of one spelling compare as text; others by what they mean. */
function earlier(a: string, b: string): boolean {
  return a.length === b.length ? a < b : Date.parse(a) < Date.parse(b);
}
