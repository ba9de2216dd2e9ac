import type { Runtime } from '../../src/interfaces/index.js';
import { systemRuntime } from '../../src/util/runtime.js';

/** The runtime of Node, its clock some minutes ahead. */
export function shiftedRuntime(minutesAhead: number): Runtime {
  return { ...systemRuntime, now: () => new Date(Date.now() + minutesAhead * 60_000) };
}
