import type { OptionReader } from './index.js';

/** Reads `signal`. */
export function readSignal(reader: OptionReader): AbortSignal | undefined {
  if (!reader.has('signal')) return undefined;
  return reader.adapter<AbortSignal>('signal', ['aborted', 'addEventListener']);
}
