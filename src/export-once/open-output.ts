import type { ByteOutput } from './byte-output.js';
import type { ExportOnceSettings } from './export-once-options.js';
import { openNodeOutput } from './node-output.js';
import { openSinkOutput } from './sink-output.js';
import { openWebOutput } from './web-output.js';

/** Begins the object. */
export async function openOutput(
  settings: ExportOnceSettings,
  signal: AbortSignal,
): Promise<ByteOutput> {
  const { output } = settings;
  if (output.kind === 'sink') return await openSinkOutput(settings, output, signal);
  if (output.kind === 'node') return openNodeOutput(settings, output.writable, signal);
  return openWebOutput(settings, output.writable, signal);
}
