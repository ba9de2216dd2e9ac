import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';

import { PROJECT_ROOT } from '../packed-package.js';
import { temporaryFolder } from '../temporary-folder.js';

/** The built code of the workers. */
export function builtWorkerUrl(): URL {
  const path = join(PROJECT_ROOT, 'dist', 'parquet-worker.js');
  if (!existsSync(path)) throw new Error('dist/ is not built: run `npm run build` first.');
  return pathToFileURL(path);
}

/** Code of a worker of one's own. `parentPort` is there. */
export async function workerOf(body: string): Promise<URL> {
  const path = join(await temporaryFolder(), 'worker.mjs');
  await writeFile(path, `import { parentPort, workerData } from 'node:worker_threads';\n${body}\n`);
  return pathToFileURL(path);
}

/** Threads that this process has started since, and those of them that have not ended. */
export interface ThreadCount {
  readonly started: number;
  readonly running: number;
}

/** Counts threads until `stop` is called. */
export function countThreads(): { readonly count: ThreadCount; stop(): void } {
  const count = { started: 0, running: 0 };
  const onWorker = (worker: Worker): void => {
    count.started += 1;
    count.running += 1;
    worker.once('exit', () => {
      count.running -= 1;
    });
  };
  process.on('worker', onWorker);
  return { count, stop: () => process.off('worker', onWorker) };
}
