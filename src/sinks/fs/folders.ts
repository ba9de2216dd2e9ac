import { link, lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';

import type { Runtime } from '../../interfaces/index.js';
import {
  hasFileCode,
  makeFolders,
  makeRoot,
  requireRealFolder,
  syncFolder,
  tolerate,
  unlinkIfThere,
  writeNewFile,
} from '../../util/durable-files.js';
import { linksMissing, mountsDiffer } from './errors.js';
import { STAGING } from './layout.js';

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

export interface FolderSettings {
  /** Absolute. */
  readonly root: string;
  readonly fsync: boolean;
  readonly runtime: Runtime;
}

/** The root folder: made and checked before the first write, and never left by any path. */
export class RootFolder {
  readonly settings: FolderSettings;
  #ready: Promise<string> | null = null;

  constructor(settings: FolderSettings) {
    this.settings = settings;
  }

  /** The real path of the root, checked for writing. What failed is tried again by the next call. */
  async ready(): Promise<string> {
    this.#ready ??= prepareRoot(this.settings);
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
    return makeFolders(await this.ready(), segments, this.settings.fsync);
  }

  /** An existing folder, or `null`. Never creates anything; works on a read-only mount. */
  async find(segments: readonly string[]): Promise<string | null> {
    const root = await realpath(this.settings.root).catch(tolerate(['ENOENT'], null));
    if (root === null) return null;
    return requireRealFolder(root, segments).catch(tolerate(['ENOENT', 'ENOTDIR'], null));
  }

  /** The path of an object whose folder exists, or `null`. */
  async findFile(segments: readonly string[]): Promise<string | null> {
    const folder = await this.find(segments.slice(0, -1));
    return folder === null ? null : join(folder, segments.at(-1) as string);
  }

  async sync(folder: string): Promise<void> {
    if (this.settings.fsync) await syncFolder(folder);
  }
}

async function prepareRoot(settings: FolderSettings): Promise<string> {
  await makeRoot(settings.root, settings.fsync);
  const root = await realpath(settings.root);
  const staging = await makeFolders(root, [STAGING], settings.fsync);
  if ((await lstat(root)).dev !== (await lstat(staging)).dev) throw mountsDiffer(staging);
  await checkLinks(root, staging, settings.runtime.id());
  return root;
}

/** Tries the step that commits rest on: a hard link out of the staging folder. */
async function checkLinks(root: string, staging: string, id: string): Promise<void> {
  const from = join(staging, `.check-${id}`);
  const to = join(root, `${STAGING}-check-${id}`);
  await writeNewFile(from, new Uint8Array(), false);
  try {
    await link(from, to);
  } catch (error) {
    // The same disk mounted twice has one device number, and still no links across.
    if (hasFileCode(error, 'EXDEV')) throw mountsDiffer(staging);
    throw hasFileCode(error, ...NO_LINKS) ? linksMissing(error) : error;
  } finally {
    await unlinkIfThere(to);
    await unlinkIfThere(from);
  }
}
