import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

import type { Runtime } from '../interfaces/index.js';
import {
  hasFileCode,
  makeFolders,
  makeRoot,
  requireRealFolder,
  syncFolder,
  tolerate,
} from './durable-files.js';

export interface DurableRootSettings {
  /** Absolute. */
  readonly root: string;
  readonly fsync: boolean;
  readonly runtime: Runtime;
}

/** A folder that an adapter keeps its files in: made before the first write, and left by no path. */
export class DurableRoot {
  readonly settings: DurableRootSettings;
  readonly #check: (root: string, settings: DurableRootSettings) => Promise<void>;
  #ready: Promise<string> | null = null;

  /** `check` runs once the folder is there and refuses one that is not fit. */
  constructor(
    settings: DurableRootSettings,
    check: (root: string, settings: DurableRootSettings) => Promise<void> = async () => undefined,
  ) {
    this.settings = settings;
    this.#check = check;
  }

  /** The real path of the root, made and checked. What failed is tried again by the next call. */
  async ready(): Promise<string> {
    this.#ready ??= this.#prepare();
    try {
      return await this.#ready;
    } catch (error) {
      this.#ready = null;
      throw error;
    }
  }

  /** Checks again, whatever was found before. */
  async recheck(): Promise<void> {
    this.#ready = null;
    await this.ready();
  }

  /** Makes the folders of `segments` durably and gives the innermost. */
  async make(segments: readonly string[]): Promise<string> {
    try {
      return await makeFolders(await this.ready(), segments, this.settings.fsync);
    } catch (error) {
      if (!hasFileCode(error, 'ENOENT')) throw error;
      // The root was removed since it was made, as between two runs of a test.
      await this.recheck();
      return makeFolders(await this.ready(), segments, this.settings.fsync);
    }
  }

  /** An existing folder, or `null`. Never creates anything; works on a read-only mount. */
  async find(segments: readonly string[]): Promise<string | null> {
    const root = await realpath(this.settings.root).catch(tolerate(['ENOENT'], null));
    if (root === null) return null;
    return requireRealFolder(root, segments).catch(tolerate(['ENOENT', 'ENOTDIR'], null));
  }

  /** The path of a file whose folder exists, or `null`. */
  async findFile(segments: readonly string[]): Promise<string | null> {
    const folder = await this.find(segments.slice(0, -1));
    return folder === null ? null : join(folder, segments.at(-1) as string);
  }

  async sync(folder: string): Promise<void> {
    if (this.settings.fsync) await syncFolder(folder);
  }

  async #prepare(): Promise<string> {
    await makeRoot(this.settings.root, this.settings.fsync);
    const root = await realpath(this.settings.root);
    await this.#check(root, this.settings);
    return root;
  }
}
