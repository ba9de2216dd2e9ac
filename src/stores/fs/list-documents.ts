import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { tolerate } from '../../util/durable-files.js';
import { revisionOf } from './revision-file.js';

const FOLDER_NAME = /^[A-Za-z0-9_-]+$/;

/** Keys that have revisions, deleted ones included, in ascending order. */
export async function* listKeys(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  yield* walk({ root, prefix, signal }, '');
}

interface Walk {
  readonly root: string;
  readonly prefix: string;
  readonly signal: AbortSignal | undefined;
}

/** `base` is empty or ends with `/`. A key and the keys below it are apart in the order: `a`, `a-b`, `a/b`. */
async function* walk(context: Walk, base: string): AsyncGenerator<string> {
  for (const text of (await foldersIn(context.root, base)).flatMap((f) => [f, `${f}/`]).sort()) {
    context.signal?.throwIfAborted();
    if (!text.startsWith(context.prefix) && !context.prefix.startsWith(text)) continue;
    if (text.endsWith('/')) yield* walk(context, text);
    else if (text.startsWith(context.prefix) && (await hasRevisions(join(context.root, text))))
      yield text;
  }
}

async function foldersIn(root: string, base: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, base), { withFileTypes: true }).catch(
    tolerate<Dirent[]>(['ENOENT'], []),
  );
  return entries
    .filter((entry) => entry.isDirectory() && FOLDER_NAME.test(entry.name))
    .map((entry) => base + entry.name);
}

async function hasRevisions(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(tolerate<string[]>(['ENOENT'], []));
  return names.some((name) => revisionOf(name) !== null);
}
