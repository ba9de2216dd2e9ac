const FIRST_DELAY_MS = 1_000;
const DELAY_MAX_MS = 60_000;

/** Exponential backoff: 1 s doubling to 60 s, of which a random half to all is waited. */
export function backoffMs(failedAttempts: number, random: number): number {
  const full = Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** (failedAttempts - 1));
  return Math.round(full * (0.5 + random / 2));
}

/**
 * Milliseconds that a `Retry-After` header asks to wait: seconds, or a date that is compared with the answer's own
 * `Date`, so that the host's clock plays no part. `undefined` when it says nothing usable.
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/u.test(text)) return Math.ceil(Number(text) * 1_000);
  const until = Date.parse(text);
  const now = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.max(0, until - now);
}
