import { RunError, assert } from '../errors/index.js';
import { completeObject } from '../exporter/commit.js';
import type { ObjectHead, OperationOptions, PreparedObject } from '../interfaces/index.js';
import type { ByteOutput } from './byte-output.js';
import type { ExportOnceSettings, Output } from './export-once-options.js';

type SinkOutput = Extract<Output, { readonly kind: 'sink' }>;

/** An object of a sink: invisible until it is finished. */
export async function openSinkOutput(
  settings: ExportOnceSettings,
  { sink, name }: SinkOutput,
  signal: AbortSignal,
): Promise<ByteOutput> {
  const options: OperationOptions = { signal, observer: settings.observer };
  const head = headOf(settings, name);
  const writer = await sink.open(head, options);
  let isDecided = false;
  return {
    write: (bytes) => writer.write(bytes, options),
    finish: async ({ bytes, sha256 }) => {
      const object = await writer.prepare(options);
      assert(object.key === head.key, `${head.key}: prepared under another key`);
      const isWhole = object.bytes === bytes && object.sha256 === sha256;
      assert(isWhole, `${head.key}: bytes sent and bytes prepared differ`);
      isDecided = true;
      await makeVisible(settings, { sink, object }, options);
      return object.key;
    },
    discard: async () => {
      // A completion that was sent may still happen: what it needs must not be taken away half-way.
      if (isDecided) return;
      // The failure that led here is the one to tell; what is left is invisible.
      await writer.abort().catch(() => undefined);
    },
  };
}

function headOf(settings: ExportOnceSettings, name: string): ObjectHead {
  const { runtime, encoder, exportId, maxBytes } = settings;
  const nonce = runtime.id().slice(0, 16);
  // The basic form of ISO 8601, which has no characters that file systems forbid.
  const time = runtime.now().toISOString().slice(0, 19).replace(/[-:]/g, '');
  const key = `${name}.${time}Z.${nonce}${encoder.extension}`;
  return { key, contentType: encoder.contentType, exportId, generation: 1, nonce, maxBytes };
}

async function makeVisible(
  { runtime }: ExportOnceSettings,
  { sink, object }: { readonly sink: SinkOutput['sink']; readonly object: PreparedObject },
  options: OperationOptions,
): Promise<void> {
  const deadline = runtime.now().getTime() + (sink.settleMs ?? 0);
  try {
    if (await completeObject(object, { sink, runtime, deadline }, options)) return;
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw unresolved(object.key, cause);
  }
  throw unresolved(object.key, undefined);
}

function unresolved(key: string, cause: unknown): RunError {
  return new RunError('COMMIT_UNRESOLVED', `Whether "${key}" became visible is not known.`, {
    remedy: 'Look for it in the sink: if it is there, it is whole; if not, export again.',
    details: { keys: [key] },
    ...(cause === undefined ? {} : { cause }),
  });
}
