import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Runtime } from '../interfaces/index.js';

/** The real clock, timers and randomness of Node. */
export const systemRuntime: Runtime = Object.freeze({
  now: () => new Date(),
  sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // The timer rejects with its own AbortError; callers are promised `signal.reason`.
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: () => Math.random(),
  id: () => randomBytes(8).toString('hex'),
});
