import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type {
  CommitOutcome,
  ListOptions,
  ObjectHead,
  ObjectInfo,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
  ProbeStep,
  PutOptions,
  Runtime,
  Sink,
  Stray,
} from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { lstatIfThere, unlinkIfThere } from '../../util/durable-files.js';
import { DurableRoot, type DurableRootSettings } from '../../util/durable-root.js';
import { reportRequest } from '../../util/report-request.js';
import { systemRuntime } from '../../util/runtime.js';
import { checkRoot } from './check-root.js';
import { sinkError } from './errors.js';
import { openFileWriter } from './file-writer.js';
import { keySegments, parseStrayId, stagingSegments } from './layout.js';
import { listFiles, listStrays } from './list-files.js';
import { commitFile, putFile } from './make-visible.js';
import { probeFolder } from './probe-folder.js';
import { findObject, readFileStream } from './read-file.js';

export interface FileSinkOptions {
  /**
   * The folder of all objects; a relative one is resolved against the working directory at once. It is made when
   * it is missing. It must be on a local file system with hard links.
   */
  readonly root: string;
  /**
   * Whether to wait for the disk before an object counts as prepared or committed. Without it a power
   * loss can lose committed objects; a crash of the process alone cannot.
   * @defaultValue true
   */
  readonly fsync?: boolean | undefined;
  /**
   * Clock and randomness.
   * @defaultValue the system's
   */
  readonly runtime?: Runtime | undefined;
}

interface Operation<T> {
  readonly name: string;
  /** Completes "The file sink could not ...". */
  readonly action: string;
  readonly options: OperationOptions | undefined;
  readonly bytes?: ((result: T) => number) | undefined;
}

class FileSink implements Sink {
  readonly name = 'file';
  readonly location: string;
  readonly #folder: DurableRoot;

  constructor(settings: DurableRootSettings) {
    this.location = pathToFileURL(settings.root).href;
    this.#folder = new DurableRoot(settings, checkRoot);
  }

  open(head: ObjectHead, options?: OperationOptions): Promise<ObjectWriter> {
    return this.#perform({ name: 'object-open', action: `open "${head.key}"`, options }, () => {
      keySegments(head.key);
      return openFileWriter(this.#folder, head);
    });
  }

  commit(prepared: PreparedObject, options?: OperationOptions): Promise<CommitOutcome> {
    const action = `commit "${prepared.key}"`;
    return this.#perform({ name: 'object-commit', action, options }, () =>
      commitFile(this.#folder, prepared, options),
    );
  }

  put(key: string, content: Uint8Array, options?: PutOptions): Promise<'created' | 'exists'> {
    const operation = {
      name: 'object-put',
      action: `put "${key}"`,
      options,
      bytes: () => content.byteLength,
    };
    return this.#perform(operation, () => putFile(this.#folder, { key, content }, options));
  }

  async get(key: string, options?: OperationOptions): Promise<AsyncIterable<Uint8Array> | null> {
    const operation = {
      name: 'object-get',
      action: `read "${key}"`,
      options,
      bytes: (found: ObjectInfo | null) => found?.bytes ?? 0,
    };
    const found = await this.#perform(operation, () => findObject(this.#folder, key));
    return found === null ? null : readFileStream(found, options);
  }

  async head(key: string, options?: OperationOptions): Promise<ObjectInfo | null> {
    const operation = { name: 'object-head', action: `look up "${key}"`, options };
    const found = await this.#perform(operation, () => findObject(this.#folder, key));
    return found === null ? null : { key, bytes: found.bytes };
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    const operation = { name: 'object-list', action: `list "${prefix}"`, options };
    return this.#iterate(operation, listFiles(this.#folder, prefix, options));
  }

  remove(key: string, options?: OperationOptions): Promise<void> {
    const operation = { name: 'object-remove', action: `remove "${key}"`, options };
    return this.#perform(operation, () => this.#remove(keySegments(key)));
  }

  strays(exportId: string, options?: OperationOptions): AsyncIterable<Stray> {
    const operation = { name: 'stray-list', action: `list strays of "${exportId}"`, options };
    return this.#iterate(operation, listStrays(this.#folder, exportId, options?.signal));
  }

  discard(exportId: string, stray: Stray, options?: OperationOptions): Promise<void> {
    const operation = {
      name: 'stray-discard',
      action: `discard a stray of "${exportId}"`,
      options,
    };
    return this.#perform(operation, async () => {
      const segments = stagingSegments(exportId);
      // An id that no stray of this sink can have names nothing that is there.
      if (parseStrayId(stray.id) !== null)
        await this.#remove([...segments, ...stray.id.split('/')]);
    });
  }

  probe(options?: OperationOptions): AsyncIterable<ProbeStep> {
    return probeFolder(this.#folder, options?.signal);
  }

  /** Removes one name, durably. What was removed elsewhere already is made durable too. */
  async #remove(segments: readonly string[]): Promise<void> {
    const path = await this.#folder.findFile(segments);
    if (path === null || (await lstatIfThere(path))?.isDirectory() === true) return;
    await unlinkIfThere(path);
    await this.#folder.sync(join(path, '..'));
  }

  #perform<T>(operation: Operation<T>, work: () => Promise<T>): Promise<T> {
    const { name, action, options, bytes } = operation;
    const { runtime } = this.#folder.settings;
    const observer = options?.observer;
    const request = { runtime, observer, target: 'sink', operation: name, bytes } as const;
    return reportRequest(request, async () => {
      options?.signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        throw error === options?.signal?.reason ? error : sinkError(error, action);
      }
    });
  }

  /** One request for the whole iteration, told of when it begins. */
  async *#iterate<T>(
    operation: Pick<Operation<unknown>, 'name' | 'action' | 'options'>,
    items: AsyncGenerator<T>,
  ): AsyncGenerator<T> {
    let step = await this.#perform(operation, () => items.next());
    try {
      for (; step.done !== true; step = await items.next()) yield step.value;
    } catch (error) {
      throw sinkError(error, operation.action);
    }
  }
}

/**
 * A sink of local files below one folder. Whole objects appear by a hard link, which never replaces a file; before
 * that they are in `_staging` below the root. Any number of processes may share a root.
 *
 * An operation on the file system cannot be interrupted: an abort takes effect between two of them. Network
 * file systems are not supported: their links and their fsync do not promise enough.
 * @throws ConfigurationError `OPTION_INVALID`; the folder itself is checked before the first write.
 */
export function fileSink(options: FileSinkOptions): Sink {
  const settings = readOptions<DurableRootSettings>('fileSink', options, (reader) => ({
    root: resolve(reader.string('root')),
    fsync: reader.boolean('fsync', true),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'id'], systemRuntime),
  }));
  return new FileSink(settings);
}
