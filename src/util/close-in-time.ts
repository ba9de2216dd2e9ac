import type { Runtime } from '../interfaces/index.js';
import { messageOf } from './message.js';
import { withTimeLimit } from './time-limit.js';

/** How long the end of an operation may take, and by which clock. */
export interface ClosingSettings {
  readonly runtime: Runtime;
  /** `closeTimeoutMs` in milliseconds. */
  readonly limits: { readonly closeTimeoutMs: number };
}

/**
 * Does work that ends an operation: within a time limit, and whatever the host's signal says.
 * @returns why it failed, or `null`.
 */
export async function closeInTime(
  { runtime, limits }: ClosingSettings,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<string | null> {
  const reason = (): Error => new Error('The time for closing is over.');
  try {
    await withTimeLimit(runtime, { ms: limits.closeTimeoutMs, reason }, work);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
