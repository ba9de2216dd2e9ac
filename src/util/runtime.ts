import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Runtime } from '../interfaces/index.js';

/** Timers of Node hold 31 bits: a longer one would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The real clock, timers and randomness of Node. */
export const systemRuntime: Runtime = Object.freeze({
  now: () => new Date(),
  sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    try {
      for (let left = ms; left >= 0; left -= TIMER_MAX_MS) {
        await delay(
          Math.min(left, TIMER_MAX_MS),
          undefined,
          signal === undefined ? {} : { signal },
        );
      }
    } catch (error) {
      // The timer rejects with its own AbortError; callers are promised `signal.reason`.
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: () => Math.random(),
  id: () => randomBytes(8).toString('hex'),
});
