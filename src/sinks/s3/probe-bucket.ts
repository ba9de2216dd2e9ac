import type { OperationOptions, ProbeStep } from '../../interfaces/index.js';
import type { SinkContext } from './context.js';

/** Tries what the sink needs of its bucket, step by step. */
export async function* probeBucket(
  _context: SinkContext,
  options: OperationOptions | undefined,
): AsyncGenerator<ProbeStep> {
  options?.signal?.throwIfAborted();
  yield await Promise.resolve({ step: 'bucket', outcome: 'skipped', detail: 'Not tried yet.' });
}
