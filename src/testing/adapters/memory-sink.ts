import { createHash, randomBytes } from 'node:crypto';

import { SinkError, assert } from '../../errors/index.js';
import type {
  Json,
  ListOptions,
  ObjectHead,
  ObjectInfo,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  Sink,
  Stray,
} from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { compareKeys } from '../../util/key-order.js';
import { checkObjectKey } from '../../util/object-key.js';

export interface MemorySinkOptions {
  /**
   * What the sink gives as its location.
   * @defaultValue 'memory://'
   */
  readonly location?: string | undefined;
}

/** A {@link Sink} in memory, open to inspection. */
export interface MemorySink extends Sink {
  /** Visible objects by key. Tests may read, change and remove them. */
  readonly objects: Map<string, Uint8Array>;
  /** Number of objects that are written or prepared and not visible. */
  readonly stagedObjects: number;
}

interface StagedObject {
  readonly id: string;
  readonly head: ObjectHead;
  buffers: Uint8Array[];
  bytes: number;
}

class MapSink implements MemorySink {
  readonly name = 'memory';
  readonly location: string;
  readonly objects = new Map<string, Uint8Array>();
  readonly #staged = new Map<Json, StagedObject>();

  constructor(location: string) {
    this.location = location;
  }

  get stagedObjects(): number {
    return this.#staged.size;
  }

  async open(head: ObjectHead, options?: OperationOptions): Promise<ObjectWriter> {
    begin(head.key, options);
    const staged: StagedObject = {
      id: randomBytes(8).toString('hex'),
      head,
      buffers: [],
      bytes: 0,
    };
    this.#staged.set(staged.id, staged);
    return new MemoryWriter(staged, () => this.#staged.delete(staged.id));
  }

  async commit(
    prepared: PreparedObject,
    options?: OperationOptions,
  ): Promise<'committed' | 'unresolved'> {
    begin(prepared.key, options);
    const visible = this.objects.get(prepared.key);
    if (visible !== undefined) {
      if (!isSameContent(visible, prepared)) throw objectExists(prepared.key);
      this.#staged.delete(prepared.token);
      return 'committed';
    }
    const staged = this.#staged.get(prepared.token);
    if (staged === undefined) return 'unresolved';
    const content = Buffer.concat(staged.buffers);
    if (!isSameContent(content, prepared)) throw objectCorrupt(prepared.key);
    this.objects.set(prepared.key, content);
    this.#staged.delete(prepared.token);
    return 'committed';
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options?: OperationOptions,
  ): Promise<'created' | 'exists'> {
    begin(key, options);
    const visible = this.objects.get(key);
    if (visible === undefined) {
      this.objects.set(key, Uint8Array.from(bytes));
      return 'created';
    }
    if (Buffer.compare(visible, bytes) !== 0) throw objectExists(key);
    return 'exists';
  }

  async get(key: string, options?: OperationOptions): Promise<AsyncIterable<Uint8Array> | null> {
    begin(key, options);
    const content = this.objects.get(key);
    return content === undefined ? null : streamOf(content, options);
  }

  async head(key: string, options?: OperationOptions): Promise<ObjectInfo | null> {
    begin(key, options);
    const content = this.objects.get(key);
    if (content === undefined) return null;
    return { key, bytes: content.byteLength, checksum: checksumOf(sha256Of([content])) };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    options.signal?.throwIfAborted();
    const { after } = options;
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .filter((key) => after === undefined || compareKeys(key, after) > 0)
      .sort(compareKeys);
    for (const key of keys) {
      options.signal?.throwIfAborted();
      const content = this.objects.get(key);
      if (content !== undefined) yield { key, bytes: content.byteLength };
    }
  }

  async remove(key: string, options?: OperationOptions): Promise<void> {
    begin(key, options);
    this.objects.delete(key);
  }

  async *strays(exportId: string, options?: OperationOptions): AsyncIterable<Stray> {
    options?.signal?.throwIfAborted();
    for (const { id, head } of this.#staged.values()) {
      options?.signal?.throwIfAborted();
      if (head.exportId === exportId) yield { id, nonce: head.nonce };
    }
  }

  async discard(exportId: string, stray: Stray, options?: OperationOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (this.#staged.get(stray.id)?.head.exportId === exportId) this.#staged.delete(stray.id);
  }
}

class MemoryWriter implements ObjectWriter {
  readonly #staged: StagedObject;
  readonly #drop: () => void;
  #state: 'open' | 'prepared' | 'aborted' = 'open';

  constructor(staged: StagedObject, drop: () => void) {
    this.#staged = staged;
    this.#drop = drop;
  }

  get bytes(): number {
    return this.#staged.bytes;
  }

  async write(bytes: Uint8Array, options?: OperationOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    assert(this.#state === 'open', `A write to "${this.#staged.head.key}" after its end`);
    this.#staged.buffers.push(bytes);
    this.#staged.bytes += bytes.byteLength;
  }

  async prepare(options?: OperationOptions): Promise<PreparedObject> {
    options?.signal?.throwIfAborted();
    assert(this.#state === 'open', `A second end of "${this.#staged.head.key}"`);
    this.#state = 'prepared';
    const { head, bytes, buffers, id } = this.#staged;
    const sha256 = sha256Of(buffers);
    return { key: head.key, bytes, sha256, checksum: checksumOf(sha256), token: id };
  }

  async abort(): Promise<void> {
    this.#state = 'aborted';
    this.#drop();
  }
}

/**
 * A sink in the memory of one process, complete in both phases: for tests and trials. Whoever holds the sink plays
 * the part of the storage; a new exporter over the same sink is a new process over the same storage.
 */
export function memorySink(options: MemorySinkOptions = {}): MemorySink {
  const { location } = readOptions('memorySink', options, (reader) => ({
    location: reader.string('location', 'memory://'),
  }));
  return new MapSink(location);
}

function begin(key: string, options: OperationOptions | undefined): void {
  options?.signal?.throwIfAborted();
  checkObjectKey(key);
}

async function* streamOf(
  content: Uint8Array,
  options: OperationOptions | undefined,
): AsyncIterable<Uint8Array> {
  const step = 64 * 1024;
  for (let start = 0; start < content.byteLength; start += step) {
    options?.signal?.throwIfAborted();
    yield content.slice(start, start + step);
  }
}

function sha256Of(buffers: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const buffer of buffers) hash.update(buffer);
  return hash.digest('hex');
}

function checksumOf(sha256: string): string {
  return `sha256:${sha256}`;
}

function isSameContent(content: Uint8Array, prepared: PreparedObject): boolean {
  return content.byteLength === prepared.bytes && sha256Of([content]) === prepared.sha256;
}

function objectExists(key: string): SinkError {
  return new SinkError('OBJECT_EXISTS', `Another object has the key "${key}".`, {
    remedy: 'Find out who writes there; objects are never replaced.',
    details: { key },
  });
}

function objectCorrupt(key: string): SinkError {
  return new SinkError('OBJECT_CORRUPT', `What was prepared for "${key}" has changed since.`, {
    details: { key },
  });
}
