import type { ByteOutput } from './byte-output.js';
import type { ExportOnceSettings } from './export-once-options.js';
import { withinStallLimit, writableFailed } from './writable-failed.js';

/** A writable stream of the web. */
export function openWebOutput(
  settings: ExportOnceSettings,
  writable: WritableStream<Uint8Array>,
  signal: AbortSignal,
): ByteOutput {
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined); // whoever writes next hears of it
  const wait = (work: Promise<unknown>): Promise<void> =>
    withinStallLimit(settings, work.catch(rethrow), signal);
  return {
    write: async (bytes) => {
      await wait(writer.ready);
      // Not waited for: `ready` tells when there is room, and fails when a write has failed.
      writer.write(bytes).catch(() => undefined);
    },
    finish: async () => {
      await wait(writer.close());
      return null;
    },
    discard: async (reason) => {
      // A sink of the host may never answer an abort: nobody waits for it.
      writer.abort(reason).catch(() => undefined);
    },
  };
}

function rethrow(cause: unknown): never {
  throw writableFailed('failed or was closed early', cause);
}
