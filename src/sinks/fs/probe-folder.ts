import { statfs } from 'node:fs/promises';

import { isExportError } from '../../errors/index.js';
import type { ProbeStep } from '../../interfaces/index.js';
import type { DurableRoot } from '../../util/durable-root.js';
import { sinkError } from './errors.js';
import { STAGING } from './layout.js';

/** Below so much free space the probe warns by failing. */
const FREE_SPACE_MIN_BYTES = 64 * 1024 * 1024;

/** Tries what the sink needs of its folder, step by step. */
export async function* probeFolder(
  folder: DurableRoot,
  signal: AbortSignal | undefined,
): AsyncGenerator<ProbeStep> {
  signal?.throwIfAborted();
  const folderStep = await attempt('folder', async () => {
    await folder.recheck();
    return 'The root can be written, is on one mount with its staging folder, and has hard links.';
  });
  yield folderStep;
  if (folderStep.outcome === 'failed') return;
  signal?.throwIfAborted();
  yield folder.settings.fsync
    ? await attempt('folder-sync', async () => {
        await folder.sync(await folder.make([STAGING]));
        return 'Names in folders can be made durable.';
      })
    : { step: 'folder-sync', outcome: 'skipped', detail: 'The option fsync is off.' };
  signal?.throwIfAborted();
  yield await attempt('free-space', () => freeSpace(folder));
}

async function attempt(step: string, work: () => Promise<string | ProbeStep>): Promise<ProbeStep> {
  try {
    const result = await work();
    return typeof result === 'string' ? { step, outcome: 'passed', detail: result } : result;
  } catch (error) {
    const failure = sinkError(error, 'use its root');
    if (!isExportError(failure)) throw failure;
    return { step, outcome: 'failed', detail: failure.message, remedy: failure.remedy };
  }
}

async function freeSpace(folder: DurableRoot): Promise<string | ProbeStep> {
  const { bavail, bsize } = await statfs(await folder.ready());
  const free = bavail * bsize;
  const detail = `${Math.floor(free / 1_000_000)} MB are free.`;
  if (free >= FREE_SPACE_MIN_BYTES) return detail;
  return { step: 'free-space', outcome: 'failed', detail, remedy: 'Free space below the root.' };
}
