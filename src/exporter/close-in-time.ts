import { messageOf } from '../util/message.js';
import { withTimeLimit } from '../util/time-limit.js';
import type { ExporterSettings } from './settings.js';

/**
 * Does work that ends an operation: within a time limit, and whatever the host's signal says.
 * @returns why it failed, or `null`.
 */
export async function closeInTime(
  settings: ExporterSettings,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<string | null> {
  const { runtime, limits } = settings;
  const reason = (): Error => new Error('The time for closing is over.');
  try {
    await withTimeLimit(runtime, { ms: limits.closeTimeoutMs, reason }, work);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
