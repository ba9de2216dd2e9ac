import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { CheckpointError } from '../../errors/index.js';
import {
  linkNew,
  lstatIfThere,
  tolerate,
  unlinkIfThere,
  writeNewFile,
} from '../../util/durable-files.js';
import type { DurableRoot } from '../../util/durable-root.js';
import {
  formatRevision,
  parseRevision,
  revisionName,
  revisionOf,
  temporaryName,
  temporaryRevisionOf,
  type RevisionContent,
} from './revision-file.js';

/**
 * Revisions kept of a document: for a person to look at, for readers under way, and to tell a number that was
 * never used from one that was used and pruned.
 */
const REVISIONS_KEPT = 5;
/** So often may other processes replace a document while it is being read. */
const READ_ATTEMPTS = 100;

/** The newest revision of a document. */
export interface CurrentRevision {
  readonly number: number;
  readonly content: RevisionContent;
}

/** Where one document is kept. */
export interface DocumentPlace {
  readonly root: DurableRoot;
  readonly key: string;
}

/**
 * The newest revision, or `null` when there never was one.
 *
 * Others may add and prune revisions meanwhile. Pruning goes upwards from the lowest, so a revision that is
 * still there after its successor was seen missing had no successor at that moment: it was the newest.
 */
export async function readCurrent(
  place: DocumentPlace,
  signal: AbortSignal | undefined,
): Promise<CurrentRevision | null> {
  const folder = await place.root.find(place.key.split('/'));
  if (folder === null) return null;
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
    signal?.throwIfAborted();
    const number = highestRevision(await readdir(folder));
    if (number === null) return null;
    if ((await lstatIfThere(join(folder, revisionName(number + 1)))) !== null) continue;
    const file = join(folder, revisionName(number));
    const bytes = await readFile(file).catch(tolerate(['ENOENT'], null));
    if (bytes === null) continue;
    return { number, content: parseRevision(bytes, { key: place.key, file }) };
  }
  throw new CheckpointError(
    'CHECKPOINT_UNAVAILABLE',
    `The document "${place.key}" changed ${READ_ATTEMPTS} times while it was read.`,
    { retryable: true },
  );
}

/**
 * Adds revision `number` unless somebody else did, durably.
 * @returns false when another worker was first.
 */
export async function addRevision(
  place: DocumentPlace,
  revision: { readonly number: number; readonly documentJson: string | null; readonly id: string },
): Promise<boolean> {
  const { number, documentJson, id } = revision;
  const folder = await place.root.make(place.key.split('/'));
  const temporary = join(folder, temporaryName(number, id));
  const file = join(folder, revisionName(number));
  try {
    await writeNewFile(
      temporary,
      Buffer.from(formatRevision(documentJson)),
      place.root.settings.fsync,
    );
    if (!(await isLinked({ temporary, file, key: place.key }))) return false;
    await place.root.sync(folder);
    const newest = highestRevision(await readdir(folder)) ?? number;
    if (newest < number + REVISIONS_KEPT) return true;
    // This worker slept so long that its number may have been used and pruned meanwhile.
    await unlinkIfThere(file);
    throw overtakenError(place.key, newest - number);
  } finally {
    await unlinkIfThere(temporary);
  }
}

function overtakenError(key: string, revisions: number): CheckpointError {
  return new CheckpointError(
    'CHECKPOINT_UNAVAILABLE',
    `While the document "${key}" was saved, others saved it ${revisions} times: whether this save came first is unknown.`,
    { retryable: true, remedy: 'Load it again and decide anew.' },
  );
}

async function isLinked(paths: { temporary: string; file: string; key: string }): Promise<boolean> {
  const outcome = await linkNew(paths.temporary, paths.file);
  if (outcome !== 'missing') return outcome === 'linked';
  // A winner sweeps the temporary files of those who lost; nobody else does.
  if ((await lstatIfThere(paths.file)) !== null) return false;
  throw new CheckpointError(
    'CHECKPOINT_UNAVAILABLE',
    `The folder of the document "${paths.key}" was changed by somebody else.`,
    { retryable: true, remedy: 'Leave the files of the cursor store alone.' },
  );
}

/**
 * Removes revisions that nobody needs any more, lowest first, and temporary files that can't win any more because
 * their number is taken: decided by names, never by age.
 */
export async function pruneFolder(place: DocumentPlace, newest: number): Promise<void> {
  const folder = await place.root.find(place.key.split('/'));
  if (folder === null) return;
  const names = (await readdir(folder)).sort();
  for (const name of names) {
    const temporary = temporaryRevisionOf(name);
    const revision = revisionOf(name);
    const isLost = temporary !== null && temporary <= newest;
    const isOld = revision !== null && revision <= newest - REVISIONS_KEPT;
    if (isLost || isOld) await unlinkIfThere(join(folder, name));
  }
}

function highestRevision(names: readonly string[]): number | null {
  let highest: number | null = null;
  for (const name of names) {
    const number = revisionOf(name);
    if (number !== null && (highest === null || number > highest)) highest = number;
  }
  return highest;
}
