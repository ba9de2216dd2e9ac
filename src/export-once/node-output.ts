import { once } from 'node:events';
import { type Writable, finished } from 'node:stream';

import { withTimeLimit } from '../util/time-limit.js';
import type { ByteOutput } from './byte-output.js';
import { CLOSE_TIMEOUT_MS, type ExportOnceSettings } from './export-once-options.js';
import { withinStallLimit, writableFailed } from './writable-failed.js';

/** A writable stream of Node. */
export function openNodeOutput(
  settings: ExportOnceSettings,
  writable: Writable,
  signal: AbortSignal,
): ByteOutput {
  const ended = endOf(writable);
  const wait = (work: Promise<unknown>): Promise<void> =>
    withinStallLimit(settings, Promise.race([ended, work]), signal);
  return {
    write: async (bytes) => {
      signal.throwIfAborted();
      if (writable.destroyed || writable.writableEnded) {
        await wait(ended);
        throw writableFailed('was ended by somebody else', undefined);
      }
      if (!writable.write(bytes)) await drained(writable, wait);
    },
    finish: async () => {
      writable.end();
      await wait(ended);
      return null;
    },
    discard: async (reason) => {
      writable.destroy(reason instanceof Error ? reason : new Error('The export was given up.'));
      await closed(settings, writable);
    },
  };
}

/** Waits a while for a stream to let go of what it holds, such as a half-done upload. */
async function closed({ runtime }: ExportOnceSettings, writable: Writable): Promise<void> {
  if (writable.closed) return;
  const reason = (): Error => new Error('The writable took too long to close.');
  await withTimeLimit(runtime, { ms: CLOSE_TIMEOUT_MS, reason }, async (over) => {
    // It may never tell that it closed; the failure that led here is the one to tell.
    await once(writable, 'close', { signal: over }).catch(() => undefined);
  });
}

/** Settles when the stream took everything or failed. Its listeners stay: a late error is nobody's to crash at. */
function endOf(writable: Writable): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    finished(writable, { readable: false }, (error) => {
      if (error == null) resolve();
      else reject(writableFailed('failed or closed early', error));
    });
  });
  ended.catch(() => undefined); // whoever writes next hears of it
  return ended;
}

async function drained(
  writable: Writable,
  wait: (work: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  try {
    await wait(once(writable, 'drain', { signal: stop.signal }));
  } finally {
    stop.abort();
  }
}
