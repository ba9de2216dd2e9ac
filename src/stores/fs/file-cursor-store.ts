import { resolve } from 'node:path';

import type {
  CursorStore,
  Json,
  OperationOptions,
  ProbeStep,
  Runtime,
  SaveOptions,
  StoredDocument,
} from '../../interfaces/index.js';
import { readOptions } from '../../options/index.js';
import { checkDocumentKey } from '../../util/document-key.js';
import { documentText } from '../../util/document-text.js';
import { DurableRoot, type DurableRootSettings } from '../../util/durable-root.js';
import { reportRequest } from '../../util/report-request.js';
import { systemRuntime } from '../../util/runtime.js';
import { conflictError } from '../conflict.js';
import { addRevision, pruneFolder, readCurrent, type CurrentRevision } from './document-folder.js';
import { storeError } from './errors.js';
import { listKeys } from './list-documents.js';

export interface FileCursorStoreOptions {
  /**
   * The folder of all documents; a relative one is resolved against the working directory at once. It is made
   * when it is missing. It must be on a local file system with hard links.
   */
  readonly root: string;
  /**
   * Whether to wait for the disk before a save counts. Without it a power loss can take saves back, and so make
   * an export give rows twice.
   * @defaultValue true
   */
  readonly fsync?: boolean | undefined;
  /**
   * Clock and randomness.
   * @defaultValue the system's
   */
  readonly runtime?: Runtime | undefined;
}

class FileCursorStore implements CursorStore {
  readonly name = 'file';
  readonly #root: DurableRoot;

  constructor(settings: DurableRootSettings) {
    this.#root = new DurableRoot(settings);
  }

  load(key: string, options?: OperationOptions): Promise<StoredDocument | null> {
    return this.#perform({ name: 'document-load', action: `load "${key}"` }, options, async () => {
      checkDocumentKey(key);
      const current = await this.#current(key, options);
      if (current === null || 'deleted' in current.content) return null;
      return { document: current.content.document, revision: String(current.number) };
    });
  }

  save(key: string, document: Json, options: SaveOptions): Promise<{ readonly revision: string }> {
    return this.#perform({ name: 'document-save', action: `save "${key}"` }, options, async () => {
      checkDocumentKey(key);
      return { revision: await this.#replace(key, documentText(key, document), options) };
    });
  }

  delete(key: string, options: SaveOptions & { readonly ifRevision: string }): Promise<void> {
    const operation = { name: 'document-delete', action: `delete "${key}"` };
    return this.#perform(operation, options, async () => {
      checkDocumentKey(key);
      await this.#replace(key, null, options);
    });
  }

  async *list(prefix: string, options?: OperationOptions): AsyncIterable<string> {
    options?.signal?.throwIfAborted();
    try {
      const root = await this.#root.find([]);
      if (root === null) return;
      for await (const key of listKeys(root, prefix, options?.signal)) {
        if ((await this.load(key, options)) !== null) yield key;
      }
    } catch (error) {
      throw storeError(error, 'list its documents');
    }
  }

  async *probe(options?: OperationOptions): AsyncIterable<ProbeStep> {
    options?.signal?.throwIfAborted();
    const step = 'store-folder';
    try {
      await this.#root.recheck();
      yield { step, outcome: 'passed', detail: 'The root of the cursor store is there.' };
    } catch (error) {
      const failure = storeError(error, 'make its root') as Error & { remedy?: string };
      yield { step, outcome: 'failed', detail: failure.message, remedy: failure.remedy };
    }
  }

  /** Adds the next revision: `text`, or a mark of deletion. Numbers go on after it, so none is used twice. */
  async #replace(key: string, text: string | null, options: SaveOptions): Promise<string> {
    const expected = options.ifRevision;
    const current = await this.#current(key, options);
    const found = current === null || 'deleted' in current.content ? null : String(current.number);
    if (found !== expected) throw conflictError(key, { expected, current: found });
    options.signal?.throwIfAborted();
    const place = { root: this.#root, key };
    const number = (current?.number ?? 0) + 1;
    const id = this.#root.settings.runtime.id();
    const isFirst = await addRevision(place, { number, documentJson: text, id });
    if (!isFirst) throw conflictError(key, { expected, current: String(number) });
    // What is left lying is harmless, and the next save sweeps it; this save has happened.
    await pruneFolder(place, number).catch(() => undefined);
    return String(number);
  }

  #current(key: string, options: OperationOptions | undefined): Promise<CurrentRevision | null> {
    return readCurrent({ root: this.#root, key }, options?.signal);
  }

  #perform<T>(
    operation: { readonly name: string; readonly action: string },
    options: OperationOptions | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const request = {
      runtime: this.#root.settings.runtime,
      observer: options?.observer,
      target: 'store',
      operation: operation.name,
    } as const;
    return reportRequest(request, async () => {
      options?.signal?.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        throw error === options?.signal?.reason ? error : storeError(error, operation.action);
      }
    });
  }
}

/**
 * A cursor store of local files below one folder. Revision 7 of the document `a/b` is `a/b/000000000007.json`;
 * it is made by a hard link that never replaces, so any number of processes of one machine may share a root and
 * of two that save over the same revision one wins. There is no lock file; a few old revisions are kept.
 *
 * Revisions are numbers and go on after a delete. An operation on the file system cannot be interrupted: an abort
 * takes effect between two of them. Network file systems are not supported.
 * @throws ConfigurationError `OPTION_INVALID`
 */
export function fileCursorStore(options: FileCursorStoreOptions): CursorStore {
  const settings = readOptions<DurableRootSettings>('fileCursorStore', options, (reader) => ({
    root: resolve(reader.string('root')),
    fsync: reader.boolean('fsync', true),
    runtime: reader.adapter<Runtime>('runtime', ['now', 'id'], systemRuntime),
  }));
  return new FileCursorStore(settings);
}
