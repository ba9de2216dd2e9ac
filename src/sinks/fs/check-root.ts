import { link, lstat } from 'node:fs/promises';
import { join } from 'node:path';

import { hasFileCode, makeFolders, unlinkIfThere, writeNewFile } from '../../util/durable-files.js';
import type { DurableRootSettings } from '../../util/durable-root.js';
import { linksMissing, mountsDiffer } from './errors.js';
import { STAGING } from './layout.js';

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Makes the staging folder and refuses a root out of which no object could become visible. */
export async function checkRoot(root: string, settings: DurableRootSettings): Promise<void> {
  const staging = await makeFolders(root, [STAGING], settings.fsync);
  if ((await lstat(root)).dev !== (await lstat(staging)).dev) throw mountsDiffer(staging);
  await checkLinks(root, staging, settings.runtime.id());
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
