import type { Runtime } from '../interfaces/index.js';

/** One signal that aborts with the first of the given ones; undefined ones are left out. */
export function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds of the runtime's clock with `reason()`.
 * The timer is gone when this resolves. Whether `work` obeys the signal is its own affair.
 */
export async function withTimeLimit<T>(
  runtime: Runtime,
  limit: { readonly ms: number; readonly reason: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const timer = runtime.sleep(limit.ms, done.signal, { background: true }).then(
    () => over.abort(limit.reason()),
    () => undefined, // the work ended first
  );
  try {
    return await work(over.signal);
  } finally {
    done.abort();
    await timer;
  }
}
