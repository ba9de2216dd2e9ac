import { constants, type Stats } from 'node:fs';
import { link, lstat, mkdir, open, realpath, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * The few file operations that durable storage rests on. They reject with Node's own file errors; adapters
 * turn those into theirs. `fsync: false` leaves the waiting for the disk out and nothing else.
 */

/** An error of a file operation, as Node throws it. */
export interface FileError extends Error {
  readonly code: string;
  readonly syscall: string;
}

export function isFileError(error: unknown): error is FileError {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** True when `error` is a file error with one of the codes. */
export function hasFileCode(error: unknown, ...codes: readonly string[]): boolean {
  return isFileError(error) && codes.includes(error.code);
}

/** What to do when the error is one of `codes`, else throws it again. */
export function tolerate<T>(codes: readonly string[], value: T): (error: unknown) => T {
  return (error) => {
    if (hasFileCode(error, ...codes)) return value;
    throw error;
  };
}

/** Makes the names inside a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates an absolute folder with all its parents, and makes every name on the way durable, also those that a
 * process made which may have died before. Parents that this user may not open are left to their owner.
 */
export async function makeRoot(path: string, fsync: boolean): Promise<void> {
  await mkdir(path, { recursive: true });
  if (!fsync) return;
  for (let folder = path; dirname(folder) !== folder; folder = dirname(folder)) {
    await syncFolder(dirname(folder)).catch(tolerate(['EACCES', 'EPERM', 'EINVAL'], undefined));
  }
}

/**
 * Creates the folders `names` inside each other below `base`, and makes each name durable, also when another
 * process made it and may not have got so far. Refuses (`ELOOP`) to pass a symbolic link.
 * @returns the path of the innermost.
 */
export async function makeFolders(
  base: string,
  names: readonly string[],
  fsync: boolean,
): Promise<string> {
  let parent = base;
  for (const name of names) {
    const folder = join(parent, name);
    const isNew = await mkdir(folder).then(() => true, tolerate(['EEXIST'], false));
    if (!isNew) requireFolder(folder, await lstat(folder));
    if (fsync) await syncFolder(parent);
    parent = folder;
  }
  return parent;
}

/**
 * Refuses (`ELOOP`) a folder below `base` that is reached through a symbolic link, and (`ENOTDIR`) what is no
 * folder. `base` is a real path.
 * A process that swaps folders for links between this check and the use of the folder is not guarded against.
 */
export async function requireRealFolder(base: string, names: readonly string[]): Promise<string> {
  const folder = join(base, ...names);
  if ((await realpath(folder)) !== folder) throw fileError('ELOOP', folder);
  requireFolder(folder, await lstat(folder));
  return folder;
}

/** Writes a new file, whole and durable. `EEXIST` when the name is taken. */
export async function writeNewFile(path: string, bytes: Uint8Array, fsync: boolean): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(bytes);
    if (fsync) await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Gives a file a second name, unless that name is taken: the one step that makes content visible.
 * @returns `missing` when the first name is gone.
 */
export async function linkNew(from: string, to: string): Promise<'linked' | 'taken' | 'missing'> {
  try {
    await link(from, to);
    return 'linked';
  } catch (error) {
    if (hasFileCode(error, 'EEXIST')) return 'taken';
    return tolerate(['ENOENT'], 'missing' as const)(error);
  }
}

/** Removes a name. False when it was gone already. */
export async function unlinkIfThere(path: string): Promise<boolean> {
  return unlink(path).then(() => true, tolerate(['ENOENT', 'ENOTDIR'], false));
}

/** The file or folder itself, not what a link points at; `null` when there is none. */
export async function lstatIfThere(path: string): Promise<Stats | null> {
  return lstat(path).catch(tolerate(['ENOENT', 'ENOTDIR'], null));
}

function requireFolder(path: string, stats: Stats): void {
  if (stats.isDirectory()) return;
  throw fileError(stats.isSymbolicLink() ? 'ELOOP' : 'ENOTDIR', path);
}

function fileError(code: string, path: string): FileError {
  return Object.assign(new Error(`${code}: ${path}`), { code, path, syscall: 'lstat' });
}
