import { SinkError } from '../errors/index.js';
import { abortable } from '../util/abortable.js';
import { withTimeLimit } from '../util/time-limit.js';
import type { ExportOnceSettings } from './export-once-options.js';

/** @param what completes "The writable ...". */
export function writableFailed(what: string, cause: unknown): SinkError {
  return new SinkError('WRITABLE_FAILED', `The writable ${what} before the export was complete.`, {
    remedy: 'What it took is not whole: throw it away and export again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Waits for a writable as long as `stallTimeoutMs` says. */
export async function withinStallLimit(
  { runtime, stallTimeoutMs }: ExportOnceSettings,
  work: Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const reason = (): Error => writableFailed(`took nothing for ${stallTimeoutMs} ms`, undefined);
  await withTimeLimit(runtime, { ms: stallTimeoutMs, reason }, async (over) => {
    await abortable(work, AbortSignal.any([signal, over]));
  });
}
