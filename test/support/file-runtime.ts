import { readFileSync } from 'node:fs';

import type { Runtime } from '../../src/interfaces/index.js';
import { systemRuntime } from '../../src/util/runtime.js';

const HOUR_MS = 3_600_000;

/**
 * A runtime whose time is a number of milliseconds in a file, so that another process can move it. Sleeps take no time;
 * those in the background last until they are aborted.
 */
export function fileRuntime(file: string): Runtime {
  return {
    ...systemRuntime,
    now: () => new Date(Number(readFileSync(file, 'utf8'))),
    sleep: async (_ms, signal, options) =>
      await systemRuntime.sleep(options?.background === true ? HOUR_MS : 0, signal),
  };
}
