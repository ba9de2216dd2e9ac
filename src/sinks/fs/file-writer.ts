import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { assert } from '../../errors/index.js';
import type {
  ObjectHead,
  ObjectWriter,
  OperationOptions,
  PreparedObject,
} from '../../interfaces/index.js';
import { unlinkIfThere } from '../../util/durable-files.js';
import type { DurableRoot } from '../../util/durable-root.js';
import { reportRequest } from '../../util/report-request.js';
import { objectCorrupt, sinkError } from './errors.js';
import { stagingSegments } from './layout.js';

/** Opens the staged file of an object that begins. */
export async function openFileWriter(folder: DurableRoot, head: ObjectHead): Promise<ObjectWriter> {
  const segments = [...stagingSegments(head.exportId), String(head.generation)];
  const name = `${head.nonce}-${folder.settings.runtime.id()}`;
  const path = join(await folder.make(segments), name);
  const handle = await open(path, 'wx');
  return new FileWriter({ folder, head, path, handle, token: [...segments, name].join('/') });
}

interface StagedFile {
  readonly folder: DurableRoot;
  readonly head: ObjectHead;
  readonly path: string;
  readonly handle: FileHandle;
  readonly token: string;
}

class FileWriter implements ObjectWriter {
  readonly #file: StagedFile;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #isOpen = true;
  #isWritable = true;

  constructor(file: StagedFile) {
    this.#file = file;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async write(bytes: Uint8Array, options?: OperationOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    this.#requireWritable();
    // A write that failed may have left part of the buffer behind: nothing may follow it.
    this.#isWritable = false;
    try {
      await writeAll(this.#file.handle, bytes);
    } catch (error) {
      throw sinkError(error, `write "${this.#file.head.key}"`);
    }
    this.#isWritable = true;
    this.#hash.update(bytes);
    this.#bytes += bytes.byteLength;
  }

  async prepare(options?: OperationOptions): Promise<PreparedObject> {
    options?.signal?.throwIfAborted();
    this.#requireWritable();
    this.#isWritable = false;
    const { head, folder, token } = this.#file;
    const request = {
      runtime: folder.settings.runtime,
      observer: options?.observer,
      target: 'sink',
      operation: 'object-prepare',
      bytes: () => this.#bytes,
    } as const;
    await reportRequest(request, () => this.#finish());
    return { key: head.key, bytes: this.#bytes, sha256: this.#hash.digest('hex'), token };
  }

  async abort(): Promise<void> {
    this.#isWritable = false;
    try {
      await this.#close();
      await unlinkIfThere(this.#file.path);
    } catch (error) {
      throw sinkError(error, `remove the staged file of "${this.#file.head.key}"`);
    }
  }

  /** The name was made durable with its folders when it was opened, except for the innermost. */
  async #finish(): Promise<void> {
    const { handle, head, folder, path } = this.#file;
    try {
      if (folder.settings.fsync) await handle.sync();
      const { size } = await handle.stat();
      if (size !== this.#bytes)
        throw objectCorrupt(head.key, { found: size, expected: this.#bytes });
      await this.#close();
      await folder.sync(join(path, '..'));
    } catch (error) {
      throw sinkError(error, `prepare "${head.key}"`);
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.handle.close();
  }

  #requireWritable(): void {
    assert(this.#isWritable, `The writer of "${this.#file.head.key}" was ended or failed before`);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, written);
    written += bytesWritten;
  }
}
