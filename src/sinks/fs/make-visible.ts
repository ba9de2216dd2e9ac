import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CommitOutcome, OperationOptions, PreparedObject } from '../../interfaces/index.js';
import {
  linkNew,
  lstatIfThere,
  tolerate,
  unlinkIfThere,
  writeNewFile,
} from '../../util/durable-files.js';
import type { DurableRoot } from '../../util/durable-root.js';
import { folderVanished, objectCorrupt, objectExists } from './errors.js';
import { PUT_FOLDER, STAGING, keySegments, tokenSegments } from './layout.js';

/** Content that a visible file must have to be ours. */
type Content = Pick<PreparedObject, 'key' | 'bytes' | 'sha256'>;

/**
 * Links a prepared file to its key. Every step can be done again: a taken name is ours when it is the same file or
 * has the same content; the folder is made durable in any case, because an earlier try may have died before.
 */
export async function commitFile(
  folder: DurableRoot,
  prepared: PreparedObject,
  options: OperationOptions | undefined,
): Promise<CommitOutcome> {
  const segments = keySegments(prepared.key);
  const staged = await folder.findFile(tokenSegments(prepared.token));
  const stagedStats = staged === null ? null : await lstatIfThere(staged);
  if (staged === null || stagedStats === null)
    return settleWithoutStaged(folder, prepared, options);
  requireWhole(stagedStats, prepared);
  const parent = await folder.make(segments.slice(0, -1));
  const visible = join(parent, segments.at(-1) as string);
  const outcome = await linkNew(staged, visible);
  if (outcome === 'missing') {
    if ((await lstatIfThere(staged)) !== null) throw folderVanished(prepared.key);
    return settleWithoutStaged(folder, prepared, options);
  }
  if (outcome === 'taken') await requireOurs({ visible, stagedStats, content: prepared }, options);
  await folder.sync(parent);
  await unlinkIfThere(staged);
  return 'committed';
}

async function settleWithoutStaged(
  folder: DurableRoot,
  prepared: PreparedObject,
  options: OperationOptions | undefined,
): Promise<CommitOutcome> {
  const visible = await folder.findFile(keySegments(prepared.key));
  if (visible === null || (await lstatIfThere(visible)) === null) return 'unresolved';
  await requireOurs({ visible, stagedStats: null, content: prepared }, options);
  await folder.sync(join(visible, '..'));
  return 'committed';
}

function requireWhole(staged: Stats, { key, bytes }: PreparedObject): void {
  const found = staged.isFile() ? staged.size : 0;
  if (found !== bytes || !staged.isFile()) throw objectCorrupt(key, { found, expected: bytes });
}

interface TakenName {
  readonly visible: string;
  readonly stagedStats: Stats | null;
  readonly content: Content;
}

async function requireOurs(
  { visible, stagedStats, content }: TakenName,
  options: OperationOptions | undefined,
): Promise<void> {
  const stats = await lstatIfThere(visible);
  if (stats === null) throw folderVanished(content.key);
  if (!stats.isFile()) throw objectExists(content.key);
  if (stagedStats !== null && stats.ino === stagedStats.ino && stats.dev === stagedStats.dev)
    return;
  if (stats.size !== content.bytes) throw objectExists(content.key);
  if ((await sha256OfFile(visible, options)) !== content.sha256) throw objectExists(content.key);
}

async function sha256OfFile(path: string, options: OperationOptions | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const buffer of createReadStream(path)) {
    options?.signal?.throwIfAborted();
    hash.update(buffer as Uint8Array);
  }
  return hash.digest('hex');
}

/** Puts a small object: a temporary file, then a link that never replaces. */
export async function putFile(
  folder: DurableRoot,
  object: { readonly key: string; readonly content: Uint8Array },
  options: OperationOptions | undefined,
): Promise<'created' | 'exists'> {
  const { key, content } = object;
  const segments = keySegments(key);
  const { fsync, runtime } = folder.settings;
  const keyDigest = sha256Of(Buffer.from(key)).slice(0, 32);
  const temporaries = await folder.make([STAGING, PUT_FOLDER]);
  const temporary = join(temporaries, `${keyDigest}-${runtime.id()}`);
  try {
    await writeNewFile(temporary, content, fsync);
    const parent = await folder.make(segments.slice(0, -1));
    const visible = join(parent, segments.at(-1) as string);
    const isNew = (await linkNew(temporary, visible)) === 'linked';
    const expected = { key, bytes: content.byteLength, sha256: sha256Of(content) };
    if (!isNew) await requireOurs({ visible, stagedStats: null, content: expected }, options);
    await folder.sync(parent);
    await sweepTemporaries(temporaries, keyDigest);
    return isNew ? 'created' : 'exists';
  } finally {
    await unlinkIfThere(temporary);
  }
}

/** Once a key is visible, no temporary file of it can win any more: not a dead process's, not a slow one's. */
async function sweepTemporaries(temporaries: string, keyDigest: string): Promise<void> {
  const names = await readdir(temporaries).catch(tolerate(['ENOENT'], []));
  for (const name of names) {
    if (name.startsWith(`${keyDigest}-`)) await unlinkIfThere(join(temporaries, name));
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
