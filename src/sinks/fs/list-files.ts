import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ListOptions, ObjectInfo, Stray } from '../../interfaces/index.js';
import { tolerate } from '../../util/durable-files.js';
import type { DurableRoot } from '../../util/durable-root.js';
import { compareKeys } from '../../util/key-order.js';
import { objectKeyProblem } from '../../util/object-key.js';
import { isKeyFolder, isReserved, parseStrayId, stagingSegments } from './layout.js';

/** One name in a folder. A folder's text ends with `/`: so it sorts as the keys below it do. */
interface Entry {
  readonly text: string;
  readonly isFolder: boolean;
}

interface Walk {
  readonly folder: DurableRoot;
  readonly prefix: string;
  readonly options: ListOptions;
}

/**
 * Visible objects in the order of their keys' bytes. Holds the names of one folder for each level, whatever the
 * number of objects. What is no regular file, or could not be named by a key, is left out.
 */
export async function* listFiles(
  folder: DurableRoot,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  const lastSlash = prefix.lastIndexOf('/');
  const start = prefix.slice(0, Math.max(0, lastSlash));
  if (lastSlash >= 0 && !isKeyFolder(start)) return;
  yield* walk({ folder, prefix, options }, lastSlash < 0 ? '' : `${start}/`);
}

async function* walk(context: Walk, base: string): AsyncGenerator<ObjectInfo> {
  const path = await context.folder.find(base.split('/').slice(0, -1));
  if (path === null) return;
  for (const entry of await entriesOf(context, path, base)) {
    context.options.signal?.throwIfAborted();
    if (entry.isFolder) yield* walk(context, entry.text);
    else {
      const stats = await lstat(join(path, entry.text.slice(base.length))).catch(
        tolerate(['ENOENT'], null),
      );
      if (stats?.isFile() === true) yield { key: entry.text, bytes: stats.size };
    }
  }
}

async function entriesOf(context: Walk, path: string, base: string): Promise<readonly Entry[]> {
  const found = await readdir(path, { withFileTypes: true }).catch(
    tolerate<Dirent[]>(['ENOENT', 'ENOTDIR'], []),
  );
  return found
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .filter((entry) => base !== '' || !isReserved(entry.name))
    .filter((entry) => objectKeyProblem(base + entry.name) === null)
    .map((entry) => {
      const isFolder = entry.isDirectory();
      return { text: `${base}${entry.name}${isFolder ? '/' : ''}`, isFolder };
    })
    .filter((entry) => isWanted(entry, context))
    .sort((left, right) => compareKeys(left.text, right.text));
}

function isWanted({ text, isFolder }: Entry, { prefix, options }: Walk): boolean {
  const { after } = options;
  if (!text.startsWith(prefix) && !(isFolder && prefix.startsWith(text))) return false;
  if (after === undefined || compareKeys(text, after) > 0) return true;
  return isFolder && after.startsWith(text);
}

/** Staged files of exactly this export id. */
export async function* listStrays(
  folder: DurableRoot,
  exportId: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Stray> {
  const segments = stagingSegments(exportId);
  for (const generation of await namesIn(folder, segments)) {
    for (const name of await namesIn(folder, [...segments, generation])) {
      signal?.throwIfAborted();
      const stray = parseStrayId(`${generation}/${name}`);
      if (stray !== null) yield stray;
    }
  }
}

async function namesIn(folder: DurableRoot, segments: readonly string[]): Promise<string[]> {
  const path = await folder.find(segments);
  if (path === null) return [];
  return (await readdir(path).catch(tolerate<string[]>(['ENOENT', 'ENOTDIR'], []))).sort();
}
